package hello

import (
	"encoding/binary"
	"net/netip"
)

// Reserved says what a is in a network with more than two addresses, and "" for the
// address of a host: in IPv4 "network" or "broadcast" (RFC 922 section 7), in IPv6
// "subnet-router anycast", which every router has (RFC 4291 section 2.6.1).
func Reserved(p netip.Prefix, a netip.Addr) string {
	if p.Bits() > a.BitLen()-2 || !p.Contains(a) {
		return ""
	}
	if a.Is6() {
		if a == p.Masked().Addr() {
			return "subnet-router anycast"
		}
		return ""
	}
	switch host := binary.BigEndian.Uint32(a.AsSlice()) << p.Bits(); host {
	case 0:
		return "network"
	case ^uint32(0) << p.Bits():
		return "broadcast"
	}
	return ""
}
