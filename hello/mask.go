package hello

import "github.com/fhrpd/fhrpd/hello/wire"

// MaskText overwrites what an Ethernet frame has of authentication in clear text with
// zeros: that of HSRP (RFC 2281 section 5.1) and of VRRP version 2 (RFC 2338 section
// 5.3.6). It reports whether there was any. The checksum changes by as much as what it
// is of (RFC 1624): it is right or wrong as it was, and tells nothing of the text.
// Where a message contradicts itself more is overwritten rather than less. Digests,
// which are no secrets, stay.
func MaskText(frame []byte) (masked bool) {
	var p wire.Packet
	if !p.Parse(frame) {
		return false
	}
	b := p.Payload
	summed := b[:max(0, min(p.Size, len(b)))]
	was := wire.Sum(0).Add(summed)
	switch {
	case p.Proto == ProtoNumber && len(b) > vrrpHeader && b[0]>>4 == 2 && b[4] != VRRPAuthNone:
		masked = zero(b[vrrp2TextAt(b):])
	case p.Proto == wire.ProtoUDP && len(b) > wire.UDPHeader && (hsrpPorted(be.Uint16(b)) || hsrpPorted(be.Uint16(b[2:]))):
		masked = maskHSRP(b[wire.UDPHeader:])
	}
	if masked {
		adjust(b[checksumAt:], p.Proto, was, wire.Sum(0).Add(summed))
	}
	return masked
}

// checksumAt is where VRRP and UDP have their checksums.
const checksumAt = 6

// adjust changes a checksum by the difference of two sums of what it is of.
func adjust(at []byte, proto uint8, was, is wire.Sum) {
	sum := be.Uint16(at)
	if proto == wire.ProtoUDP && sum == 0 {
		return // there is none
	}
	sum = ^(was + wire.Sum(is.Checksum()) + wire.Sum(sum)).Checksum()
	if proto == wire.ProtoUDP && sum == 0 {
		sum = 0xffff
	}
	be.PutUint16(at, sum)
}

func hsrpPorted(port uint16) bool { return port == PortHSRP || port == PortHSRP6 }

// vrrp2TextAt is where the text begins: behind the addresses, if they are all there.
func vrrp2TextAt(b []byte) int {
	if at := vrrpHeader + 4*int(b[3]); at+vrrpAuthSize <= len(b) {
		return at
	}
	return vrrpHeader
}

func maskHSRP(b []byte) (masked bool) {
	if b[0] == 0 { // version 1
		if len(b) <= hsrp1TextAt || Op(b[1]) > OpResign {
			return false
		}
		return zero(b[hsrp1TextAt:min(len(b), hsrp1VIPAt)])
	}
	for len(b) > 0 && b[0] != 0 { // zeros fill a short frame up
		typ, value, rest, err := tlv(b)
		if err != nil {
			return zero(b) || masked
		}
		if typ == tlvText {
			masked = zero(value) || masked
		}
		b = rest
	}
	return masked
}

// zero overwrites b and reports whether anything but zeros was in it.
func zero(b []byte) (changed bool) {
	for i := range b {
		changed = changed || b[i] != 0
		b[i] = 0
	}
	return changed
}
