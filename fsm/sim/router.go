package sim

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

const nic = "eth0"

// maxBacklog is how many frames a stalled host's socket buffer holds, unless it is said.
const maxBacklog = 2000

// router is a host: an engine when its process runs, and the kernel's gates,
// which outlive the process by their lease.
type router struct {
	w      *world
	lan    *lan
	id     int
	config engine.Config
	first  engine.Config // before it is reloaded
	runs   engine.Config // what the process has read
	killed bool          // a successor has died in its place
	link   engine.Link
	stored engine.Maintenance // on its disk, which outlives the process
	up     bool               // link
	up2    bool               // that on the second segment
	deaf   bool               // the switch port does not forward yet
	ups    int                // how often the link came up; what an earlier time planned means nothing
	engine *engine.Engine
	life   int // number of starts; an older life's timers mean nothing

	preActive time.Duration // how long the command takes
	checks    time.Duration // until the first result of what it tracks; 0: it tracks nothing
	ignorant  time.Time     // until then it must not preempt

	bare     bool          // the interface has no address
	forwards time.Duration // after the link came up
	clock    time.Duration // how far ahead it is

	forgets bool // a process with a fault: it does not read its disk when it starts
	refuses bool // the kernel does, what is asked of it for groups
	stalled bool
	stopped time.Time // when it stalled last
	backlog [][]byte
	buffer  int                // how many it can be
	waking  map[hello.MAC]bool // in its first turn after a stall: what it must not claim
	posts   []func()           // what has happened beside the loop while it was stalled
	armed   time.Time
	round   engine.Round // of the last addresses that were asked for
	file    int          // which of reloads it was given last, from 1; 0: its first one. Only for who explores
	marks   uint64       // numbers given out

	port    func(engine.Port) engine.Port // what the engine gets for this router as its port
	gates   map[engine.ID]*gate           // of all groups
	virtual map[hello.MAC]engine.ID       // the groups' MACs
	answers bool                          // its kernel does, for the host's own address
	lies    *router                       // it answers for that one's address as well, with its own MAC; may be nil
	tap     time.Time                     // until when nobody looks out
	lookout []hello.MAC                   // whose frames the tap notices
	flooded uint64
	report  func(string)
	broken  func(string)

	renews   func() bool // whether another process takes over before this turn; may be nil
	disturbs func()      // a group stops, or starts: as one that was refused does after a pause
}

func (r *router) name() string { return string(rune('a' + r.id)) }

// start runs the process, unless it runs. The gates that an earlier one left open are
// found; what it left else is cleaned up.
func (r *router) start() {
	if r.engine != nil {
		return
	}
	r.life++
	r.stalled, r.backlog, r.posts, r.armed = false, nil, nil, time.Time{}
	old, oldMACs := r.gates, r.virtual
	r.gates, r.virtual = map[engine.ID]*gate{}, map[hello.MAC]engine.ID{}
	e, err := engine.New(r.config, r.options())
	if err != nil {
		panic(err) // the configuration is the simulator's own
	}
	if err := e.Prepare(); err != nil && !r.refuses {
		panic(err)
	}
	r.engine, r.runs = e, r.config
	r.find(old, oldMACs)
	r.check()
	r.linkChanged()
}

// options are the surroundings of an engine of this router.
func (r *router) options() engine.Options {
	return engine.Options{
		Now:    r.w.now,
		Ports:  r.ports(),
		Random: r.w.random.Float64,
		Mark:   r.mark,
		Observe: func(ev engine.Event) {
			r.report(fmt.Sprintf("%12v %s %s: %s%s", r.w.elapsed(), r.name(), ev.Kind, ev.Message, causeOf(ev)))
			if t := ev.Transition; t != nil && t.Cause == fsm.CauseResumed {
				r.checkResumed(t)
			}
			if t := ev.Transition; t != nil {
				r.checkPatience(t)
			}
			if unbelieved(ev) {
				r.broken(fmt.Sprintf("router %s: %s", r.name(), ev.Message))
			}
			if t := ev.Transition; t != nil && (strings.HasPrefix(t.From, "Init") || strings.HasPrefix(t.To, "Init")) {
				r.disturbs()
			}
		},
		PreActive: r.runPreActive,
		Wall:      func(now time.Time) time.Time { return now.Add(r.clock) },

		Maintenance: r.remembered(),
		Returned: func(m engine.Maintenance) {
			r.stored = m
			r.disturbs()
		},
	}
}

