package census

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// turns is how often two who are active must have been heard by turns. At a takeover
// a message of the old one may still be on its way.
const turns = 3

// verdict collects what is to be told.
type verdict struct{ faults, notes []Fault }

// judge returns faults and notes about the speakers, who are sorted.
func (c *Census) judge(speakers []*speaker) (faults, notes []Fault) {
	v := &verdict{faults: []Fault{}, notes: []Fault{}}
	for members := range chunks(speakers) {
		v.versions(members)
		c.actives(v, members)
		v.timers(members)
		v.addresses(members)
		v.auth(members)
		v.priorities(members)
		v.ttl(members)
	}
	v.shared(speakers)
	v.macs(speakers)
	c.stations(v, speakers)
	c.refused(v)
	return v.faults, v.notes
}

// chunks returns the members of each group in turn.
func chunks(sorted []*speaker) func(func([]*speaker) bool) {
	return func(yield func([]*speaker) bool) {
		for len(sorted) > 0 {
			n := slices.IndexFunc(sorted, func(s *speaker) bool { return s.group != sorted[0].group })
			if n < 0 {
				n = len(sorted)
			}
			if !yield(sorted[:n]) {
				return
			}
			sorted = sorted[n:]
		}
	}
}

func (v *verdict) fault(s *speaker, format string, args ...any) {
	v.faults = append(v.faults, about(s, format, args...))
}

func (v *verdict) note(s *speaker, format string, args ...any) {
	v.notes = append(v.notes, about(s, format, args...))
}

func about(s *speaker, format string, args ...any) Fault {
	return Fault{Protocol: s.protocol, Version: s.version, Family: s.family, ID: s.id, Segment: s.Segment, What: fmt.Sprintf(format, args...)}
}

// list joins what fn says of each speaker, without repeating itself and without
// becoming a page.
func list(speakers []*speaker, fn func(*speaker) string) string {
	var words []string
	for _, s := range speakers {
		if w := fn(s); !slices.Contains(words, w) {
			words = append(words, w)
		}
		if len(words) > 8 {
			return strings.Join(append(words[:8], "and more"), ", ")
		}
	}
	return strings.Join(words, ", ")
}

func differ[T comparable](speakers []*speaker, of func(*speaker) T) bool {
	return slices.ContainsFunc(speakers, func(s *speaker) bool { return of(s) != of(speakers[0]) })
}

func (v *verdict) versions(members []*speaker) {
	if differ(members, func(s *speaker) uint8 { return s.version }) {
		v.fault(members[len(members)-1], "version mismatch: %s; routers of different versions do not hear each other",
			list(members, func(s *speaker) string { return fmt.Sprintf("%s speaks version %d", s.from, s.version) }))
	}
}

