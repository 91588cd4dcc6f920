package hsrp

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// lan is a segment in virtual time: a message sent reaches all other routers
// that are switched on and connected one delay later.
type lan struct {
	t       *testing.T
	now     time.Time
	routers []*router
	flight  []packet
	log     []string
}

type packet struct {
	at time.Time
	to *router
	ev *fsm.Received
}

type router struct {
	*Group
	addr    netip.Addr
	off     bool // crashed or stopped
	apart   bool // cut off from the others
	holding bool // between Acquire and Release
}

const delay = time.Millisecond

func newLAN(t *testing.T, seed uint64, cfgs ...Config) *lan {
	l := &lan{t: t, now: epoch}
	random := rand.New(rand.NewPCG(seed, 0))
	for i, cfg := range cfgs {
		cfg.Jitter = random.Float64
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})
		l.routers = append(l.routers, &router{Group: New(cfg), addr: addr})
	}
	for _, r := range l.routers {
		l.start(r)
	}
	return l
}

func (l *lan) start(r *router) {
	r.off = false
	l.step(r, fsm.Up{Addr: r.addr, MAC: hello.MAC{2, 5: r.addr.As4()[3]}})
}

// crash takes a router away without a word. Its machine starts afresh.
func (l *lan) crash(r *router) {
	r.off, r.holding = true, false
	r.Group = New(r.cfg)
}

func (l *lan) stop(r *router) {
	l.step(r, fsm.Down{Cause: fsm.CauseStopped})
	r.off = true
}

// step feeds one event and checks what must hold at every moment: a router
// holds the virtual MAC exactly while it is active, claims only what it holds,
// and uses the virtual MAC for nothing but that and its last word.
func (l *lan) step(r *router, ev fsm.Event) {
	for _, a := range r.Step(l.now, ev) {
		l.log = append(l.log, fmt.Sprintf("%s %s %T", l.now.Sub(epoch), r.addr, a))
		switch a := a.(type) {
		case fsm.Acquire:
			r.holding = true
		case fsm.Release:
			r.holding = false
		case fsm.Send:
			m := a.Message.(*hello.HSRP)
			if a.Virtual && !r.holding && m.Op != hello.OpResign {
				l.t.Errorf("%s: %s from the virtual MAC without holding it", r.addr, m.Op)
			}
			l.deliver(r, m)
		}
	}
	if r.holding != (r.Status().Role == fsm.Active) {
		l.t.Fatalf("%s: holding %t in %s", r.addr, r.holding, r.state)
	}
}

func (l *lan) deliver(from *router, m *hello.HSRP) {
	for _, to := range l.routers {
		if to != from && !from.apart {
			ev := &fsm.Received{From: from.addr, MAC: from.mac, Message: m}
			l.flight = append(l.flight, packet{l.now.Add(delay), to, ev})
		}
	}
}

// run lets d pass.
func (l *lan) run(d time.Duration) {
	end := l.now.Add(d)
	for range 100_000 {
		r, at := l.next()
		if r == nil || at.After(end) {
			l.now = end
			return
		}
		l.now = at
		if len(l.flight) > 0 && !l.flight[0].at.After(at) {
			p := l.flight[0]
			l.flight = l.flight[1:]
			if !p.to.off && !p.to.apart {
				l.step(p.to, p.ev)
			}
			continue
		}
		l.step(r, fsm.Tick{})
	}
	l.t.Fatalf("time stands still at %s", l.now.Sub(epoch))
}

// next returns when something happens next, and to whom.
func (l *lan) next() (next *router, at time.Time) {
	if len(l.flight) > 0 {
		next, at = l.flight[0].to, l.flight[0].at
	}
	for _, r := range l.routers {
		if d, armed := r.Deadline(); armed && !r.off && (next == nil || d.Before(at)) {
			next, at = r, d
		}
	}
	return next, at
}

func (l *lan) in(state hello.HSRPState) (in []netip.Addr) {
	for _, r := range l.routers {
		if !r.off && r.state == state {
			in = append(in, r.addr)
		}
	}
	return in
}

func (l *lan) want(state hello.HSRPState, routers ...*router) {
	l.t.Helper()
	want := make([]netip.Addr, 0, len(routers))
	for _, r := range routers {
		want = append(want, r.addr)
	}
	if got := l.in(state); !slices.Equal(got, want) {
		l.t.Errorf("at %s: %s in %v, want %v", l.now.Sub(epoch), state, got, want)
	}
}

func pair(preempt bool) (Config, Config) {
	a, b := base(), base()
	a.Priority, a.Preempt = 110, preempt
	return a, b
}

