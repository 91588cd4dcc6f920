package hello

import (
	"encoding/binary"
	"net/netip"
)

// Reserved says what a is in an IPv4 network with more than two addresses, "network" or
// "broadcast", and "" for the address of a host (RFC 922 section 7).
func Reserved(p netip.Prefix, a netip.Addr) string {
	if !a.Is4() || p.Bits() > 30 || !p.Contains(a) {
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
