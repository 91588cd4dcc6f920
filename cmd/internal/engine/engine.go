// Package engine drives the protocol machines: it owns every group of the
// daemon, feeds them frames, time, link changes and commands, and turns their
// actions into batches for the ports. It has no goroutine, no clock and no
// socket of its own: one caller calls its methods, one after the other, and
// says what time it is. The daemon does that from a real-time thread, the
// simulator from a queue of virtual time.
package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// chunk is how many groups that are not active are served before frames go
// out and the active ones are looked at again.
const chunk = 64

// Engine is all groups of one daemon. Its methods must not be called at the
// same time from different goroutines.
type Engine struct {
	groups   []*group
	segments []*segment
	byName   map[string]*segment
	tracks   map[string]*track
	lease    configs.Lease
	random   func() float64
	observe  func(status.Event)

	speaking queue // active groups
	waiting  queue // all others

	stopping    bool
	maintenance bool
	nextEvent   int
	transitions []status.Transition
	lateness    time.Duration // of the tick being served
	timing      Timing
	warned      map[warning]time.Time
}

// Options are the engine's surroundings.
type Options struct {
	// Ports has one port for each interface named in the configuration.
	Ports map[string]Port
	// Random returns numbers in [0,1) for jitter.
	Random func() float64
	// Observe is called for every event, from within the engine's methods.
	Observe func(status.Event)
}

// New builds the groups of a valid configuration. Nothing is sent and no
// machine runs until the first LinkChanged of its port.
func New(c *configs.Config, o Options) (*Engine, error) {
	e := &Engine{
		byName: map[string]*segment{}, tracks: map[string]*track{}, lease: c.Daemon.Lease,
		random: o.Random, observe: o.Observe, warned: map[warning]time.Time{},
	}
	if e.observe == nil {
		e.observe = func(status.Event) {}
	}
	for _, t := range c.Tracks {
		e.tracks[t.Name] = newTrack(t)
	}
	for _, h := range c.HSRP {
		g, err := e.newHSRP(h)
		if err != nil {
			return nil, fmt.Errorf("group %s:%d: %w", h.Interface, h.ID, err)
		}
		if err := e.add(g, o.Ports[h.Interface]); err != nil {
			return nil, err
		}
	}
	for _, v := range c.VRRP {
		if err := e.add(e.newVRRP(v), o.Ports[v.Interface]); err != nil {
			return nil, err
		}
	}
	return e, e.bindFollowers()
}

func (e *Engine) add(g *group, port Port) error {
	if port == nil {
		return fmt.Errorf("group %s:%d: no port for the interface", g.cfg.Interface, g.wire.number)
	}
	seg := e.byName[g.cfg.Interface]
	if seg == nil {
		seg = newSegment(g.cfg.Interface, port)
		e.byName[seg.name] = seg
		e.segments = append(e.segments, seg)
	}
	g.seg = seg
	e.groups = append(e.groups, g)
	seg.add(g)
	e.findNeighbors(time.Time{}, g)
	return nil
}

func (e *Engine) bindFollowers() error {
	for _, g := range e.groups {
		if g.cfg.Follow == "" {
			continue
		}
		i := indexByName(e.groups, g.cfg.Follow)
		if i < 0 {
			return fmt.Errorf("group %s follows %q, which does not exist", g.ref(), g.cfg.Follow)
		}
		g.leader = e.groups[i]
		g.leader.followers = append(g.leader.followers, g)
	}
	return nil
}

func indexByName(groups []*group, name string) int {
	for i, g := range groups {
		if g.cfg.Name == name {
			return i
		}
	}
	return -1
}

// Prepare hands every group to its port, in silence. Errors name the group;
// groups that could be prepared stay prepared.
func (e *Engine) Prepare() error {
	var errs error
	for _, g := range e.groups {
		if err := g.prepare(); err != nil {
			errs = errors.Join(errs, fmt.Errorf("prepare %s: %w", g.ref(), err))
		}
	}
	return errs
}

func (g *group) prepare() error {
	v := Virtual{Addrs: g.vips, Accept: g.accept, Owned: g.owned}
	if g.hasMAC() {
		v.MAC = g.mac
	}
	return g.seg.port.Add(g.id, v)
}

// Deadline returns when Tick has something to do next.
func (e *Engine) Deadline() (time.Time, bool) {
	at, armed := e.speaking.next()
	if d, ok := e.waiting.next(); ok && (!armed || d.Before(at)) {
		at, armed = d, true
	}
	for _, s := range e.segments {
		if d, ok := s.renewal(); ok && (!armed || d.Before(at)) {
			at, armed = d, true
		}
	}
	return at, armed
}

