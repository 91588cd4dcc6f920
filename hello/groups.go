package hello

import "net/netip"

// Numbers of the wire. HSRP runs over UDP, VRRP directly over IP.
const (
	PortHSRP    = 1985 // HSRP over IPv4, source and destination (RFC 2281 section 5.1)
	PortHSRP6   = 2029 // HSRP over IPv6, source and destination
	ProtoNumber = 112  // VRRP's IP protocol and IPv6 next header (RFC 9568 section 5.1.1.4)

	TTLHSRP  = 1   // sent by HSRP over IPv4; any value is accepted
	TTLHSRP6 = 255 // hop limit sent by HSRP over IPv6
	TTLVRRP  = 255 // sent by VRRP, and demanded of multicast (RFC 9568 section 5.1.1.3)

	TOSControl = 0xc0 // CS6: HSRP over IPv4, VRRP
	TOSHSRP6   = 0xe0 // CS7: traffic class of HSRP over IPv6
)

// Ranges of the group number.
const (
	MaxGroupV1 = 255  // HSRP version 1, from 0
	MaxGroupV2 = 4095 // HSRP version 2, from 0: as many as virtual MACs
	MaxVRID    = 255  // VRRP, from 1
)

// Priorities with a meaning, and the one that a router has by default.
const (
	DefaultPriority = 100 // both protocols
	OwnerPriority   = 255 // VRRP: this router's own addresses are the virtual ones
	ResignPriority  = 0   // VRRP: the Active stops
)

var (
	allRouters4 = netip.AddrFrom4([4]byte{224, 0, 0, 2})
	hsrpGroup4  = netip.AddrFrom4([4]byte{224, 0, 0, 102})
	vrrpGroup4  = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	hsrpGroup6  = netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x66})
	vrrpGroup6  = netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x12})
)

// VirtualMAC returns the MAC of a virtual router: 00:00:0c:07:ac:GG for HSRP
// version 1 (RFC 2281 section 6.1), 00:00:0c:9f:fG:GG and 00:05:73:a0:0G:GG for
// version 2 over IPv4 and IPv6, 00:00:5e:00:01:VV and 00:00:5e:00:02:VV for
// VRRP (RFC 9568 section 7.3). Bits of group that do not fit are ignored. An
// unknown protocol has the zero MAC.
func VirtualMAC(p Protocol, version uint8, f Family, group uint16) MAC {
	low, high := byte(group), byte(group>>8)&0x0f
	switch {
	case p == ProtocolVRRP && f == IPv6:
		return MAC{0x00, 0x00, 0x5e, 0x00, 0x02, low}
	case p == ProtocolVRRP:
		return MAC{0x00, 0x00, 0x5e, 0x00, 0x01, low}
	case p != ProtocolHSRP:
		return MAC{}
	case f == IPv6:
		return MAC{0x00, 0x05, 0x73, 0xa0, high, low}
	case version == 1:
		return MAC{0x00, 0x00, 0x0c, 0x07, 0xac, low}
	}
	return MAC{0x00, 0x00, 0x0c, 0x9f, 0xf0 | high, low}
}

// GroupAddr returns the multicast address that the protocol is sent to, or the
// zero Addr for an unknown protocol. The version matters to HSRP over IPv4
// only: 224.0.0.2 in version 1, 224.0.0.102 in version 2.
func GroupAddr(p Protocol, version uint8, f Family) netip.Addr {
	switch {
	case p == ProtocolVRRP && f == IPv6:
		return vrrpGroup6
	case p == ProtocolVRRP:
		return vrrpGroup4
	case p != ProtocolHSRP:
		return netip.Addr{}
	case f == IPv6:
		return hsrpGroup6
	case version == 1:
		return allRouters4
	}
	return hsrpGroup4
}

// VirtualLinkLocal returns the IPv6 virtual address that HSRP derives from a
// virtual MAC. Unlike an interface identifier of RFC 4291 it keeps the
// universal/local bit: 00:05:73:a0:00:10 becomes fe80::5:73ff:fea0:10.
func VirtualLinkLocal(mac MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{
		0: 0xfe, 1: 0x80,
		8: mac[0], 9: mac[1], 10: mac[2], 11: 0xff,
		12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5],
	})
}
