package hello

// VirtualRouter is the virtual router that a virtual MAC belongs to.
type VirtualRouter struct {
	Protocol Protocol
	Version  uint8 // HSRP: 1 or 2; VRRP: 0, as both versions share the range
	Family   Family
	Group    uint16
}

// VirtualRouterOf is the reverse of VirtualMAC: it returns whose MAC m is. ok is
// false when m is in none of the ranges of HSRP (RFC 2281 section 6.1) and VRRP
// (RFC 9568 section 7.3).
func VirtualRouterOf(m MAC) (r VirtualRouter, ok bool) {
	low, high := uint16(m[5]), uint16(m[4])
	switch {
	case [5]byte(m[:5]) == [5]byte{0x00, 0x00, 0x0c, 0x07, 0xac}:
		return VirtualRouter{ProtocolHSRP, 1, IPv4, low}, true
	case [4]byte(m[:4]) == [4]byte{0x00, 0x00, 0x0c, 0x9f} && high&0xf0 == 0xf0:
		return VirtualRouter{ProtocolHSRP, 2, IPv4, high&0x0f<<8 | low}, true
	case [4]byte(m[:4]) == [4]byte{0x00, 0x05, 0x73, 0xa0} && high&0xf0 == 0:
		return VirtualRouter{ProtocolHSRP, 2, IPv6, high<<8 | low}, true
	case [5]byte(m[:5]) == [5]byte{0x00, 0x00, 0x5e, 0x00, 0x01}:
		return VirtualRouter{ProtocolVRRP, 0, IPv4, low}, true
	case [5]byte(m[:5]) == [5]byte{0x00, 0x00, 0x5e, 0x00, 0x02}:
		return VirtualRouter{ProtocolVRRP, 0, IPv6, low}, true
	}
	return VirtualRouter{}, false
}