func causeOf(ev engine.Event) string {
	if ev.Transition == nil {
		return ""
	}
	return " (" + string(ev.Transition.Cause) + ": " + ev.Transition.Detail + ")"
}

// runPreActive implements engine.Options.PreActive. A command that is killed
// ends all the same, as it does beside a real loop.
func (r *router) runPreActive(p engine.PreActive) func(error) {
	life, ended := r.life, false
	end := func(err error) {
		if ended || r.life != life {
			return
		}
		ended = true
		r.post(func() { r.engine.PreActiveDone(r.w.now, p.Group, p.Transition.ID, err) })
	}
	r.w.after(r.preActive, func() { end(nil) })
	return func(why error) { r.w.after(0, func() { end(why) }) }
}

// post has the loop do something.
func (r *router) post(fn func()) {
	r.posts = append(r.posts, fn)
	if !r.stalled {
		r.turn(nil)
	}
}

// crash ends the process without a word. The gates run out by themselves.
func (r *router) crash() {
	r.engine = nil
	r.life++
	r.backlog, r.posts = nil, nil
}

// stop ends it cleanly.
func (r *router) stop() {
	if r.engine == nil || r.stalled {
		return
	}
	r.engine.Stop(r.w.now)
	r.rearm()
	r.left()
}

// left ends a process that was told to stop and has left every role.
func (r *router) left() {
	if r.engine != nil && r.engine.Stopped() {
		r.crash()
	}
}

// setLink takes the link from the router, or gives it back with a port that
// forwards later.
func (r *router) setLink(up bool) {
	if up && !r.up && r.forwards > 0 {
		r.deaf = true
		r.ups++
		ups := r.ups
		r.w.after(r.forwards, func() {
			if r.ups == ups && r.up {
				r.deaf = false
				r.disturbs()
			}
		})
	}
	r.up = up
	r.linkChanged()
}

func (r *router) linkChanged() {
	if r.engine == nil || r.stalled {
		return
	}
	l := r.link
	l.Up = r.up
	if r.bare {
		l.Addr4, l.LinkLocal, l.Addrs = netip.Addr{}, netip.Addr{}, nil
	}
	r.engine.LinkChanged(r.w.now, nic, l)
	if r.lan.second != nil {
		r.engine.LinkChanged(r.w.now, nic2, r.secondLink())
	}
	r.rearm()
}

// resume schedules a process again that was stalled.
func (r *router) resume() {
	if !r.stalled {
		return
	}
	r.stalled = false
	if r.engine == nil {
		return
	}
	backlog := r.backlog
	r.backlog = nil
	r.waking = r.takenOver(backlog)
	r.turn(backlog)
	r.waking = nil
	r.linkChanged()
}

// stall stops scheduling the process.
func (r *router) stall() { r.stalled, r.stopped = true, r.w.now }

// takenOver returns the virtual MACs that others have claimed while the process
// was stalled for longer than they wait for it, and which it may not take: it has
// lost them, or does not preempt.
func (r *router) takenOver(frames [][]byte) map[hello.MAC]bool {
	list := map[hello.MAC]bool{}
	if r.engine == nil || len(frames) == r.buffer {
		return list
	}
	for _, g := range r.engine.Status(r.w.now).Groups {
		hold := g.Machine.HoldTime
		if g.Ref.Protocol == hello.ProtocolVRRP {
			hold = 3 * g.Machine.HelloTime
		}
		if g.Preempt && g.Machine.Role != fsm.Active || r.w.now.Sub(r.stopped) < hold {
			continue
		}
		for _, f := range frames {
			if hello.MAC(f[6:12]) == g.MAC { // an answer to ARP says neither
				list[g.MAC] = !givesUp(f) && (list[g.MAC] || claimsRole(f))
			}
		}
	}
	return list
}

