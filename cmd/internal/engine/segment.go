package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// segment is one port with the groups on it.
type segment struct {
	name      string
	port      Port
	link      Link
	groups    []*group
	byWire    map[wireID]*group
	carriers  map[netip.Addr][]*group // by virtual address
	gateways  []netip.Addr
	neighbors map[netip.Addr]*neighbor // whom takeovers are proven to
	out       outbox
	leases    leases
	stuck     stuck
	rejected  map[hello.Reject]uint64

	advertises uint64
	framesLost uint64
	lastError  error
	outside    [2]string // what was last said of addresses outside the prefixes, by family
	hsrp       hello.HSRPPacket
	vrrp       hello.VRRPPacket
}

func newSegment(name string, port Port) *segment {
	return &segment{
		name: name, port: port, link: Link{Name: name},
		byWire: map[wireID]*group{}, carriers: map[netip.Addr][]*group{},
		neighbors: map[netip.Addr]*neighbor{}, rejected: map[hello.Reject]uint64{},
	}
}

func (s *segment) add(g *group) {
	s.groups = append(s.groups, g)
	s.byWire[g.wire] = g
	s.carry(g, g.vips)
}

// carry makes vips the group's virtual addresses.
func (s *segment) carry(g *group, vips []netip.Addr) {
	for _, v := range g.vips {
		s.carriers[v] = slices.DeleteFunc(s.carriers[v], func(c *group) bool { return c == g })
		if len(s.carriers[v]) == 0 {
			delete(s.carriers, v)
		}
	}
	for _, v := range vips {
		s.carriers[v] = append(s.carriers[v], g)
	}
	g.vips = vips
}

// ownerOf returns the active group on s that carries a, or nil.
func (s *segment) ownerOf(a netip.Addr) *group {
	for _, g := range s.carriers[a] {
		if g.owner {
			return g
		}
	}
	return nil
}

// LinkChanged tells the engine about a port's interface, or about one that is
// only tracked. Groups whose family has a usable address start, the others
// stop.
func (e *Engine) LinkChanged(now time.Time, name string, l Link) {
	if e.stopped {
		return
	}
	if s := e.byName[name]; s != nil {
		e.relink(now, s, l)
	}
	e.trackLink(now, name, l.Up)
	e.Flush(now)
}

func (e *Engine) relink(now time.Time, s *segment, l Link) {
	e.leaveOldAddress(now, s, &l)
	moved := s.link.MAC != l.MAC
	s.link = l
	for _, g := range s.groups {
		e.checkOwned(now, g)
		if !g.hasMAC() {
			g.mac = l.MAC
		}
		g.moving = moved && !g.hasMAC()
		e.reconsider(now, g)
		g.moving = false
	}
	e.warnOutside(now, s)
}

// leaveOldAddress stops the groups whose address changes or goes while they
// still have the old one, for a Resign counts only from the address of the
// active router.
func (e *Engine) leaveOldAddress(now time.Time, s *segment, l *Link) {
	for _, g := range s.groups {
		was, is := g.source(&s.link), g.source(l)
		if !g.up || g.leader != nil || was == is {
			continue
		}
		why, detail := g.linkObstacle(l)
		if why == "" {
			why, detail = fsm.CauseAddressChanged, was.String()+" becomes "+is.String()
		}
		g.up, g.hindrance = false, detail
		e.step(now, g, fsm.Down{Cause: why, Detail: detail})
	}
}

// onLink returns the virtual addresses that the interface has itself.
func (g *group) onLink() []netip.Addr {
	return slices.DeleteFunc(slices.Clone(g.vips), func(a netip.Addr) bool { return !g.seg.link.Owns(a) })
}

// checkOwned notices when the interface has virtual addresses itself: those of
// a VRRP owner, or what somebody has put there.
func (e *Engine) checkOwned(now time.Time, g *group) {
	owned := g.onLink()
	if slices.Equal(owned, g.owned) {
		return
	}
	e.noteOwned(now, g, owned)
	if err := g.prepare(); err != nil {
		e.emit(now, g, eventWarning, "prepare: "+err.Error())
	}
	if g.owner { // what is prepared anew is shut
		e.take(g)
	}
}

// noteOwned remembers what the interface has, and warns unless that is meant.
func (e *Engine) noteOwned(now time.Time, g *group, owned []netip.Addr) {
	g.owned = owned
	if len(owned) > 0 && !g.ownsAddress() {
		e.warn(now, g, "owned", fmt.Sprint(owned), fmt.Sprintf(
			"the virtual addresses %v are configured on %s, whose own MAC answers for them while this router is not active: remove them", owned, g.seg.name))
	}
}
