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
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/follow"
)

// chunk is how many groups are promoted, and how many announced, before the
// frames go out and the hellos of active groups are looked at again. It bounds
// how late those can be: a promotion is four frames and more.
const chunk = 16

// Engine is all groups of one daemon. Its methods must not be called at the
// same time from different goroutines.
type Engine struct {
	groups   []*group
	segments []*segment
	byName   map[string]*segment
	tracks   map[string]*track
	objects  []*track // the same in the order of the configuration
	lease    configs.Lease
	random   func() float64
	observe  func(status.Event)

	preActive func(PreActive) (cancel func(error))
	begun     []*group // waits that begin with the end of this turn
	holds     holds

	speaking queue // machines of active groups
	waiting  queue // of all others
	chores   queue // announcements, proofs, advertisements and probes of all

	doubtful []*group // to be reconsidered by the next Flush
	hindered []*group // whose obstacle the next Flush tells

	started     time.Time
	stopping    bool // every group is on its way out
	farewells   farewells
	stopped     bool      // and has left: nothing is done any more
	woken       time.Time // last Wake
	maintenance bool
	history     history
	lateness    time.Duration // of the machine being served
	timing      Timing
	complaints  complaints
}

// Options are the engine's surroundings.
type Options struct {
	// Ports has one port for each interface named in the configuration.
	Ports map[string]Port
	// Random returns numbers in [0,1) for jitter.
	Random func() float64
	// Observe is called for every event, from within the engine's methods.
	Observe func(status.Event)
	// PreActive begins a pre_active command and does not wait for it; how it
	// ended is for Engine.PreActiveDone. cancel kills it, for a reason, and
	// does not wait either. Nil: no group waits for a command.
	PreActive func(PreActive) (cancel func(why error))
	// Now is when the groups start to be in their initial state.
	Now time.Time
}

// New builds the groups of a valid configuration. Nothing is sent and no
// machine runs until the first LinkChanged of its port.
func New(c *configs.Config, o Options) (*Engine, error) {
	e := &Engine{
		byName: map[string]*segment{}, tracks: map[string]*track{}, lease: c.Daemon.Lease,
		random: o.Random, observe: o.Observe, preActive: o.PreActive,
		started: o.Now, woken: o.Now, complaints: newComplaints(),
	}
	if e.observe == nil {
		e.observe = func(status.Event) {}
	}
	for _, t := range c.Tracks {
		e.objects = append(e.objects, newTrack(t))
		e.tracks[t.Name] = e.objects[len(e.objects)-1]
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
	g.seg, g.name = seg, g.wire.refOn(seg.name)
	e.groups = append(e.groups, g)
	seg.add(g)
	e.findNeighbors(e.started, g)
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
		if g.leader.machine == nil {
			return fmt.Errorf("group %s follows %q, which follows another group itself", g.ref(), g.cfg.Follow)
		}
	}
	for _, g := range e.groups {
		if g.leader != nil {
			g.leader.followers = append(g.leader.followers, g)
			g.machine = follow.New(follow.Config{
				Protocol: g.wire.protocol, VirtualIPs: g.vips, RetryAfter: g.leader.machine.Status().HoldTime,
			})
		}
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

// Deadline returns when Wake and Tick have something to do next.
func (e *Engine) Deadline() (time.Time, bool) {
	if e.stopped {
		return time.Time{}, false
	}
	at, armed := e.urgent()
	for _, next := range [...]func() (time.Time, bool){e.chores.next, e.farewellDeadline, e.holdsDeadline} {
		if d, ok := next(); ok && (!armed || d.Before(at)) {
			at, armed = d, true
		}
	}
	return at, armed
}

// urgent returns the deadline of what nothing that is received may delay: the
// machines and the leases.
func (e *Engine) urgent() (time.Time, bool) {
	at, armed := e.speaking.next()
	if d, ok := e.waiting.next(); ok && (!armed || d.Before(at)) {
		at, armed = d, true
	}
	for _, s := range e.segments {
		if d, ok := s.leaseWork(); ok && (!armed || d.Before(at)) {
			at, armed = d, true
		}
	}
	return at, armed
}

// Urgent reports whether Tick is to be called before another frame is read: a
// hello or the end of a hold time is due, or the renewal of a lease. What is to
// be announced can wait for those who have not even claimed their role.
func (e *Engine) Urgent(now time.Time) bool {
	at, armed := e.urgent()
	return armed && !e.stopped && !at.After(now)
}

// Tick serves what is due at now: leases first, then the hellos of active
// groups, then at most a chunk of the other groups and a chunk of what is to be
// announced. It flushes what it caused. When more is due Deadline returns a time
// that has passed.
func (e *Engine) Tick(now time.Time) {
	if e.stopped {
		return
	}
	e.checkLeases(now)
	e.serveDue(now, &e.speaking, e.speaking.Len())
	e.serveDue(now, &e.waiting, chunk)
	e.serveDue(now, &e.chores, chunk)
	e.Flush(now)
	e.endFarewells(now)
}

// serveDue serves at most n tasks of a queue.
func (e *Engine) serveDue(now time.Time, q *queue, n int) {
	for range n {
		t := q.popDue(now)
		if t == nil {
			return
		}
		e.serve(now, t)
	}
}

// serve does what a group is due for.
func (e *Engine) serve(now time.Time, t *task) {
	g := t.group
	if t == &g.role {
		e.lateness = now.Sub(t.due)
		e.timing.record(e.lateness)
		e.step(now, g, fsm.Tick{})
		e.lateness = 0
	} else {
		e.doChores(now, g)
	}
	e.reschedule(g)
}

func (e *Engine) doChores(now time.Time, g *group) {
	e.holdDue(now, g)
	e.announceDue(now, g)
	e.proveDue(now, g)
	e.advertiseDue(now, g)
	e.probeDue(now, g)
}

// step gives a machine an event and carries out what it answers.
func (e *Engine) step(now time.Time, g *group, ev fsm.Event) {
	before, ready := g.machine.Status(), g.ready()
	var moved *fsm.Report
	for _, a := range g.machine.Step(now, ev) {
		e.apply(now, g, before, a)
		if r, ok := a.(fsm.Report); ok && len(g.followers) > 0 {
			moved = &r
		}
	}
	e.reschedule(g)
	if moved != nil {
		e.tellFollowers(now, g, *moved)
	}
	if g.leader != nil && g.ready() != ready {
		e.doubt(g.leader)
	}
}

// Stop takes every group out of its election: resign, announce the real
// address, release when the successor is heard or has had its time. Call Tick
// as before until Stopped; the engine ignores everything afterwards.
func (e *Engine) Stop(now time.Time) {
	if e.stopped {
		return
	}
	e.stopping = true
	for _, followers := range []bool{false, true} {
		for _, g := range e.groups {
			if followers == (g.leader != nil) {
				e.reconsider(now, g)
			}
		}
	}
	e.lastWords(now)
	e.endFarewells(now)
}

// AddressFailed is the port's answer when Address could not do its work.
func (e *Engine) AddressFailed(now time.Time, id ID, err error) {
	g := e.byID(id)
	if e.stopped || g == nil || !g.owner {
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
