package configs

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/hello"
)

// entry is a group as the rules between groups see it.
type entry struct {
	proto  string // hsrp or vrrp; empty for a table that could not be read
	at     position
	id     uint16
	idAt   position
	raw    *rawGroup
	group  Group
	unsure bool    // some part of its identity is faulty
	moot   []given // timers, which a follower has no use for
}

// given is a key and whether it was set to something of its own.
type given struct {
	at position
	is bool
}

// together checks the rules between groups.
func (p *parser) together(all []entry) {
	p.duplicateGroups(all)
	p.duplicateNames(all)
	p.duplicateAddresses(all)
	p.duplicateMACs(all)
	p.follows(all)
}

func (p *parser) duplicateGroups(all []entry) {
	seen := map[string]position{}
	for _, e := range all {
		if e.proto == "" || e.unsure {
			continue
		}
		key := fmt.Sprintf("%s group %d of IPv%d on %s", e.proto, e.id, e.group.Family, e.group.Interface)
		if first, ok := seen[key]; ok {
			p.fault(e.idAt, "%s is already defined in the table of line %d", key, first.line)
			continue
		}
		seen[key] = e.at
	}
}

func (p *parser) duplicateNames(all []entry) {
	seen := map[string]position{}
	for _, e := range all {
		if e.proto == "" || !e.raw.Name.given() {
			continue
		}
		if first, ok := seen[e.group.Name]; ok {
			p.fault(e.raw.Name.at, "name %q is taken by the group of line %d", e.group.Name, first.line)
			continue
		}
		seen[e.group.Name] = e.at
	}
}

// duplicateAddresses finds a virtual address that two groups of an interface
// claim. Other interfaces are other segments, where it may well be used again.
func (p *parser) duplicateAddresses(all []entry) {
	type key struct {
		device string
		addr   netip.Addr
	}
	seen := map[key]position{}
	for _, e := range all {
		if e.proto == "" || e.raw.Interface.bad {
			continue
		}
		for _, a := range e.group.VirtualIPs {
			k := key{e.group.Interface, a}
			if first, ok := seen[k]; ok && first != e.at {
				p.fault(addressPosition(e, a), "virtual_ips %s is already used on %s by the group of line %d", a, k.device, first.line)
				continue
			}
			seen[k] = e.at
		}
	}
}

// addressPosition finds the element that says a; a derived address has none.
func addressPosition(e entry, a netip.Addr) position {
	for _, it := range e.raw.VirtualIPs.items {
		if got, err := netip.ParseAddr(it.v); err == nil && got == a {
			return it.at
		}
	}
	return e.raw.VirtualIPs.at
}

// duplicateMACs refuses one chosen MAC for two groups of an interface: the
// first to leave Active would close the gate of the other.
func (p *parser) duplicateMACs(all []entry) {
	type key struct {
		device string
		mac    [6]byte
	}
	seen := map[key]position{}
	for _, e := range all {
		if e.proto == "" || e.group.MACMode != MACChosen || e.raw.Interface.bad {
			continue
		}
		k := key{e.group.Interface, e.group.MAC}
		if first, ok := seen[k]; ok {
			p.fault(e.raw.MAC.at, "mac %s is already used on %s by the group of line %d", e.raw.MAC.v, k.device, first.line)
			continue
		}
		seen[k] = e.at
	}
}

// follows checks that every follower follows a group that elects for itself.
// That rules out circles as well.
func (p *parser) follows(all []entry) {
	named := map[string]entry{}
	for _, e := range all {
		if e.proto != "" && e.raw.Name.given() {
			named[e.group.Name] = e
		}
	}
	for _, e := range all {
		if e.proto == "" || !e.raw.Follow.given() {
			continue
		}
		p.follow(e, named)
		p.mootKeys(e)
	}
}

func (p *parser) follow(e entry, named map[string]entry) {
	name, at := e.group.Follow, e.raw.Follow.at
	target, ok := named[name]
	switch {
	case !ok:
		p.fault(at, "follow %q: no group has that name%s", name, hint(name, slices.Sorted(maps.Keys(named))))
	case target.at == e.at:
		p.fault(at, "follow %q: a group cannot follow itself", name)
	case target.raw.Follow.set:
		p.fault(at, "follow %q: that group follows %q itself; follow one that has its own election",
			name, target.group.Follow)
	case target.proto != e.proto:
		p.fault(at, "follow %q: that group speaks %s, this one %s", name, target.proto, e.proto)
	}
}

// mootKeys warns about what a follower has no use for, unless it says no more
// than the default.
func (p *parser) mootKeys(e entry) {
	r, g := e.raw, e.group
	moot := append([]given{
		{r.Priority.at, r.Priority.given() && g.Priority != hello.DefaultPriority},
		{r.PreemptDelay.at, g.PreemptDelay != 0},
		{r.Track.at, len(g.Track) > 0},
	}, e.moot...)
	for _, m := range moot {
		if m.is {
			p.warn(m.at, "%s has no effect: the group follows %q", m.at.key, g.Follow)
		}
	}
}
