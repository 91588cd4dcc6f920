package sim

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// groupsOn calls fn for the groups on one interface of each host, "" for none.
func (s *Scene) groupsOn(names [2]string, fn func(*engine.Group)) {
	for i, name := range names {
		for n := range s.Hosts[i].Config.Groups {
			if g := &s.Hosts[i].Config.Groups[n]; g.Interface == name {
				fn(g)
			}
		}
	}
}

// fallback are the subnets of a segment whose groups learn their addresses.
var fallback = map[hello.Family]netip.Prefix{
	hello.IPv4: netip.MustParsePrefix("192.0.2.0/24"),
	hello.IPv6: netip.MustParsePrefix("fe80::/64"),
}

// subnets returns what the interfaces of a segment need addresses in: every virtual
// address and every unicast peer, and IPv6 its link-local addresses.
func (s *Scene) subnets(names [2]string) (list []netip.Prefix) {
	cover := func(a netip.Addr, brought []netip.Prefix) {
		if !slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) }) {
			list = append(list, subnetOf(a, brought))
		}
	}
	s.groupsOn(names, func(g *engine.Group) {
		for _, a := range g.Peers { // which see the primary address
			cover(a, nil)
		}
	})
	s.groupsOn(names, func(g *engine.Group) {
		if g.Family == hello.IPv6 {
			cover(fallback[hello.IPv6].Addr(), []netip.Prefix{fallback[hello.IPv6]})
		}
		for _, a := range g.VirtualIPs {
			cover(a, g.Prefixes)
		}
	})
	s.groupsOn(names, func(g *engine.Group) {
		if !slices.ContainsFunc(list, func(p netip.Prefix) bool { return hello.FamilyOf(p.Addr()) == g.Family }) {
			list = append(list, fallback[g.Family])
		}
	})
	return list
}

// subnetOf is the subnet that an address seems to be in: the one that it brings along,
// or the smallest of a usual size in which it may be the address of a host.
func subnetOf(a netip.Addr, brought []netip.Prefix) netip.Prefix {
	for _, p := range brought {
		if p.Contains(a) && !p.IsSingleIP() {
			return p.Masked()
		}
	}
	sizes := []int{24, 22, 20, 16, 12, 8}
	if a.Is6() {
		sizes = []int{64}
	}
	for _, bits := range sizes {
		if p, err := a.Prefix(bits); err == nil && hello.Reserved(p, a) == "" {
			return p
		}
	}
	p, _ := a.Prefix(1)
	return p
}

// takenOn returns the addresses of a segment that no router may have as its own.
func (s *Scene) takenOn(names [2]string) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	s.groupsOn(names, func(g *engine.Group) {
		for _, list := range [][]netip.Addr{g.VirtualIPs, g.Peers, g.Neighbors} {
			for _, a := range list {
				taken[a] = true
			}
		}
	})
	return taken
}

// peersOf returns what the groups on an interface have as their unicast peers.
func (s *Scene) peersOf(host int, name string) (list []netip.Addr) {
	for n := range s.Hosts[host].Config.Groups {
		if g := &s.Hosts[host].Config.Groups[n]; g.Interface == name {
			list = append(list, g.Peers...)
		}
	}
	return list
}

// address gives an interface an address in each subnet: the one under which the other
// router knows it, or the highest that is free.
func (n *NIC) address(subnets []netip.Prefix, taken map[netip.Addr]bool, known []netip.Addr) {
	for _, p := range subnets {
		a := free(p, taken)
		for p.Addr().Is4() && !a.IsValid() && p.Bits() > 8 { // all of them are virtual
			p = netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
			a = free(p, taken)
		}
		if i := slices.IndexFunc(known, p.Contains); i >= 0 {
			a = known[i]
		}
		if !a.IsValid() {
			continue
		}
		taken[a] = true
		n.Addrs = append(n.Addrs, netip.PrefixFrom(a, p.Bits()))
		switch {
		case a.Is4() && !n.Addr4.IsValid():
			n.Addr4 = a
		case a.IsLinkLocalUnicast() && a.Is6() && !n.LinkLocal.IsValid():
			n.LinkLocal = a
		}
	}
}

// own gives an address owner what it owns, in front of what was made up.
func (n *NIC) own(c *engine.Config) {
	for i := range c.Groups {
		g := &c.Groups[i]
		if g.Interface != n.Name || !g.OwnsAddress() {
			continue
		}
		for at, a := range g.VirtualIPs {
			bits := subnetOf(a, g.Prefixes).Bits()
			n.Addrs = append(n.Addrs, netip.PrefixFrom(a, bits))
			switch {
			case at > 0:
			case a.Is4():
				n.Addr4 = a
			default:
				n.LinkLocal = a
			}
		}
	}
}

// free returns an address of a subnet that nobody has, the highest one in IPv4 and a
// short one in IPv6, invalid when there is none.
func free(p netip.Prefix, taken map[netip.Addr]bool) netip.Addr {
	a := last(p)
	for ; p.Contains(a); a = a.Prev() {
		if !taken[a] && hello.Reserved(p, a) == "" && (p.Bits() >= 31 || a != p.Masked().Addr()) {
			return a
		}
	}
	return netip.Addr{}
}

// last is where the search for a free address begins.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	if len(b) > 4 {
		b[len(b)-2], b[len(b)-1] = 0xff, 0xfe
	} else {
		for i := p.Bits(); i < 32; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// pointPeers has groups with unicast peers speak to the other router, where none of
// those that they name is here: their own file names it by an address of theirs, or it
// is made up.
func (s *Scene) pointPeers(host int, name, other string) {
	at := slices.IndexFunc(s.Hosts[1-host].NICs, func(n NIC) bool { return n.Name == other })
	if at < 0 {
		return
	}
	there := &s.Hosts[1-host].NICs[at].Link
	groups := s.Hosts[host].Config.Groups
	for i := range groups {
		g := &groups[i]
		if g.Interface == name && len(g.Peers) > 0 && !slices.ContainsFunc(g.Peers, there.Owns) {
			g.Peers = []netip.Addr{there.Addr(g.Family)}
		}
	}
}

func without(list, others []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(list), func(a netip.Addr) bool { return slices.Contains(others, a) })
}

func join(list []string) string { return strings.Join(list, ", ") }
