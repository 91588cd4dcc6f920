package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// speaker is who sent a message and what it says, in terms of both protocols.
type speaker struct {
	Heard
	version  uint8
	group    uint16
	family   hello.Family
	priority uint8
	vips     []netip.Addr
	times    string // hello and hold, or the interval
	leaves   bool   // it resigns, so that priority and times mean nothing
	active   bool   // it says that it has the role
	verify   func(*engine.Group) error
}

// speakerOf returns what a message says; ok is false when it is none of a group.
func speakerOf(h Heard) (s *speaker, ok bool) {
	s = &speaker{Heard: h, family: hello.FamilyOf(h.Envelope.Src)}
	if h.Envelope.Protocol == hello.ProtocolHSRP {
		return s, s.readHSRP()
	}
	return s, s.readVRRP()
}

func (s *speaker) readHSRP() bool {
	var p hello.HSRPPacket
	if p.Parse(s.Payload) != nil || p.IsAdvertise || p.Match(&s.Envelope) != nil {
		return false
	}
	m := p.HSRP
	s.version, s.group, s.priority, s.leaves = m.Version, m.Group, m.Priority, m.Op == hello.OpResign
	s.active = m.Op == hello.OpHello && m.State == hello.Active
	if m.VirtualIP.IsValid() && !m.VirtualIP.IsUnspecified() {
		s.vips = []netip.Addr{m.VirtualIP}
	}
	if m.HelloTime != 0 {
		s.times = hsrpTimes(m.HelloTime, m.HoldTime)
	}
	s.verify = func(g *engine.Group) error { return g.VerifyHSRP(s.At, &p, s.Payload) }
	return true
}

func (s *speaker) readVRRP() bool {
	var p hello.VRRPPacket
	if p.Parse(s.Payload, s.Envelope.Src, s.Envelope.Dst) != nil {
		return false
	}
	m := p.VRRP
	s.version, s.group, s.priority, s.leaves = m.Version, uint16(m.VRID), m.Priority, m.Priority == hello.ResignPriority
	s.vips, s.times, s.active = m.VirtualIPs, m.AdverInterval.String(), !s.leaves // only an active router advertises
	s.verify = func(g *engine.Group) error { return g.VerifyVRRP(s.At, &p, s.Payload, s.Envelope.Src) }
	return true
}

func hsrpTimes(helloTime, hold fmt.Stringer) string { return fmt.Sprintf("%s/%s", helloTime, hold) }

// who names a speaker.
func (s *speaker) who() string {
	return fmt.Sprintf("%s (%s)", s.Envelope.Src, s.Envelope.SrcMAC)
}

// of reports whether s speaks in the group, in whatever version.
func (s *speaker) of(g *engine.Group) bool {
	return s.Interface == g.Interface && s.Envelope.Protocol == g.Protocol && s.group == g.Number && s.family == g.Family
}

func checkHeard(e *exam) {
	var speakers []*speaker
	for _, h := range e.Heard {
		if e.ownAddress(h) {
			continue
		}
		if s, ok := speakerOf(h); ok {
			speakers = append(speakers, s)
		}
	}
	if e.Listened == 0 {
		return
	}
	for _, g := range e.groups {
		e.heardIn(g, speakers)
	}
}

// ownAddress reports a message that somebody sent from an address of this
// router. The router's own messages are not among what was heard.
func (e *exam) ownAddress(h Heard) bool {
	own := e.own(h.Interface, h.Envelope.Src)
	if own {
		e.wrong("own-address", h.Interface, fmt.Sprintf("%s also sends from %s", h.Envelope.SrcMAC, h.Envelope.Src))
	}
	return own
}