func TestTwoRouters(t *testing.T) {
	a, b := pair(true)
	l := newLAN(t, 1, a, b)
	better, worse := l.routers[0], l.routers[1]
	l.run(20*time.Second + delay) // Listen, Speak
	l.want(hello.Active, better)
	l.run(20*time.Second + delay) // the same again for the other one
	l.want(hello.Standby, worse)

	l.crash(better)
	l.run(10 * time.Second) // never more than the hold time
	l.want(hello.Active, worse)

	l.start(better)
	l.run(3*time.Second + delay) // preempts on the next hello
	l.want(hello.Active, better)
	l.run(10*time.Second + delay)
	l.want(hello.Standby, worse)

	l.stop(better)
	l.run(2 * delay) // a Resign does not cost a hold time
	l.want(hello.Active, worse)

	l.start(better)
	l.run(25 * time.Second)
	better.apart = true
	l.run(11 * time.Second)
	l.want(hello.Active, better, worse)
	better.apart = false
	l.run(3*time.Second + 2*delay) // two actives do not outlast one hello time
	l.want(hello.Active, better)
	l.run(11 * time.Second)
	l.want(hello.Standby, worse)

	better.off = true // stalled: the kernel closes the gate
	l.run(13 * time.Second)
	l.want(hello.Active, worse)
	better.off = false
	l.step(better, fsm.Fenced{Cause: fsm.CauseStalled})
	l.want(hello.Active, worse)
	l.run(9 * time.Second) // it listens for one hold time, whatever it hears
	l.want(hello.Active, worse)
	l.run(4*time.Second + delay)
	l.want(hello.Active, better) // then it preempts again
}

func TestNoPreemptKeepsTheActive(t *testing.T) {
	a, b := pair(false)
	l := newLAN(t, 1, a, b)
	l.run(41 * time.Second)
	l.crash(l.routers[0])
	l.run(11 * time.Second)
	l.start(l.routers[0])
	l.run(60 * time.Second)
	l.want(hello.Active, l.routers[1])
	l.want(hello.Standby, l.routers[0])
}

// TestTwoWinners proves that two routers which both believe to be the better one,
// because each takes itself for a greater address than it sends from, do not
// answer each other without end.
func TestTwoWinners(t *testing.T) {
	l := newLAN(t, 1, base(), base())
	for _, r := range l.routers {
		r.apart = true
		l.step(r, fsm.Up{Addr: netip.MustParseAddr("192.0.2.200"), MAC: r.mac})
	}
	l.run(25 * time.Second)
	for _, r := range l.routers {
		r.apart = false
	}
	l.log = nil
	l.run(30 * time.Second)
	if l.want(hello.Active, l.routers...); len(l.log) > 2*13*6 { // 13 hellos each, at most 6 actions for one
		t.Errorf("%d actions in 30 s", len(l.log))
	}
}

// TestAlwaysOneActive breaks four routers in a random way and demands that
// exactly one active and one standby router come back: Listen and Speak take a
// hold time each, for the active router and after it for the standby one.
func TestAlwaysOneActive(t *testing.T) {
	const settle = 4*10*time.Second + 3*time.Second + 10*delay
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 1))
		var cfgs []Config
		for range 4 {
			cfg := base()
			cfg.Priority = uint8(100 + random.IntN(2))
			cfg.Preempt = random.IntN(2) == 0
			cfgs = append(cfgs, cfg)
		}
		l := newLAN(t, seed, cfgs...)
		for range 20 {
			l.run(time.Duration(random.Int64N(int64(15 * time.Second))))
			l.break1(random)
		}
		for _, r := range l.routers {
			if r.apart = false; r.off {
				l.start(r)
			}
		}
		l.run(settle)
		if active, standby := l.in(hello.Active), l.in(hello.Standby); len(active) != 1 || len(standby) != 1 {
			t.Fatalf("seed %d: active %v, standby %v", seed, active, standby)
		}
	}
}

func (l *lan) break1(random *rand.Rand) {
	r := l.routers[random.IntN(len(l.routers))]
	switch fault := random.IntN(5); {
	case r.off:
		l.start(r)
	case fault == 0:
		l.crash(r)
	case fault == 1:
		l.stop(r)
	case fault == 2:
		l.step(r, fsm.Fenced{Cause: fsm.CauseStalled})
	case fault == 3:
		l.step(r, fsm.SetPriority{Effective: uint8(90 + random.IntN(20)), Configured: 100})
	default:
		r.apart = !r.apart
	}
}

func TestSameInputSameOutput(t *testing.T) {
	play := func() []string {
		a, b := pair(true)
		l := newLAN(t, 42, a, b)
		l.run(40 * time.Second)
		l.crash(l.routers[0])
		l.run(40 * time.Second)
		return l.log
	}
	first := play()
	if diff := cmp.Diff(first, play()); diff != "" || len(first) == 0 {
		t.Errorf("%d actions, and the second run differs:\n%s", len(first), diff)
	}
}

// TestStandbyKeepsOutOfAPreemption proves that the standby router does not take
// the role in the moment between another router's Coup and its first Hello,
// which on Cisco's takes up to 30 ms.
func TestStandbyKeepsOutOfAPreemption(t *testing.T) {
	worse := base()
	worse.Priority = 90
	l := newLAN(t, 1, base(), worse)
	l.run(time.Minute)
	active, standby := l.routers[0], l.routers[1]
	if active.state != hello.Active || standby.state != hello.Standby {
		t.Fatalf("%s and %s before", active.state, standby.state)
	}
	l.step(active, message(hello.OpCoup, hello.Listen, 200))
	l.run(30 * time.Millisecond)
	if active.state != hello.Speak || standby.state == hello.Active {
		t.Errorf("former active router in %s, standby router in %s", active.state, standby.state)
	}
}
