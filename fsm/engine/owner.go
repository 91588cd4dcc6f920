package engine

import (
	"fmt"
	"net/netip"
)

// ownerObstacle returns why an address owner may not run on l, or "". Priority 255
// says that the virtual addresses are the interface's own (RFC 9568 section 1.7),
// and nobody contests it: two routers that both say so are both active. One that
// does not have the addresses waits until it does.
func (g *group) ownerObstacle(l *Link) string {
	if a := g.notOwned(l); a.IsValid() {
		return fmt.Sprintf("priority 255 is for the owner of the addresses, and %s is no address of %s: give it to the interface, or the router another priority", a, l.Name)
	}
	return ""
}

// notOwned returns an address that a group with the priority of an owner does not
// have on l, the zero Addr when it has all of them or is no owner.
func (g *group) notOwned(l *Link) netip.Addr {
	if !g.OwnsAddress() || g.Follow != "" {
		return netip.Addr{}
	}
	for _, a := range g.vips {
		if !l.Owns(a) {
			return a
		}
	}
	return netip.Addr{}
}
