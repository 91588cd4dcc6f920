package engine

import (
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
)

// source returns the address that g speaks from on l, which also decides
// between equal priorities; it is invalid when there is none. RFC 9568 wants
// the link-local address in IPv6 (section 5.1.2.1), for multicast. Peers that
// are named by global addresses know this router by one as well.
func (g *group) source(l *Link) netip.Addr {
	c, ok := g.codec.(*vrrpCodec)
	if !ok || len(c.peers) == 0 || c.peers[0].Is4() || c.peers[0].IsLinkLocalUnicast() {
		return l.Addr(g.wire.family)
	}
	return g.globalSource(l, c.peers[0])
}

// globalSource returns the first own global address, at best one of the
// peer's prefix. A virtual address is nobody's own but its owner's.
func (g *group) globalSource(l *Link, peer netip.Addr) (first netip.Addr) {
	owner := g.cfg.Priority == hello.OwnerPriority
	for _, p := range l.Addrs {
		a := p.Addr()
		if !a.Is6() || a.IsLinkLocalUnicast() || !owner && len(g.seg.carriers[a]) > 0 {
			continue
		}
		if p.Contains(peer) {
			return a
		}
		if !first.IsValid() {
			first = a
		}
	}
	return first
}