func (r *router) receive(on string, frame []byte) {
	if r.up && !r.deaf && on == nic {
		if reply := r.kernelAnswers(frame); reply != nil {
			r.lan.send(r.id, reply)
		}
	}
	switch {
	case r.engine == nil || on == nic && (!r.up || r.deaf) || on == nic2 && !r.up2:
	case r.stalled && on == nic2: // nothing there decides over roles by itself
	case r.stalled:
		if len(r.backlog) < r.buffer {
			r.backlog = append(r.backlog, frame)
		}
	default:
		r.turnOn(on, [][]byte{frame})
	}
}

// turn is one round of the daemon's loop.
func (r *router) turn(frames [][]byte) { r.turnOn(nic, frames) }

// turnOn is one in which frames were heard on an interface.
func (r *router) turnOn(on string, frames [][]byte) {
	now := r.w.now
	if r.renews != nil && r.renews() {
		r.succeed()
	}
	r.engine.Wake(now, 0)
	for _, f := range frames {
		r.engine.Frame(now, on, f, true)
	}
	r.engine.CaughtUp(now, r.overrun(frames)...)
	posts := r.posts
	r.posts = nil
	for _, fn := range posts {
		fn()
	}
	r.engine.Tick(now)
	r.checkAddresses()
	r.checkStored()
	r.rearm()
	r.left()
}

// overrun names the interface whose buffer was too small for what came.
func (r *router) overrun(frames [][]byte) []string {
	if len(frames) < r.buffer {
		return nil
	}
	return []string{nic}
}

// rearm plans the next turn for the engine's deadline, late by what a busy
// host may be.
func (r *router) rearm() {
	at, armed := r.engine.Deadline()
	if !armed {
		return
	}
	if at.Before(r.w.now) {
		at = r.w.now
	}
	at = at.Add(time.Duration(r.w.random.Float64() * float64(time.Millisecond)))
	if !r.armed.IsZero() && r.armed.After(r.w.now) && !at.Before(r.armed) {
		return
	}
	r.armed = at
	life := r.life
	r.w.plan(at, what{kind: "turn", router: r, life: life}, func() {
		if r.armed.Equal(at) {
			r.armed = time.Time{}
		}
		if r.life == life && r.engine != nil && !r.stalled {
			r.turn(nil)
		}
	})
}

// LookOut implements engine.Port.
func (r *router) LookOut(macs []hello.MAC) { r.lookout = slices.Clone(macs) }

// Flooded implements engine.Port.
func (r *router) Flooded() uint64 { return r.flooded }

// Transmit implements engine.Port.
func (r *router) Transmit(frames [][]byte) (unsent []int, err error) {
	return r.transmitOn(nic, frames)
}

func (r *router) transmitOn(on string, frames [][]byte) (unsent []int, err error) {
	for _, f := range frames {
		if why := r.forbidden(f); why != "" {
			r.broken(fmt.Sprintf("router %s sent %s with its gate shut", r.name(), why))
		}
		if r.waking[hello.MAC(f[6:12])] {
			r.broken(fmt.Sprintf("router %s was stalled and spoke from a virtual MAC that another router has claimed meanwhile", r.name()))
		}
		switch {
		case on == nic2 && r.up2:
			r.lan.second.send(r.id, f)
		case on == nic && r.up && !r.deaf:
			r.lan.send(r.id, f)
		}
	}
	return nil, nil
}

// Unicast implements engine.Port.
func (r *router) Unicast(src, dst netip.Addr, payload []byte) error { return nil }

// Address implements engine.Port.
func (r *router) Address(round engine.Round, add, remove []engine.ID) {
	for _, id := range add {
		r.gates[id].owns = true
	}
	for _, id := range remove {
		r.gates[id].owns = false
	}
	if len(add) == 0 {
		return
	}
	r.round = round
	life, add := r.life, slices.Clone(add)
	what := what{kind: "addressed", router: r, life: life, data: binary.AppendUvarint(nil, uint64(round))}
	r.w.plan(r.w.now.Add(time.Duration(r.w.random.Float64()*float64(slowestAddress))), what, func() {
		if r.engine != nil && r.life == life {
			r.post(func() { r.engine.Addressed(r.w.now, round, add, nil) })
		}
	})
}

// slowestAddress is how long a kernel needs at most for the addresses.
const slowestAddress = 5 * time.Millisecond

// mac is the router's own MAC.
func (r *router) mac() hello.MAC { return hello.MAC{0x02, 0, 0, 0, 0, byte(r.id + 1)} }
