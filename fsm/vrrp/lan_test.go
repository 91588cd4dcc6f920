package vrrp

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// lan is a segment in virtual time: its routers hear each other after a random
// delay, if at all. The same seed gives the same trace.
type lan struct {
	t       *testing.T
	rng     *rand.Rand
	now     time.Time
	loss    float64
	routers []*station
	flying  []flight
	trace   strings.Builder
}

// station is a router, its place on the segment, and what it holds.
type station struct {
	*Router
	addr  netip.Addr
	deaf  bool // hears nobody and is heard by nobody
	holds bool
}

// flight is a message on its way.
type flight struct {
	at      time.Time
	to      *station
	message *fsm.Received
}

func newLAN(t *testing.T, seed uint64, configs ...Config) *lan {
	l := &lan{t: t, rng: rand.New(rand.NewPCG(seed, 0)), now: t0}
	for i, c := range configs {
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})
		l.routers = append(l.routers, &station{Router: New(c), addr: addr})
	}
	return l
}

// start brings every router up within one second.
func (l *lan) start() {
	for _, s := range l.routers {
		l.run(time.Duration(l.rng.Int64N(int64(time.Second))))
		l.step(s, fsm.Up{Addr: s.addr})
	}
}

// run lets d pass.
func (l *lan) run(d time.Duration) {
	end := l.now.Add(d)
	for steps := 0; ; steps++ {
		if steps > 100_000 {
			l.t.Fatalf("%v: no end of events", l.now.Sub(t0))
		}
		at, what := l.next()
		if what == nil || at.After(end) {
			l.now = end
			return
		}
		if at.After(l.now) {
			l.now = at
		}
		what()
	}
}

// next returns the earliest thing to happen; messages come before deadlines.
func (l *lan) next() (at time.Time, what func()) {
	for i, f := range l.flying {
		if what == nil || f.at.Before(at) {
			at, what = f.at, func() {
				l.flying = append(l.flying[:i:i], l.flying[i+1:]...)
				l.step(f.to, f.message)
			}
		}
	}
	for _, s := range l.routers {
		if d, armed := s.Deadline(); armed && (what == nil || d.Before(at)) {
			at, what = d, func() { l.step(s, fsm.Tick{}) }
		}
	}
	return at, what
}

func (l *lan) step(s *station, ev fsm.Event) {
	for _, a := range s.Step(l.now, ev) {
		fmt.Fprintf(&l.trace, "%v %v %s\n", l.now.Sub(t0), s.addr, script([]fsm.Action{a}))
		switch a := a.(type) {
		case fsm.Send:
			l.send(s, a)
		case fsm.Acquire:
			l.hold(s, true)
		case fsm.Release:
			l.hold(s, false)
		}
	}
	l.check(s)
}

func (l *lan) send(from *station, a fsm.Send) {
	m := a.Message.(*hello.VRRP)
	if m.Priority != 0 && !from.holds {
		l.t.Errorf("%v: %v claims the role without holding the addresses", l.now.Sub(t0), from.addr)
	}
	for _, to := range l.routers {
		if to == from || to.deaf || from.deaf || l.rng.Float64() < l.loss {
			continue
		}
		delay := time.Duration(l.rng.Int64N(int64(5 * ms)))
		l.flying = append(l.flying, flight{l.now.Add(delay), to, &fsm.Received{From: from.addr, Message: m}})
	}
}

func (l *lan) hold(s *station, holds bool) {
	if s.holds == holds {
		l.t.Errorf("%v: %v acquires or releases twice", l.now.Sub(t0), s.addr)
	}
	s.holds = holds
}

// check proves what must hold after every step.
func (l *lan) check(s *station) {
	l.t.Helper()
	at, armed := s.Deadline()
	status := s.Status()
	switch {
	case s.holds != (status.Role == fsm.Active):
		l.t.Errorf("%v: %v holds the addresses: %v, but is %s", l.now.Sub(t0), s.addr, s.holds, status.State)
	case armed != (status.State != "Initialize"):
		l.t.Errorf("%v: %v is %s with a deadline: %v", l.now.Sub(t0), s.addr, status.State, armed)
	case armed && at.Sub(l.now) > 4*41*time.Second:
		l.t.Errorf("%v: %v waits until %v", l.now.Sub(t0), s.addr, at.Sub(t0))
	case status.Priority == 0:
		l.t.Errorf("%v: %v has priority 0", l.now.Sub(t0), s.addr)
	}
}

// active lists who is Active.
func (l *lan) active() (list []netip.Addr) {
	for _, s := range l.routers {
		if s.state == Active {
			list = append(list, s.addr)
		}
	}
	return list
}

func (l *lan) wantActive(index int) {
	l.t.Helper()
	if diff := cmp.Diff([]netip.Addr{l.routers[index].addr}, l.active(), cmp.Comparer(sameAddr)); diff != "" {
		l.t.Errorf("%v: Active (-want +got)\n%s", l.now.Sub(t0), diff)
	}
}

// trouble does one random thing to one random router.
func (l *lan) trouble() {
	s := l.routers[l.rng.IntN(len(l.routers))]
	switch l.rng.IntN(8) {
	case 0:
		l.step(s, fsm.Down{Cause: fsm.CauseInterfaceDown})
	case 1, 2:
		l.step(s, fsm.Up{Addr: s.addr})
	case 3:
		s.deaf = !s.deaf
	case 4:
		l.step(s, fsm.SetPriority{Effective: uint8(l.rng.IntN(256)), Configured: 100})
	case 5:
		l.step(s, fsm.Fenced{Cause: fsm.CauseStalled})
	case 6:
		l.loss = l.rng.Float64()
	case 7:
		l.step(s, fsm.Tick{})
	}
}

