// Package engine drives the protocol machines: it owns every group of a router,
// feeds them frames, time, link changes and commands, and turns their actions
// into batches for the ports. It has no goroutine, no clock and no socket of its
// own: one caller calls its methods, one after the other, and says what time it
// is. The daemon does that from a real-time thread, the simulator from a queue
// of virtual time.
//
// # The way of a frame
//
// Frame (receive.go) finds the interface and the group. The group gives its
// machine the message as an event (step.go), and each action that comes back
// becomes bytes in the outbox of the interface (codec.go, announce.go,
// outbox.go), or a change of the group's tenure (tenure.go): what the group has
// of its address. Flush (flush.go) carries the outboxes out: gates, then frames,
// then addresses.
//
// # Where things are
//
// The files refer to each other in one direction, but for the pointers between a
// router, its interfaces and its groups. From the bottom:
//
//   - words: port, ref, config, misfit, event, command, record, change, status
//   - values that know no group: leave, tenure, queue, delay, outbox, leases, complaints,
//     leftout, journal, advertise, objects, timing, unheard
//   - what there is: router, iface, group, and the state of a group's chores
//   - what a group does with it: keys, signed, codec, addresses, proof, announce,
//     wait, probe, passing, succession, gate, step, duplicate;
//     how two fhrpd hand a role over: agree, ask, pledge;
//     and what it remembers in order to explain itself: word, lead, story
//   - what decides whether it may: priority, restraint, forwarding, owner, vigil, obstacles, refusal
//   - what comes in: neighbors, subnet, contest, rival, differ, behind, receive,
//     absence, links, tracks, addressed, restored, resume, commands, handover, maintenance
//   - how a standby forwards for a silent router: flood (whom it asks), understudy (what follows);
//     and asks one whose hello is overdue: confirm
//   - what goes out: renew, flush
//   - the whole: build, engine, stop, tick, report, snapshot
package engine

import (
	"errors"
	"fmt"
	"time"
)

// chunk is how many groups are promoted, and how many announced, before the
// frames go out and the hellos of active groups are looked at again. It bounds
// how late those can be: a promotion is four frames and more.
const chunk = 16

// Engine is all groups of one router. Its methods must not be called at the
// same time from different goroutines.
type Engine struct {
	router  `state:"a root of its own"`
	ifaces  []*iface
	byName  map[string]*iface
	objects []*object

	stopped bool // every role has been left: nothing is done any more
	timing  Timing
}

// Options are the engine's surroundings.
type Options struct {
	// Ports has one port for each interface named in the configuration.
	Ports map[string]Port
	// Random returns numbers in [0,1) for jitter.
	Random func() float64
	// Mark returns numbers that nobody on the segment can guess: those of a
	// generator of cryptographic strength. They mark the proofs of takeovers. Nil:
	// no takeover is proven.
	Mark func() uint64
	// Observe is called for every event, from within the engine's methods.
	Observe func(Event)
	// PreActive begins a pre_active command and does not wait for it; how it
	// ended is for Engine.PreActiveDone. cancel kills it, for a reason, and
	// does not wait either. Nil: no group waits for a command.
	PreActive func(PreActive) (cancel func(why error))
	// Starved returns how long the caller's thread was ready to run and got no
	// processor since the last call, or a little earlier; false when that is not
	// known. It is asked after a stall, for why. Nil: it is never known.
	Starved func() (time.Duration, bool)
	// Maintenance is which groups are in maintenance from the start.
	Maintenance Maintenance
	// Returned is called, from within the engine's methods, with what is true after a
	// group has come back from maintenance by itself. Nil: nobody stores it.
	Returned func(Maintenance)
	// Now is when the groups start to be in their initial state.
	Now time.Time
	// Wall returns what the wall clock says at now, for keys that have their time
	// and for signed sequences. Nil: now itself, as a time of time.Now has both.
	Wall func(now time.Time) time.Time
}

// New builds the groups of a configuration. Nothing is sent and no machine runs
// until the first LinkChanged of its port. Errors name a group without a port or
// with a key that does not fit, or a leader that does not exist or follows another
// group itself.
func New(c Config, o Options) (*Engine, error) {
	e := &Engine{
		router: router{
			journal: journal{observe: o.Observe, complaints: newComplaints()},
			byID:    map[ID]*group{}, lease: c.Lease, requireForwarding: c.RequireForwarding, random: o.Random, mark: o.Mark, preActive: o.PreActive, started: o.Now, woken: o.Now, starved: o.Starved, wall: o.Wall, signing: map[string]uint32{},
		},
		byName: map[string]*iface{},
	}
	e.maintenance, e.returns, e.returned = o.Maintenance, c.Return, o.Returned
	if e.returned == nil {
		e.returned = func(Maintenance) {}
	}
	if e.observe == nil {
		e.observe = func(Event) {}
	}
	if e.wall == nil {
		e.wall = func(now time.Time) time.Time { return now }
	}
	for _, t := range c.Tracks {
		e.objects = append(e.objects, newObject(o.Now, t))
	}
	for _, gc := range c.Groups {
		if _, err := e.add(o.Now, gc, o.Ports[gc.Interface]); err != nil {
			return nil, err
		}
	}
	for _, g := range e.groups {
		if g.Follow == "" {
			continue
		}
		if err := g.followLeader(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// add puts a group on its interface, which is new when there is none of its name.
func (e *Engine) add(now time.Time, c Group, port Port) (*group, error) {
	i := e.byName[c.Interface]
	if i == nil {
		if port == nil {
			return nil, fmt.Errorf("group %s: no port for the interface", c.Ref)
		}
		i = newIface(&e.router, c.Interface, port)
		e.byName[i.name] = i
		e.ifaces = append(e.ifaces, i)
	}
	g, err := newGroup(now, &e.router, c)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", c.Ref, err)
	}
	e.useObjects(g)
	e.groups = append(e.groups, g)
	i.add(g)
	g.findNeighbors(now)
	return g, nil
}

// Groups returns how many groups there are, with those on their way out.
func (e *Engine) Groups() int { return len(e.groups) }

// useObjects binds a group to the objects that it depends on.
func (e *Engine) useObjects(g *group) {
	g.uses = nil
	for _, u := range g.Tracks {
		g.uses = append(g.uses, use{u, e.object(u.Object)})
	}
}

// Prepare hands every group to its port, in silence. Errors name the group,
// which takes no part until its port has prepared it; the others do.
func (e *Engine) Prepare() error {
	var errs error
	for _, g := range e.groups {
		if err := g.prepare(); err != nil {
			g.refuse(e.started, err)
			errs = errors.Join(errs, fmt.Errorf("prepare %s: %w", g.Ref, err))
		}
	}
	return errs
}

// Timing returns how punctual the engine has been since its start.
func (e *Engine) Timing() Timing { return e.timing }

func (e *Engine) object(name string) *object {
	for _, o := range e.objects {
		if o.Name == name {
			return o
		}
	}
	return nil
}
