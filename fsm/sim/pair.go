package sim

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// Pair cables two routers, a and b, as far as their configurations tell. Interfaces with
// groups are on one segment when groups on them share a virtual address, when they have
// one name, or when their groups are in one subnet, in this order. Own addresses, which
// no configuration has, are made up in the subnets of the virtual ones: those of a are the
// higher ones, and decide between equal priorities. remarks say what was made up or found.
func Pair(a, b engine.Config) (s Scene, remarks []string) {
	a.Groups, b.Groups = slices.Clone(a.Groups), slices.Clone(b.Groups)
	s.Hosts = []Gateway{{Name: "a", Config: a}, {Name: "b", Config: b}}
	mine, theirs := groupInterfaces(&a), groupInterfaces(&b)
	with := match(&a, &b, mine, theirs)
	for _, name := range mine {
		members := [2]string{name, with[name]}
		remarks = append(remarks, s.addSegment(members))
		theirs = slices.DeleteFunc(theirs, func(n string) bool { return n == with[name] })
	}
	for _, name := range theirs {
		remarks = append(remarks, s.addSegment([2]string{"", name}))
	}
	for i := range s.Hosts {
		s.addOthers(&s.Hosts[i])
	}
	return s, append(remarks, s.lonely()...)
}

// Beside makes up the other router of a pair from the configuration of one: the same
// groups, of which none has the priority of an address owner.
func Beside(a engine.Config) (b engine.Config, remarks []string) {
	b = a
	b.Groups = slices.Clone(a.Groups)
	remarks = append(remarks, "b is made up: what a's file says with other addresses; of equal priorities the higher address wins, which is a's")
	for i := range b.Groups {
		g := &b.Groups[i]
		if g.OwnsAddress() {
			g.Priority = hello.DefaultPriority
			remarks = append(remarks, fmt.Sprintf("%s has priority %d at b, for a owns the addresses", g.Ref, g.Priority))
		}
	}
	return b, remarks
}

// groupInterfaces returns the interfaces that have groups, in their order.
func groupInterfaces(c *engine.Config) (names []string) {
	for i := range c.Groups {
		if n := c.Groups[i].Interface; !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// match says which interface of b is on the segment of one of a.
func match(a, b *engine.Config, mine, theirs []string) map[string]string {
	with, taken := map[string]string{}, map[string]bool{}
	for _, fits := range []func(x, y string) bool{
		func(x, y string) bool { return shareAddress(virtualOn(a, x), virtualOn(b, y)) },
		func(x, y string) bool { return x == y },
		func(x, y string) bool { return shareSubnet(virtualOn(a, x), virtualOn(b, y)) },
	} {
		for _, x := range mine {
			for _, y := range theirs {
				if with[x] == "" && !taken[y] && fits(x, y) {
					with[x], taken[y] = y, true
				}
			}
		}
	}
	return with
}

// virtualOn returns the virtual addresses on an interface.
func virtualOn(c *engine.Config, name string) (list []netip.Addr) {
	for i := range c.Groups {
		if c.Groups[i].Interface == name {
			list = append(list, c.Groups[i].VirtualIPs...)
		}
	}
	return list
}

// shareAddress reports whether two lists have an address in common that is no
// link-local one: those are the same on many segments.
func shareAddress(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool { return !x.IsLinkLocalUnicast() && slices.Contains(b, x) })
}

func shareSubnet(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool {
		return !x.IsLinkLocalUnicast() && slices.ContainsFunc(b, func(y netip.Addr) bool { return subnetOf(x, nil).Contains(y) })
	})
}

// addSegment puts interfaces of both routers on a new segment, "" for none, and says so.
func (s *Scene) addSegment(names [2]string) string {
	var said []string
	subnets := s.subnets(names)
	taken := s.takenOn(names)
	for i, name := range names {
		if name == "" {
			continue
		}
		h := &s.Hosts[i]
		n := NIC{Segment: s.Segments, Link: engine.Link{Name: name, Index: len(h.NICs) + 1, Up: true, MAC: hello.MAC{0x02, 0, 0, 0, byte(i + 1), byte(len(h.NICs) + 1)}}}
		known := s.peersOf(1-i, names[1-i])
		if i == 0 { // a made-up b has the peers of a
			known = without(known, s.peersOf(i, name))
		}
		n.address(subnets, taken, known)
		n.own(&h.Config)
		h.NICs = append(h.NICs, n)
		said = append(said, fmt.Sprintf("%s %s has %s", h.Name, name, prefixes(n.Addrs)))
	}
	s.Segments++
	for i, name := range names {
		s.pointPeers(i, name, names[1-i])
	}
	if len(said) == 2 {
		return said[0] + ", " + said[1]
	}
	return said[0] + " and is alone there"
}

// mostPrefixes is how many addresses of an interface a remark names.
const mostPrefixes = 4

func prefixes(list []netip.Prefix) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	if len(out) > mostPrefixes {
		out = append(out[:mostPrefixes:mostPrefixes], fmt.Sprintf("%d more", len(list)-mostPrefixes))
	}
	return join(out)
}

// lonely names the groups that one router has alone.
func (s *Scene) lonely() (remarks []string) {
	var alone [2][]string
	for _, c := range s.groups() {
		for i := range alone {
			if c.IDs[1-i] == 0 {
				alone[i] = append(alone[i], c.Ref.String())
			}
		}
	}
	for i, list := range alone {
		if len(list) > 0 {
			remarks = append(remarks, fmt.Sprintf("%s alone has %s", s.Hosts[i].Name, engine.Listing(list)))
		}
	}
	return remarks
}

// addOthers gives a host the interfaces that its configuration names beside those of
// its groups.
func (s *Scene) addOthers(h *Gateway) {
	add := func(name string) {
		known := slices.ContainsFunc(h.NICs, func(n NIC) bool { return n.Name == name })
		if name != "" && !known {
			h.NICs = append(h.NICs, NIC{Segment: Elsewhere, Link: engine.Link{Name: name, Index: len(h.NICs) + 1, Up: true}})
		}
	}
	for _, t := range h.Config.Tracks {
		add(t.Interface)
	}
	for i := range h.Config.Groups {
		for _, r := range h.Config.Groups[i].Routes {
			add(r.Interface)
		}
		for _, r := range h.Config.Groups[i].Rules {
			add(r.OIF)
		}
	}
}
