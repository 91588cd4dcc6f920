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
	proto    string // hsrp or vrrp
	at       position
	number   uint16
	numberAt position
	raw      *rawGroup
	group    Group
	peers    *list[string] // VRRP only
	unsure   bool          // some part of its identity is faulty
	none     bool          // it adds no address: VRRP without accept, or the owner
	timers   []setting     // which a follower has no use for
}

// setting is a key and whether the file gives it a value of its own.
type setting struct {
	at    position
	given bool
}

// together checks the rules between groups.
func (p *parser) together(all []entry) {
	for _, rule := range []func(entry, claims){p.uniqueNumber, p.uniqueName, p.uniqueAddresses, p.oneInterface, p.uniqueMAC} {
		seen := claims{}
		for _, e := range all {
			rule(e, seen)
		}
	}
	p.realPeers(all)
	p.manyAddresses(all)
	p.sharedRoutes(all)
	p.follows(all)
}

// claims are the groups that were the first to claim a number, a name or the
// like, by their positions.
type claims map[any]position

// claim complains that what a group claims at a position is another group's
// already. The complaint ends with the line of that one.
func (p *parser) claim(seen claims, what any, e entry, at position, format string, args ...any) {
	switch first, taken := seen[what]; {
	case !taken:
		seen[what] = e.at
	case first != e.at:
		p.fault(at, format+" of line %d", append(args, first.line)...)
	}
}

func (p *parser) uniqueNumber(e entry, seen claims) {
	if !e.unsure {
		what := fmt.Sprintf("%s group %d of IPv%d on %s", e.proto, e.number, e.group.Family, e.group.Interface)
		p.claim(seen, what, e, e.numberAt, "%s is already defined in the table", what)
	}
}

func (p *parser) uniqueName(e entry, seen claims) {
	if e.raw.Name.given() {
		p.claim(seen, e.group.Name, e, e.raw.Name.at, "name %q is taken by the group", e.group.Name)
	}
}

// onInterface is a virtual address or MAC on an interface. Another interface is
// on another segment, where it may well be used again.
type onInterface struct {
	iface   string
	address any
}

func (p *parser) uniqueAddresses(e entry, seen claims) {
	if e.raw.Interface.bad {
		return
	}
	iface := e.group.Interface
	for _, a := range e.group.VirtualIPs {
		p.claim(seen, onInterface{iface, a}, e, addressPosition(e, a), "virtual_ips %s is already used on %s by the group", a, iface)
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

// oneInterface warns of an address on two interfaces: this host takes what is
// sent to it wherever it comes in, whichever of the groups is active. Link-local
// addresses belong to their interface.
func (p *parser) oneInterface(e entry, seen claims) {
	for _, a := range e.group.VirtualIPs {
		here := onInterface{e.group.Interface, a}
		first, taken := seen[a]
		_, same := seen[here]
		switch {
		case a.IsLinkLocalUnicast():
		case !taken:
			seen[a], seen[here] = e.at, e.at
		case !same:
			seen[here] = e.at
			p.warn(addressPosition(e, a), "virtual_ips %s is on another interface as well, in the group of line %d", a, first.line)
		}
	}
}

// realPeers refuses a virtual address as peer: a router is known by its own.
func (p *parser) realPeers(all []entry) {
	virtual := map[netip.Addr]position{}
	for _, e := range all {
		for _, a := range e.group.VirtualIPs {
			virtual[a] = e.at
		}
	}
	for _, e := range all {
		if e.peers == nil {
			continue
		}
		for _, it := range e.peers.items {
			a, err := netip.ParseAddr(it.v)
			if of, taken := virtual[a]; err == nil && taken {
				p.fault(it.at, "peers %s is a virtual address of the group of line %d: name the router by an address of its own", a, of.line)
			}
		}
	}
}

// uniqueMAC refuses one chosen MAC for two groups of an interface: the first to
// leave Active would close the gate of the other.
func (p *parser) uniqueMAC(e entry, seen claims) {
	if iface := e.group.Interface; e.group.MACMode == MACChosen && !e.raw.Interface.bad {
		p.claim(seen, onInterface{iface, e.group.MAC}, e, e.raw.MAC.at, "mac %s is already used on %s by the group", e.raw.MAC.v, iface)
	}
}

// follows checks that every follower follows a group that elects for itself.
// That rules out circles as well.
func (p *parser) follows(all []entry) {
	named := map[string]entry{}
	for _, e := range all {
		if e.raw.Name.given() {
			named[e.group.Name] = e
		}
	}
	for _, e := range all {
		if e.raw.Follow.given() {
			p.follow(e, named)
			p.unused(e)
		}
	}
}

func (p *parser) follow(e entry, named map[string]entry) {
	name, at := e.group.Follow, e.raw.Follow.at
	target, ok := named[name]
	switch {
	case !ok:
		p.fault(at, "follow %q: no group has that name%s", name, hint(name, "known are ", slices.Sorted(maps.Keys(named))))
	case target.at == e.at:
		p.fault(at, "follow %q: a group cannot follow itself", name)
	case target.raw.Follow.set:
		p.fault(at, "follow %q: that group follows %q itself; follow one that has its own election",
			name, target.group.Follow)
	case target.proto != e.proto:
		p.fault(at, "follow %q: that group speaks %s, this one %s", name, target.proto, e.proto)
	}
}

// unused warns about keys that a follower has no use for, unless they say no more
// than the default.
func (p *parser) unused(e entry) {
	r, g := e.raw, e.group
	settings := append([]setting{
		{r.Priority.at, r.Priority.given() && g.Priority != hello.DefaultPriority},
		{r.PreemptDelay.at, g.PreemptDelay != 0},
		{r.Track.at, len(g.Track) > 0},
		{r.Confirm.at, g.Confirm},
	}, e.timers...)
	for _, s := range settings {
		if s.given {
			p.warn(s.at, "%s has no effect: the group follows %q", s.at.key, g.Follow)
		}
	}
}