// heardIn compares a group with what all speakers say in it.
func (e *exam) heardIn(g *engine.Group, speakers []*speaker) {
	var others []*speaker
	var names []string // of others, each once
	before := len(e.findings)
	for _, s := range speakers {
		if !s.of(g) {
			e.elsewhere(g, s)
			continue
		}
		others = append(others, s)
		if name := s.Envelope.Src.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
		e.compare(g, s)
	}
	e.strangers(g, others, len(names))
	switch {
	case len(e.findings) > before:
	case len(names) == 0:
		e.fine("heard-address", g.Ref.String(), "nobody else was heard within "+short(e.Listened))
	default:
		e.fine("heard-address", g.Ref.String(), "agrees with "+strings.Join(names, ", "))
	}
}

// elsewhere reports a router that is active for an address of g in a group that
// does not exist here.
func (e *exam) elsewhere(g *engine.Group, s *speaker) {
	shared := slices.IndexFunc(s.vips, func(a netip.Addr) bool { return slices.Contains(g.VirtualIPs, a) })
	if !s.active || s.Interface != g.Interface || shared < 0 || slices.ContainsFunc(e.groups, s.of) {
		return
	}
	e.wrong("heard-group", g.Ref.String(), fmt.Sprintf("%s is active for %s in %s group %d", s.who(), s.vips[shared], s.Envelope.Protocol, s.group), "GROUP", g.Ref.String())
}

// compare looks at what makes two routers fail to agree, the first of these.
func (e *exam) compare(g *engine.Group, s *speaker) {
	ref := g.Ref.String()
	var reject hello.Reject
	switch {
	case s.version != g.Version:
		e.wrong("heard-version", ref, fmt.Sprintf("%s speaks version %d, version %d is configured", s.who(), s.version, g.Version), "GROUP", ref)
	case g.Protocol == hello.ProtocolHSRP && !g.HearsFrom(&engine.Link{Addrs: e.addressesOf(g.Interface)}, s.Envelope.Src):
		e.wrong("heard-subnet", ref, fmt.Sprintf("%s is in no subnet of %s", s.who(), g.Interface), "GROUP", ref)
	case s.Envelope.Unicast && s.Envelope.TTL < g.MinTTL:
		e.wrong("heard-ttl", ref, fmt.Sprintf("%s sends %d, min_ttl is %d", s.who(), s.Envelope.TTL, g.MinTTL), "GROUP", ref)
	case errors.As(s.verify(g), &reject):
		e.wrong("heard-auth", ref, fmt.Sprintf("%s uses another one (%s)", s.who(), reject), "GROUP", ref)
	default:
		if diff := otherAddresses(g, s); diff != "" {
			e.wrong("heard-address", ref, fmt.Sprintf("%s has %s", s.who(), diff), "GROUP", ref)
		}
		e.compareTimes(g, s)
	}
}

// addressesOf returns the addresses of the host itself on an interface.
func (e *exam) addressesOf(dev string) []netip.Prefix {
	i, _ := e.byName(dev)
	return i.Addresses
}

func (e *exam) compareTimes(g *engine.Group, s *speaker) {
	want := g.HelloTime.String()
	if g.Protocol == hello.ProtocolHSRP {
		want = hsrpTimes(g.HelloTime, g.HoldTime)
	}
	if s.leaves || s.times == "" || s.times == want || g.HelloTime == 0 {
		return
	}
	id := "heard-timers"
	if g.Protocol == hello.ProtocolVRRP && g.Version == 2 {
		id = "heard-interval"
	}
	e.wrong(id, g.Ref.String(), fmt.Sprintf("%s uses %s, %s is configured", s.who(), s.times, want), "GROUP", g.Ref.String())
}

// otherAddresses returns how the virtual addresses differ: HSRP tells the
// primary only, VRRP all of them.
func otherAddresses(g *engine.Group, s *speaker) string {
	if len(s.vips) == 0 || len(g.VirtualIPs) == 0 {
		return ""
	}
	mine := g.VirtualIPs
	if g.Protocol == hello.ProtocolHSRP {
		mine = mine[:1]
	}
	a, b := slices.Clone(mine), slices.Clone(s.vips)
	slices.SortFunc(a, netip.Addr.Compare)
	slices.SortFunc(b, netip.Addr.Compare)
	if slices.Equal(a, b) {
		return ""
	}
	return fmt.Sprintf("%v, %v is configured", s.vips, mine)
}

