package hello

import (
	"crypto/subtle"
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// Checksum is which of two readings of the specification a checksum follows.
type Checksum uint8

// Over IPv4, VRRP version 3 occurs with either: RFC 9568 section 5.2.8 sums the
// message only, keepalived and FRR by default and many readers of RFC 5798 also
// a pseudo-header. Version 2 always sums the message only, IPv6 always both.
const (
	ChecksumUnknown Checksum = iota // not known, or both agree
	MessageOnly
	PseudoHeader
)

// String returns the word that the configuration uses.
func (c Checksum) String() string {
	switch c {
	case MessageOnly:
		return "rfc9568"
	case PseudoHeader:
		return "pseudo-header"
	}
	return "unknown"
}

// Authentication types of VRRP version 2 (RFC 2338 section 5.3.6). The IP
// Authentication Header, type 2, arrives in another IP protocol.
const (
	VRRPAuthNone = 0
	VRRPAuthText = 1
	VRRPAuthAH   = 2
)

const (
	vrrpHeader    = 8 // up to the first address, in both versions
	vrrpChecksum  = 6 // offset
	vrrpAuthSize  = 8 // trailer of version 2
	advertisement = 1 // the only packet type
)

// VRRPPacket is a received advertisement. Parse fills it, VerifyText or
// HMAC.Verify check its authentication.
type VRRPPacket struct {
	VRRP     VRRP
	AuthType uint8   // version 2 only
	AuthData [8]byte // version 2 only
	Form     Checksum

	Signed  bool // there is a trailer
	Trailer Trailer
}

// vrrpSize returns the exact length of a message of n addresses.
func vrrpSize(version uint8, f Family, n int) int {
	switch {
	case version == 2:
		return vrrpHeader + 4*n + vrrpAuthSize
	case f == IPv6:
		return vrrpHeader + 16*n
	}
	return vrrpHeader + 4*n
}

// Parse reads the message msg of a packet from src to dst. It makes the checks
// of RFC 9568 section 7.1 and RFC 3768 section 7.1 that need no configuration:
// version, type, exact length, checksum, VRID, address count and an interval
// that is not zero. A message may have a trailer, which is read and not checked.
// On failure the error is a Reject and p keeps its value.
// Parse uses the capacity of p.VRRP.VirtualIPs again, so a caller that keeps the
// addresses past the next Parse must copy them.
func (p *VRRPPacket) Parse(msg []byte, src, dst netip.Addr) error {
	family := FamilyOf(src)
	if err := checkVRRPShape(msg, family); err != nil {
		return err
	}
	version, n := msg[0]>>4, int(msg[3])
	size := vrrpSize(version, family, n)
	form, ok := vrrpForm(msg[:size], src, dst)
	if !ok && len(msg) > size { // a sum over the trailer as well is as good
		form, ok = vrrpForm(msg, src, dst)
	}
	if !ok {
		return RejectChecksum
	}
	interval := vrrp3Interval(be.Uint16(msg[4:]))
	if version == 2 {
		interval = wholeSeconds(msg[5])
	}
	switch {
	case msg[1] == 0:
		return RejectGroup
	case interval == 0:
		return RejectInterval
	case n == 0 && version == 3:
		return RejectAddresses
	}
	p.Form, p.AuthType, p.AuthData = form, 0, [8]byte{}
	if version == 2 {
		p.AuthType, p.AuthData = msg[4], [8]byte(msg[size-vrrpAuthSize:])
	}
	p.setTrailer(msg, size)
	p.VRRP = VRRP{
		Version:       version,
		VRID:          msg[1],
		Priority:      msg[2],
		Family:        family,
		AdverInterval: interval,
		VirtualIPs:    readAddrs(p.VRRP.VirtualIPs[:0], msg[vrrpHeader:], family, n),
	}
	return nil
}

// checkVRRPShape checks the fields that decide how to read the others.
func checkVRRPShape(msg []byte, family Family) error {
	if len(msg) < vrrpHeader {
		return RejectShort
	}
	version, size := msg[0]>>4, vrrpSize(msg[0]>>4, family, int(msg[3]))
	switch {
	case version != 2 && version != 3, version == 2 && family == IPv6:
		return RejectVersion
	case msg[0]&0x0f != advertisement:
		return RejectType
	case version == 2 && msg[4] > VRRPAuthAH:
		return RejectAuthType // its trailer may have any length
	case len(msg) < size:
		return RejectShort
	case len(msg) != size && len(msg) != size+TrailerSize:
		return RejectLength
	}
	return nil
}

// vrrpForm tells which form the checksum of msg has, and whether it is right.
// Both forms agree when the pseudo-header sums to zero: the form is then unknown.
func vrrpForm(msg []byte, src, dst netip.Addr) (form Checksum, ok bool) {
	message := wire.Sum(0).Add(msg)
	version, family := msg[0]>>4, FamilyOf(src)
	plain := message.OK() && family == IPv4
	pseudo := version == 3 && (message + wire.PseudoHeader(src, dst, ProtoNumber, len(msg))).OK()
	switch {
	case plain && pseudo:
		return ChecksumUnknown, true
	case plain:
		return MessageOnly, true
	case pseudo:
		return PseudoHeader, true
	}
	return ChecksumUnknown, false
}

// readAddrs appends the n addresses that b begins with.
func readAddrs(addrs []netip.Addr, b []byte, f Family, n int) []netip.Addr {
	addrs = slices.Grow(addrs, n)
	for range n {
		if f == IPv6 {
			addrs = append(addrs, netip.AddrFrom16([16]byte(b)))
			b = b[16:]
		} else {
			addrs = append(addrs, netip.AddrFrom4([4]byte(b)))
			b = b[4:]
		}
	}
	return addrs
}

// VerifyText checks the simple password of version 2 (RFC 2338 section
// 5.3.6.2). The error is RejectAuthType when the packet uses another scheme:
// none is wanted for an empty text, and version 3 knows no other. It is
// RejectAuth when the password is another. Only the first 8 bytes count.
func (p *VRRPPacket) VerifyText(text string) error {
	want := uint8(VRRPAuthNone)
	if text != "" {
		want = VRRPAuthText
	}
	if p.AuthType != want {
		return RejectAuthType
	}
	data := textField(text)
	if want == VRRPAuthText && subtle.ConstantTimeCompare(p.AuthData[:], data[:]) == 0 {
		return RejectAuth
	}
	return nil // without authentication the field means nothing
}

// textField returns text as the 8 bytes of a password, cut or filled with NUL.
func textField(text string) (f [vrrpAuthSize]byte) {
	copy(f[:], text)
	return f
}

// AppendVRRP appends the message of m to b, to be sent from src to dst. A text
// that is not empty is the simple password of version 2. form chooses the
// checksum of version 3 over IPv4, ChecksumUnknown being that of RFC 9568. The
// interval is rounded to the unit of the version and forced into its range. Of
// the addresses the first 255 are sent, those not of m.Family as zeros.
func AppendVRRP(b []byte, m *VRRP, text string, form Checksum, src, dst netip.Addr) []byte {
	start, addrs := len(b), m.VirtualIPs
	addrs = addrs[:min(len(addrs), 255)]
	b = append(b, m.Version<<4|advertisement, m.VRID, m.Priority, uint8(len(addrs)))
	if m.Version == 2 {
		authType := uint8(VRRPAuthNone)
		if text != "" {
			authType = VRRPAuthText
		}
		b = append(b, authType, vrrp2Seconds(m.AdverInterval))
	} else {
		b = be.AppendUint16(b, vrrp3Centiseconds(m.AdverInterval))
	}
	b = append(b, 0, 0) // checksum
	b = appendAddrs(b, addrs, m.Family)
	if m.Version == 2 {
		data := textField(text)
		b = append(b, data[:]...)
	}
	sum := wire.Sum(0).Add(b[start:])
	if m.Family == IPv6 || m.Version == 3 && form == PseudoHeader {
		sum += wire.PseudoHeader(src, dst, ProtoNumber, len(b)-start)
	}
	be.PutUint16(b[start+vrrpChecksum:], sum.Checksum())
	return b
}

func appendAddrs(b []byte, addrs []netip.Addr, f Family) []byte {
	for _, a := range addrs {
		if f == IPv6 {
			v := wire.Addr16(a)
			b = append(b, v[:]...)
		} else {
			v := wire.Addr4(a)
			b = append(b, v[:]...)
		}
	}
	return b
}