// Tick serves what is due at now: leases first, then the groups that are
// active, then at most a chunk of the others. It flushes what it caused. When
// more is due Deadline returns a time that has passed.
func (e *Engine) Tick(now time.Time) {
	e.checkLeases(now)
	for g := e.speaking.popDue(now); g != nil; g = e.speaking.popDue(now) {
		e.serve(now, g)
	}
	for range chunk {
		g := e.waiting.popDue(now)
		if g == nil {
			break
		}
		e.serve(now, g)
	}
	e.Flush(now)
}

// serve gives one due group its tick.
func (e *Engine) serve(now time.Time, g *group) {
	e.lateness = now.Sub(g.due)
	e.timing.record(e.lateness)
	if at, armed := g.machine.Deadline(); armed && !at.After(now) {
		e.step(now, g, fsm.Tick{})
	}
	e.announceDue(now, g)
	e.proveDue(now, g)
	e.reschedule(g)
	e.lateness = 0
}

// step gives a machine an event and carries out what it answers.
func (e *Engine) step(now time.Time, g *group, ev fsm.Event) {
	before := g.machine.Status()
	for _, a := range g.machine.Step(now, ev) {
		e.apply(now, g, before, a)
	}
	e.reschedule(g)
}

// LinkChanged tells the engine about a port's interface. Groups whose family
// has a usable address start, the others stop.
func (e *Engine) LinkChanged(now time.Time, name string, l Link) {
	seg := e.byName[name]
	if seg == nil {
		e.trackLink(now, name, l.Up)
		return
	}
	cameUp := l.Up && !seg.link.Up
	seg.link = l
	for _, g := range seg.groups {
		e.checkOwned(now, g)
		if !g.hasMAC() {
			g.mac = l.MAC
		}
		if cameUp && g.owner {
			// A flap flushes routes and neighbours' and switches' memory of us.
			seg.out.add = append(seg.out.add, g.id)
		}
	}
	for _, g := range seg.groups {
		e.reconsider(now, g, "")
	}
	e.trackLink(now, name, l.Up)
	e.Flush(now)
}

// checkOwned notices when the interface has a VRRP owner's addresses itself.
func (e *Engine) checkOwned(now time.Time, g *group) {
	owned := len(g.vips) > 0 && g.seg.link.Owns(g.vips[0])
	if owned == g.owned {
		return
	}
	g.owned = owned
	if err := g.prepare(); err != nil {
		e.emit(now, g, eventWarning, "prepare: "+err.Error())
		return
	}
	if g.owner {
		// Preparing again has shut the gate.
		e.acquire(now, g)
	}
}

// Stop takes every group out of its election: resign, release, announce the
// real address. The engine does nothing afterwards.
func (e *Engine) Stop(now time.Time) {
	e.stopping = true
	for _, g := range e.groups {
		e.reconsider(now, g, "")
	}
	e.Flush(now)
}

// AddressFailed is the port's answer when Address could not do its work.
func (e *Engine) AddressFailed(now time.Time, id ID, err error) {
	g := e.byID(id)
	if g == nil || !g.owner {
		return
	}
	e.step(now, g, fsm.Failed{Err: err})
	e.Flush(now)
}

func (e *Engine) byID(id ID) *group {
	if i := int(id) - 1; i >= 0 && i < len(e.groups) {
		return e.groups[i]
	}
	return nil
}

// ownerOf returns the active group on seg that carries a, or nil.
func (s *segment) ownerOf(a netip.Addr) *group {
	for _, g := range s.carriers[a] {
		if g.owner {
			return g
		}
	}
	return nil
}

// segment is one port with the groups on it.
type segment struct {
	name     string
	port     Port
	link     Link
	groups   []*group
	byWire   map[wireID]*group
	carriers map[netip.Addr][]*group // by virtual address
	gateways []netip.Addr
	out      outbox
	renewed  time.Time     // when the leases were last known to be whole
	lease    time.Duration // the shortest in force, 0 when none is
	lost     []ID          // groups whose lease ran out; the next Tick fences them
	rejected map[hello.Reject]uint64

	advertises uint64
	framesLost uint64
	lastError  error
	hsrp       hello.HSRPPacket
	vrrp       hello.VRRPPacket
}

func newSegment(name string, port Port) *segment {
	return &segment{
		name: name, port: port, link: Link{Name: name},
		byWire: map[wireID]*group{}, carriers: map[netip.Addr][]*group{}, rejected: map[hello.Reject]uint64{},
	}
}

func (s *segment) add(g *group) {
	s.groups = append(s.groups, g)
	s.byWire[g.wire] = g
	s.carry(g)
}

// carry indexes the group's virtual addresses.
func (s *segment) carry(g *group) {
	for _, v := range g.vips {
		s.carriers[v] = append(s.carriers[v], g)
	}
}
