package hello

import (
	"crypto/md5"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// AppendHSRP appends the UDP payload of m in its version to b. a signs it, and nil
// is the default of the zero Auth. src is the source address of the packet, which
// MD5 authentication repeats. In version 1 times that are not whole seconds are
// sent as zero. VirtualIP is sent as zeros when it is unknown or not of m.Family.
func AppendHSRP(b []byte, m *HSRP, a *Auth, src netip.Addr) []byte {
	start, s := len(b), a.orDefault()
	if m.Version == 1 {
		b = appendHSRP1(b, m, s)
	} else {
		b = appendHSRP2(b, m, s)
	}
	if s.md5 {
		b = appendMD5(b, start, s, src)
	}
	return b
}

func appendHSRP1(b []byte, m *HSRP, s *secret) []byte {
	hello, hold := hsrp1Seconds(m.HelloTime, m.HoldTime)
	vip := wire.Addr4(m.VirtualIP)
	b = append(b, 0, uint8(m.Op), hsrp1Code(m.State), hello, hold, m.Priority, uint8(m.Group), 0)
	b = append(b, s.text[:]...) // zeros when the digest follows
	return append(b, vip[:]...)
}

func appendHSRP2(b []byte, m *HSRP, s *secret) []byte {
	var vip [16]byte
	if m.Family == IPv6 {
		vip = wire.Addr16(m.VirtualIP)
	} else {
		v4 := wire.Addr4(m.VirtualIP)
		copy(vip[:], v4[:])
	}
	b = append(b, tlvGroupState, groupStateLen, 2, uint8(m.Op), uint8(m.State), uint8(m.Family))
	b = be.AppendUint16(b, m.Group)
	b = append(b, m.Identifier[:]...)
	b = be.AppendUint32(b, uint32(m.Priority))
	b = be.AppendUint32(b, hsrp2Milliseconds(m.HelloTime))
	b = be.AppendUint32(b, hsrp2Milliseconds(m.HoldTime))
	b = append(b, vip[:]...)
	if !s.md5 {
		b = append(b, tlvText, MaxTextAuth)
		b = append(b, s.text[:]...)
	}
	return b
}

// appendMD5 appends the MD5 TLV and signs the message that begins at start.
func appendMD5(b []byte, start int, s *secret, src netip.Addr) []byte {
	sender := low32(src)
	b = append(b, tlvMD5, md5Len, algorithmMD5, 0, 0, 0)
	b = append(b, sender[:]...)
	b = be.AppendUint32(b, s.keyID)
	at := len(b) - start
	b = append(b, make([]byte, md5.Size)...)
	d := s.digest(b[start:], at)
	copy(b[start+at:], d[:])
	return b
}