// strangers reports speakers that would win the election although nothing
// explains them: one that is not among the peers, one with the highest priority
// of HSRP, or a third router beside the usual pair.
func (e *exam) strangers(g *engine.Group, others []*speaker, addresses int) {
	for _, s := range others {
		if s.version != g.Version || s.leaves || s.priority <= g.Priority {
			continue
		}
		var why string
		switch {
		case slices.Contains(slices.Concat(g.Neighbors, g.Peers), s.Envelope.Src):
		case len(g.Peers) > 0:
			why = "it is not among the peers"
		case g.Protocol == hello.ProtocolHSRP && s.priority == 255:
			why = "the highest there is"
		case addresses > 1:
			why = fmt.Sprintf("one of %d other routers", addresses)
		}
		if why != "" {
			e.wrong("stranger", g.Ref.String(), fmt.Sprintf("%s has priority %d, %d is configured: %s", s.who(), s.priority, g.Priority, why), "GROUP", g.Ref.String())
		}
	}
}

// checkClaims looks at who answers for virtual addresses.
func checkClaims(e *exam) {
	for _, g := range e.groups {
		for _, c := range e.Claims {
			if c.Interface != g.Interface || !slices.Contains(g.VirtualIPs, c.Address) {
				continue
			}
			e.claim(g, c)
		}
	}
}

// checkOwnClaims looks at who answers for this router's own addresses. Another
// interface of the host may do that as well, by the kernel's defaults.
func checkOwnClaims(e *exam) {
	for _, c := range e.Claims {
		here := slices.ContainsFunc(e.Interfaces, func(i Interface) bool { return i.MAC == c.MAC })
		if !here && !e.virtual(c.Address) && e.own(c.Interface, c.Address) {
			e.wrong("own-address", c.Interface, fmt.Sprintf("%s is at %s as well", c.Address, c.MAC))
		}
	}
}

// own reports whether an address is one of the host itself on an interface.
func (e *exam) own(dev string, a netip.Addr) bool {
	return slices.ContainsFunc(e.addressesOf(dev), func(p netip.Prefix) bool { return p.Addr() == a })
}

// claim judges one answer. It may come from the virtual MAC of the group, or, if
// the group has none, from a router that was heard in it. A router that is active
// without the virtual MAC of the protocol is a peer and no stranger.
func (e *exam) claim(g *engine.Group, c Claim) {
	said, virtual := fmt.Sprintf("%s is at %s", c.Address, c.MAC), g.VirtualMAC()
	peer, heard := e.heardFrom(g, c.MAC)
	here := slices.IndexFunc(e.Interfaces, func(i Interface) bool { return i.MAC == c.MAC && i.Name != c.Interface })
	switch {
	case here >= 0 && !heard:
		e.answersBeside(c.Address, e.Interfaces[here], "is on the segment of "+c.Interface)
	case c.MAC == virtual, heard && virtual.IsZero():
		e.fine("claimed", g.Ref.String(), said)
	case heard && peer.active:
		e.wrong("peer-mac", g.Ref.String(), fmt.Sprintf("%s, the MAC of %s itself, which is active", said, peer.Envelope.Src), "ADDRESS", c.Address.String())
	default:
		e.wrong("claimed", g.Ref.String(), said, "INTERFACE", c.Interface, "ADDRESS", c.Address.String())
	}
}

// heardFrom returns the last message of a group that came from a MAC.
func (e *exam) heardFrom(g *engine.Group, mac hello.MAC) (*speaker, bool) {
	for _, h := range slices.Backward(e.Heard) {
		if s, ok := speakerOf(h); ok && s.of(g) && h.Envelope.SrcMAC == mac {
			return s, true
		}
	}
	return nil, false
}