func (c *Census) actives(v *verdict, members []*speaker) {
	t := c.tenures[members[0].group]
	switch {
	case t == nil:
		if members[0].protocol == hsrp || members[0].protocol == glbp {
			v.note(members[0], "nobody was active")
		}
	case t.overlap >= turns:
		pair := []*speaker{t.last, t.other}
		slices.SortFunc(pair, func(a, b *speaker) int { return a.from.Compare(b.from) })
		v.fault(t.last, "two routers are active at once: %s; they do not hear each other, or do not accept what they hear",
			list(pair, func(s *speaker) string { return fmt.Sprintf("%s (priority %d)", s.from, s.priority) }))
	case t.moves > 0:
		v.note(t.last, "%s took over from %s, %.1f s after the first frame; %s in all", t.last.from, t.other.from, t.moved.Sub(c.first).Seconds(), count(t.moves, "takeover"))
	}
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// timers compares those that are carried.
func (v *verdict) timers(members []*speaker) {
	for _, s := range members {
		if s.insane {
			v.fault(s, "%s has a hold time of %s, which must exceed its hello time of %s", s.from, s.hold, s.hello)
		}
	}
	carried := slices.DeleteFunc(slices.Clone(members), func(s *speaker) bool { return s.hello == 0 })
	if len(carried) == 0 || members[0].protocol == carp { // whose interval is its priority as well
		return
	}
	switch {
	case differ(carried, func(s *speaker) [2]int64 { return [2]int64{int64(s.hello), int64(s.hold)} }):
		v.fault(carried[0], "timer mismatch: %s", list(carried, func(s *speaker) string {
			if s.hold == 0 {
				return fmt.Sprintf("%s sends every %s", s.from, s.hello)
			}
			return fmt.Sprintf("%s has hello %s and hold %s", s.from, s.hello, s.hold)
		}))
	}
}

// addresses compares the virtual addresses within a group.
func (v *verdict) addresses(members []*speaker) {
	named := slices.DeleteFunc(slices.Clone(members), func(s *speaker) bool { return len(s.vips) == 0 })
	if len(named) < 2 || !differ(named, (*speaker).addressKey) {
		return
	}
	said := list(named, func(s *speaker) string { return fmt.Sprintf("%s has %s", s.from, join(s.vips)) })
	if slices.ContainsFunc(named, func(s *speaker) bool { return !overlap(s.vips, named[0].vips) }) {
		v.fault(named[0], "group clash: different virtual addresses under one number: %s", said)
		return
	}
	v.fault(named[0], "virtual addresses differ: %s", said)
}

// addressKey tells sets of addresses apart, whatever their order.
func (s *speaker) addressKey() string {
	return join(slices.SortedFunc(slices.Values(s.vips), netip.Addr.Compare))
}

func join(addrs []netip.Addr) string {
	var words []string
	for _, a := range addrs[:min(len(addrs), 8)] {
		words = append(words, a.String())
	}
	if len(addrs) > 8 {
		words = append(words, fmt.Sprintf("and %d more", len(addrs)-8))
	}
	return strings.Join(words, " ")
}

func overlap(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool { return slices.Contains(b, x) })
}

// auth tells of keys that everybody on the segment can read.
func (v *verdict) auth(members []*speaker) {
	switch {
	case differ(members, func(s *speaker) string { return s.auth }):
		v.fault(members[0], "authentication differs: %s", list(members, func(s *speaker) string { return s.from.String() + " has " + s.auth }))
	case differ(members, func(s *speaker) string { return s.key }):
		v.fault(members[0], "the plain-text keys differ: %s", list(members, func(s *speaker) string { return s.from.String() }))
	}
	open := slices.DeleteFunc(slices.Clone(members), func(s *speaker) bool { return s.auth != authText })
	ours := slices.DeleteFunc(slices.Clone(open), func(s *speaker) bool { return s.isDefault() })
	who := func(s *speaker) string { return s.from.String() }
	switch {
	case len(ours) > 0:
		v.fault(ours[0], "the key travels in plain text: %s; whoever reads it can take over", list(ours, who))
	case len(open) > 0:
		v.note(open[0], "no authentication to speak of: the text is the default, %q", hello.DefaultText)
	}
}

// isDefault reports whether a text is none that anybody chose.
func (s *speaker) isDefault() bool {
	text := strings.TrimRight(s.key, "\x00")
	return s.protocol == hsrp && (text == hello.DefaultText || text == "")
}

// priorities finds who would be active by its priority and is not. VRRP and CARP
// are silent then.
func (v *verdict) priorities(members []*speaker) {
	i := slices.IndexFunc(members, func(s *speaker) bool { return s.role == active })
	if i < 0 {
		return
	}
	for _, s := range members {
		if (s.protocol == hsrp || s.protocol == glbp) && s.role != active && s.role != leaving && s.role != silent && s.priority > members[i].priority {
			v.fault(s, "%s has priority %d, above the %d of %s, who is active: it is a stranger, or does not preempt",
				s.from, s.priority, members[i].priority, members[i].from)
		}
	}
}

func (v *verdict) ttl(members []*speaker) {
	for _, s := range members {
		if s.badTTL != 0 {
			v.fault(s, "%s sends with TTL %d where the protocol has another: a program that pretends, or not from this segment", s.from, s.badTTL)
		}
	}
}