// calm ends all trouble: everybody hears everybody and has its own priority.
func (l *lan) calm() {
	l.loss = 0
	for _, s := range l.routers {
		s.deaf = false
		l.step(s, fsm.SetPriority{Effective: s.cfg.Priority, Configured: s.cfg.Priority})
		l.step(s, fsm.Up{Addr: s.addr})
	}
}

const seeds = 60

// TestConvergence proves that after any trouble exactly the best router is
// Active, within two waits of the slowest.
func TestConvergence(t *testing.T) {
	second, fast := time.Second, 200*ms
	for _, tc := range []struct {
		name    string
		configs []Config
		best    int
		within  time.Duration
	}{
		{"two, v3", []Config{v3(priority(110)), v3()}, 0, 2 * 4 * second},
		{"two, v2", []Config{v3(version2), v3(version2, priority(110))}, 1, 2 * 4 * second},
		{"three, v3", []Config{v3(priority(90)), v3(priority(120)), v3()}, 1, 2 * 4 * second},
		{"three, v2", []Config{v3(version2, priority(90)), v3(version2), v3(version2, priority(120))}, 2, 2 * 4 * second},
		{"an owner among three, v3", []Config{v3(owner), v3(), v3(priority(200))}, 0, 2 * 4 * second},
		{"an owner among three, v2", []Config{v3(version2, owner), v3(version2), v3(version2, priority(200))}, 0, 2 * 4 * second},
		{"different intervals, v3", []Config{v3(priority(110), interval(fast)), v3(), v3(priority(90), interval(3*second))}, 0, 2 * 12 * second},
		{"preempt delay", []Config{v3(priority(110), delay(6*second)), v3()}, 0, 6*second + 2*4*second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				l := newLAN(t, seed, tc.configs...)
				l.start()
				for range 40 {
					l.run(time.Duration(l.rng.Int64N(int64(3 * second))))
					l.trouble()
				}
				l.calm()
				l.run(tc.within)
				l.wantActive(tc.best)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

// TestConvergenceOfEquals proves that equal routers, and routers that do not
// preempt, settle on one Active, and that this one then stays.
func TestConvergenceOfEquals(t *testing.T) {
	for name, configs := range map[string][]Config{
		"equal priorities": {v3(), v3(), v3()},
		"no preemption":    {v3(noPreempt), v3(noPreempt, priority(110)), v3(noPreempt, priority(90))},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				l := newLAN(t, seed, configs...)
				l.start()
				for range 40 {
					l.run(time.Duration(l.rng.Int64N(int64(3 * time.Second))))
					l.trouble()
				}
				l.calm()
				l.run(8 * time.Second)
				first := l.active()
				l.run(time.Minute)
				if again := l.active(); len(first) != 1 || len(again) != 1 || first[0] != again[0] {
					t.Fatalf("seed %d: Active is %v, a minute later %v", seed, first, again)
				}
			}
		})
	}
}

// TestTwoWinners proves that two routers which both believe they win, because
// each takes itself for a greater address than it sends from, do not answer each
// other without end.
func TestTwoWinners(t *testing.T) {
	l := newLAN(t, 1, v3(), v3())
	for _, s := range l.routers {
		s.deaf = true
		l.step(s, fsm.Up{Addr: netip.MustParseAddr("192.0.2.200")})
	}
	l.run(5 * time.Second)
	for _, s := range l.routers {
		s.deaf = false
	}
	l.trace.Reset()
	const d = 10 * time.Second
	l.run(d)
	sent := strings.Count(l.trace.String(), "send")
	if limit := 2 * int(d/replyGap); len(l.active()) != 2 || sent > limit {
		t.Errorf("%d Active sent %d advertisements in %v, want at most %d", len(l.active()), sent, d, limit)
	}
}

// TestHandOverTimes measures how long nobody is Active.
func TestHandOverTimes(t *testing.T) {
	for _, tc := range []struct {
		name    string
		leave   func(l *lan, s *station)
		atMost  time.Duration
		version func(*Config)
	}{
		{"clean stop, v3: the skew", func(l *lan, s *station) { l.step(s, fsm.Down{Cause: fsm.CauseStopped}) }, skew3 + 5*ms, func(*Config) {}},
		{"clean stop, v2: the skew", func(l *lan, s *station) { l.step(s, fsm.Down{Cause: fsm.CauseStopped}) }, skew3 + 5*ms, version2},
		{"crash: the whole wait", func(_ *lan, s *station) { s.deaf = true }, down3 + 5*ms, func(*Config) {}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLAN(t, 1, v3(priority(110), tc.version), v3(tc.version))
			l.start()
			l.run(10 * time.Second)
			l.wantActive(0)
			left := l.now
			tc.leave(l, l.routers[0])
			for l.routers[1].state != Active && l.now.Sub(left) <= tc.atMost {
				l.run(ms)
			}
			if took := l.now.Sub(left); took > tc.atMost+ms {
				t.Errorf("takeover took %v, want at most %v", took, tc.atMost)
			}
		})
	}
}

// TestDeterminism proves that the same seed gives the same actions at the same
// times, and that another seed does not.
func TestDeterminism(t *testing.T) {
	story := func(seed uint64) string {
		l := newLAN(t, seed, v3(priority(90)), v3(), v3(priority(120)))
		l.start()
		for range 100 {
			l.run(time.Second)
			l.trouble()
		}
		return l.trace.String()
	}
	if diff := cmp.Diff(story(7), story(7)); diff != "" {
		t.Errorf("two runs of one seed differ\n%s", diff)
	}
	if story(7) == story(8) {
		t.Error("two seeds give the same story: nothing was compared")
	}
}