// shared finds virtual addresses that several groups have.
func (v *verdict) shared(speakers []*speaker) {
	owners := map[place]*speaker{}
	told := map[[2]group]bool{}
	for _, s := range speakers {
		for _, a := range s.vips {
			p := place{s.Segment, a}
			o := owners[p]
			if o == nil {
				owners[p] = s
			} else if k := [2]group{o.group, s.group}; o.group != s.group && !told[k] {
				told[k] = true
				v.fault(s, "address clash: %s is a virtual address of %s as well", a, o.name())
			}
		}
	}
	for _, s := range speakers {
		o := owners[place{s.Segment, s.from}]
		if o == nil || o.protocol == vrrp && o.group == s.group && s.priority == hello.OwnerPriority {
			continue
		}
		v.fault(o, "address clash: %s is a virtual address here and the real one of a router of %s", s.from, s.name())
	}
}

func (s *speaker) name() string { return fmt.Sprintf("%s group %d", s.protocol, s.id) }

// macs finds numbers that CARP and VRRP both use, and with them one virtual MAC.
func (v *verdict) macs(speakers []*speaker) {
	seen := map[group]bool{}
	for _, s := range speakers {
		seen[s.group] = true
	}
	for _, s := range speakers {
		other := s.group
		other.protocol = vrrp
		if s.protocol == carp && seen[other] {
			seen[other] = false
			v.fault(s, "group clash: VRRP uses the number as well, and both have the virtual MAC 00:00:5e:00:0%d:%02x", 1+s.family/6, s.id)
		}
	}
}

// stations finds addresses that several stations have.
func (c *Census) stations(v *verdict, speakers []*speaker) {
	told := map[place]bool{}
	ours := map[place][]*speaker{} // by virtual address
	for _, s := range speakers {
		for _, a := range s.vips {
			p := place{s.Segment, a}
			ours[p] = append(ours[p], s)
		}
		if p := (place{s.Segment, s.from}); len(c.claims[p]) > 1 && !told[p] {
			told[p] = true
			v.fault(s, "the real address %s is used twice: by %s", s.from, macList(c.claims[p]))
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(ours), place.compare) {
		strangers := slices.DeleteFunc(slices.Clone(c.claims[p]), func(m hello.MAC) bool {
			return slices.ContainsFunc(ours[p], func(s *speaker) bool { return s.own == m || s.mac == m })
		})
		if len(strangers) > 0 {
			v.fault(ours[p][0], "the virtual address %s is claimed by %s, which is no router of the group", p.address, macList(strangers))
		}
	}
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.Interface, o.Interface), cmp.Compare(p.VLAN, o.VLAN), p.address.Compare(o.address))
}

func macList(macs []hello.MAC) string {
	var words []string
	for _, m := range macs {
		words = append(words, m.String())
	}
	slices.Sort(words)
	return strings.Join(words, " and ")
}

// refused tells of packets that no router takes.
func (c *Census) refused(v *verdict) {
	keys := slices.SortedFunc(maps.Keys(c.refusals), func(a, b refusal) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.id, b.id), a.from.Compare(b.from), cmp.Compare(a.reason, b.reason), cmp.Compare(a.version, b.version))
	})
	for _, k := range keys {
		r := c.refusals[k]
		v.faults = append(v.faults, Fault{
			Protocol: k.protocol, Version: k.version, Family: hello.FamilyOf(k.from), ID: k.id, Segment: r.Segment,
			What: fmt.Sprintf("%s of %s that no router accepts: %s", count(r.count, "packet"), k.from, k.words(r.ttl)),
		})
	}
}

func (k refusal) words(ttl uint8) string {
	switch k.reason {
	case hello.RejectTTL:
		return fmt.Sprintf("TTL %d, want 255: not from this segment, or invented", ttl)
	case hello.RejectChecksum:
		return "wrong checksum"
	case hello.RejectDestination:
		return "sent to a group that is not the protocol's"
	case hello.RejectVersion:
		return "a version that is unknown, or not the one of the group it was sent to"
	case hello.RejectSource:
		return "a source that is not a router's, or not the one that is signed"
	}
	return "malformed (" + string(k.reason) + ")"
}
