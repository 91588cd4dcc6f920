package hsrp

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// base is a configured group of priority 100.
func base() Config {
	return Config{
		Version: 1, Family: hello.IPv4, Group: 7, Priority: 100,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second,
		VirtualIPs: []netip.Addr{vip},
	}
}

// own is a message of the group in base.
func own(op hello.Op, state hello.HSRPState, virtual bool) fsm.Action {
	return fsm.Send{Virtual: virtual, Message: &hello.HSRP{
		Version: 1, Op: op, State: state, Family: hello.IPv4, Group: 7, Priority: 100,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second, VirtualIP: vip,
	}}
}

func report(from, to hello.HSRPState, cause fsm.Cause) fsm.Action {
	return fsm.Report{From: from.String(), To: to.String(), Cause: cause}
}

// TestActions is the contract on what is done in which order.
func TestActions(t *testing.T) {
	preempt := base()
	preempt.Preempt = true
	claim := []fsm.Action{own(hello.OpHello, hello.Active, true), fsm.Announce{Kind: fsm.Claim}}
	lost := []fsm.Action{
		fsm.Release{},
		own(hello.OpResign, hello.Speak, false),
		own(hello.OpHello, hello.Speak, false),
		fsm.Announce{Kind: fsm.Withdraw},
	}
	preempted := func(from hello.HSRPState) []fsm.Action {
		return slices.Concat(
			[]fsm.Action{fsm.Acquire{}, own(hello.OpCoup, from, false)}, claim,
			[]fsm.Action{report(from, hello.Active, fsm.CausePreempt)})
	}
	takenBack := func(from hello.HSRPState) []fsm.Action {
		return slices.Concat([]fsm.Action{fsm.Acquire{}}, claim, []fsm.Action{report(from, hello.Active, fsm.CauseTakenBack)})
	}
	for name, tt := range map[string]struct {
		cfg   Config
		state hello.HSRPState
		ev    fsm.Event
		want  []fsm.Action
	}{
		"takeover by resign has no Coup": {base(), hello.Standby, message(hello.OpResign, hello.Active, 90),
			slices.Concat([]fsm.Action{fsm.Acquire{}}, claim, []fsm.Action{report(hello.Standby, hello.Active, fsm.CauseResigned)})},
		"preemption from Listen":  {preempt, hello.Listen, message(hello.OpHello, hello.Active, 90), preempted(hello.Listen)},
		"preemption from Speak":   {preempt, hello.Speak, message(hello.OpHello, hello.Active, 90), preempted(hello.Speak)},
		"preemption from Standby": {preempt, hello.Standby, message(hello.OpHello, hello.Active, 90), preempted(hello.Standby)},
		"a better Active is heard": {base(), hello.Active, message(hello.OpHello, hello.Active, 110),
			append(slices.Clone(lost), report(hello.Active, hello.Speak, fsm.CauseBetterActive))},
		"a Coup is heard, which is not resigned to": {base(), hello.Active, message(hello.OpCoup, hello.Standby, 110),
			append(slices.Delete(slices.Clone(lost), 1, 2), report(hello.Active, hello.Speak, fsm.CauseCoup))},
		"a worse Active is heard": {base(), hello.Active, message(hello.OpHello, hello.Active, 90), []fsm.Action{
			own(hello.OpCoup, hello.Active, true), own(hello.OpHello, hello.Active, true), fsm.Announce{Kind: fsm.Reassert}}},
		"a Resign is heard while Active": {base(), hello.Active, message(hello.OpResign, hello.Speak, 90), []fsm.Action{
			own(hello.OpHello, hello.Active, true), fsm.Announce{Kind: fsm.Reassert}}},
		"clean stop while Active": {base(), hello.Active, fsm.Down{Cause: fsm.CauseStopped}, []fsm.Action{
			fsm.Release{}, own(hello.OpResign, hello.Active, true),
			fsm.Announce{Kind: fsm.Withdraw}, report(hello.Active, hello.Initial, fsm.CauseStopped)}},
		"clean stop while Standby": {base(), hello.Standby, fsm.Down{Cause: fsm.CauseMaintenance}, []fsm.Action{
			report(hello.Standby, hello.Initial, fsm.CauseMaintenance)}},
		"start": {base(), hello.Initial, fsm.Up{Addr: self, MAC: ownMAC}, []fsm.Action{
			fsm.Announce{Kind: fsm.Withdraw}, report(hello.Initial, hello.Listen, fsm.CauseStarted)}},
		"fenced while Active": {base(), hello.Active, fsm.Fenced{Cause: fsm.CauseStalled}, []fsm.Action{
			fsm.Release{}, report(hello.Active, hello.Listen, fsm.CauseStalled)}},
		"fenced while Standby": {base(), hello.Standby, fsm.Fenced{Cause: fsm.CauseStalled}, []fsm.Action{
			report(hello.Standby, hello.Listen, fsm.CauseStalled)}},
		"handed over": {base(), hello.Active, fsm.Yield{Cause: fsm.CauseHandover}, []fsm.Action{
			fsm.Release{}, own(hello.OpResign, hello.Active, true),
			fsm.Announce{Kind: fsm.Withdraw}, report(hello.Active, hello.Listen, fsm.CauseHandover)}},
		"nothing to hand over":             {base(), hello.Standby, fsm.Yield{Cause: fsm.CauseHandover}, nil},
		"taken back in Listen":             {base(), hello.Listen, fsm.Reclaim{Cause: fsm.CauseTakenBack}, takenBack(hello.Listen)},
		"taken back in Speak":              {base(), hello.Speak, fsm.Reclaim{Cause: fsm.CauseTakenBack}, takenBack(hello.Speak)},
		"taken back in Standby":            {base(), hello.Standby, fsm.Reclaim{Cause: fsm.CauseTakenBack}, takenBack(hello.Standby)},
		"nothing to take back":             {base(), hello.Active, fsm.Reclaim{Cause: fsm.CauseTakenBack}, nil},
		"taken back in Initial":            {base(), hello.Initial, fsm.Reclaim{Cause: fsm.CauseTakenBack}, nil},
		"the address is there":             {base(), hello.Active, fsm.Served{}, []fsm.Action{own(hello.OpHello, hello.Active, true)}},
		"no address to be there":           {base(), hello.Standby, fsm.Served{}, nil},
		"fenced while Initial":             {base(), hello.Initial, fsm.Fenced{Cause: fsm.CauseStalled}, nil},
		"priority changes":                 {base(), hello.Active, fsm.SetPriority{Effective: 90, Configured: 100}, nil},
		"a leader is none of its business": {base(), hello.Active, fsm.Leader{}, nil},
		"an Advertise is none either":      {base(), hello.Standby, &fsm.Received{From: other, Message: &hello.Advertise{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := inState(tt.state, tt.cfg).Step(epoch.Add(time.Second), tt.ev)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}),
				cmpopts.IgnoreFields(fsm.Report{}, "Detail")); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
}

// TestElection covers the comparison of RFC 2281 section 5.1: priority first,
// then the address, in the byte order of the family.
func TestElection(t *testing.T) {
	for _, tt := range []struct {
		rule           string
		own, from      string
		priority, peer uint8
		lost, ignored  bool
	}{
		{rule: "higher priority wins", own: "192.0.2.9", from: "192.0.2.1", priority: 100, peer: 101, lost: true},
		{rule: "lower priority loses", own: "192.0.2.1", from: "192.0.2.9", priority: 100, peer: 99},
		{rule: "equal priority, higher address wins", own: "192.0.2.1", from: "192.0.2.2", priority: 100, peer: 100, lost: true},
		{rule: "equal priority, lower address loses", own: "192.0.2.2", from: "192.0.2.1", priority: 100, peer: 100},
		{rule: "addresses are numbers, not text", own: "192.0.2.9", from: "192.0.2.10", priority: 100, peer: 100, lost: true},
		{rule: "IPv6 compares 16 bytes", own: "fe80::2", from: "fe80::1:0:0:1", priority: 100, peer: 100, lost: true},
		{rule: "a zone does not count", own: "fe80::2%a", from: "fe80::1%b", priority: 100, peer: 100},
		{rule: "mapped IPv4 is IPv4", own: "192.0.2.2", from: "::ffff:192.0.2.1", priority: 100, peer: 100},
		{rule: "own address is ignored", own: "fe80::2", from: "fe80::2%b", priority: 100, peer: 200, ignored: true},
		{rule: "priority 0 may take part", own: "192.0.2.9", from: "192.0.2.1", priority: 0, peer: 0},
	} {
		t.Run("RFC2281/5.1/"+tt.rule, func(t *testing.T) {
			cfg := base()
			cfg.Priority = tt.priority
			g := New(cfg)
			g.Step(epoch, fsm.Up{Addr: netip.MustParseAddr(tt.own), MAC: ownMAC})
			runTo(g, epoch.Add(20*time.Second))
			if g.state != hello.Active {
				t.Fatalf("%s after twice the hold time alone", g.state)
			}
			ev := message(hello.OpHello, hello.Active, tt.peer)
			ev.From = netip.MustParseAddr(tt.from)
			got := g.Step(epoch.Add(21*time.Second), ev)
			if lost := g.state == hello.Speak; lost != tt.lost {
				t.Errorf("%s, want the role lost: %t", g.state, tt.lost)
			}
			if ignored := len(got) == 0; ignored != tt.ignored {
				t.Errorf("%d actions, want ignored: %t", len(got), tt.ignored)
			}
		})
	}
}

// runTo serves every deadline up to and including until.
func runTo(g *Group, until time.Time) (actions []fsm.Action) {
	for range 10_000 {
		at, armed := g.Deadline()
		if !armed || at.After(until) {
			return actions
		}
		actions = append(actions, g.Step(at, fsm.Tick{})...)
	}
	panic("the deadline does not move")
}

func TestRFC2281Rules(t *testing.T) {
	at := func(d time.Duration) time.Time { return epoch.Add(d) }
	t.Run("RFC2281/5.3/silent in Listen and Learn", func(t *testing.T) {
		for _, cfg := range []Config{base(), {Version: 1}} {
			g := New(cfg)
			got := slices.Clone(g.Step(epoch, fsm.Up{Addr: self, MAC: ownMAC}))
			got = append(got, runTo(g, at(9999*time.Millisecond))...)
			if sentLetters(got) != "" {
				t.Errorf("sent %s in %s", sentLetters(got), g.state)
			}
		}
	})
	t.Run("RFC2281/5.3/Learn without a teacher lasts", func(t *testing.T) {
		g := New(Config{Version: 1})
		g.Step(epoch, fsm.Up{Addr: self, MAC: ownMAC})
		if got := runTo(g, at(time.Hour)); len(got) > 0 || g.state != hello.Learn {
			t.Errorf("%s after %d actions", g.state, len(got))
		}
	})
	t.Run("RFC2281/5.4/an early Tick does nothing", func(t *testing.T) {
		for state := hello.Initial; state <= hello.Active; state++ {
			g := inState(state, base())
			before := *g
			if got := g.Step(at(time.Second), fsm.Tick{}); len(got) > 0 || !sameTimers(before, *g) {
				t.Errorf("%s: %v", state, got)
			}
		}
	})
	t.Run("RFC2281/5.4/hellos are jittered from 80 % to 100 %", func(t *testing.T) {
		for _, tt := range []struct{ hello, atZero, atOne time.Duration }{
			{3 * time.Second, 3 * time.Second, 2400 * time.Millisecond},
			{10 * time.Second, 10 * time.Second, 8 * time.Second},
			{200 * time.Millisecond, 200 * time.Millisecond, 190 * time.Millisecond},
		} {
			for random, want := range map[float64]time.Duration{0: tt.atZero, 1: tt.atOne} {
				cfg := base()
				cfg.HelloTime, cfg.HoldTime = tt.hello, 4*tt.hello
				cfg.Jitter = func() float64 { return random }
				g := inState(hello.Active, cfg)
				g.helloAt = at(0)
				g.Step(at(0), fsm.Tick{})
				if got := g.Status().NextHello.Sub(epoch); got != want {
					t.Errorf("hello %s, random %v: next in %s, want %s", tt.hello, random, got, want)
				}
			}
		}
	})
	t.Run("RFC2281/5.4/a standby router's hello leaves with the active router's if it may and is due soon", func(t *testing.T) {
		for _, tt := range []struct {
			state, heard hello.HSRPState
			priority     uint8
			left         time.Duration // to the hello, of a hello time of 3 s
			company      bool
			want         string
			next         time.Duration
		}{
			{hello.Standby, hello.Active, 110, 900 * time.Millisecond, true, "F", 3 * time.Second},
			{hello.Standby, hello.Active, 90, 900 * time.Millisecond, true, "F", 3 * time.Second},
			{hello.Standby, hello.Active, 110, 901 * time.Millisecond, true, "", 901 * time.Millisecond},
			{hello.Standby, hello.Active, 110, 900 * time.Millisecond, false, "", 900 * time.Millisecond},
			{hello.Standby, hello.Speak, 90, 900 * time.Millisecond, true, "", 900 * time.Millisecond},
			{hello.Speak, hello.Active, 110, 900 * time.Millisecond, true, "", 900 * time.Millisecond},
			{hello.Active, hello.Standby, 90, 900 * time.Millisecond, true, "", 900 * time.Millisecond},
		} {
			cfg := base()
			cfg.Preempt, cfg.Company = false, func() bool { return tt.company }
			g := inState(tt.state, cfg)
			g.helloAt = at(tt.left)
			got := sentLetters(g.Step(at(0), message(hello.OpHello, tt.heard, tt.priority)))
			if next := g.Status().NextHello.Sub(epoch); got != tt.want || next != tt.next {
				t.Errorf("%s hears %s, %v before its own hello: sends %q, next in %v, want %q, %v", tt.state, tt.heard, tt.left, got, next, tt.want, tt.next)
			}
		}
	})
	t.Run("RFC2281/5.6/hold time of the hello, not the own one", func(t *testing.T) {
		g := inState(hello.Standby, base())
		g.Step(at(time.Second), message(hello.OpHello, hello.Active, 110))
		if got := g.Status().Active.Expires; !got.Equal(at(time.Second + peerHold)) {
			t.Errorf("Active timer at %s", got.Sub(epoch))
		}
	})
	t.Run("RFC2281/5.6/no hold time is longer than can be configured", func(t *testing.T) {
		g := inState(hello.Standby, base())
		ev := message(hello.OpHello, hello.Active, 110)
		ev.Message.(*hello.HSRP).HoldTime = (1<<32 - 1) * time.Millisecond
		g.Step(at(time.Second), ev)
		if got := g.Status().Active.Expires; !got.Equal(at(256 * time.Second)) {
			t.Errorf("Active timer at %s", got.Sub(epoch))
		}
	})
	t.Run("RFC2281/5.6/no hold time carried, the own one", func(t *testing.T) {
		for _, state := range []hello.HSRPState{hello.Active, hello.Standby} {
			g := inState(hello.Listen, base())
			ev := message(hello.OpHello, state, 110)
			ev.Message.(*hello.HSRP).HoldTime = 0
			g.Step(at(time.Second), ev)
			s := g.Status()
			if got := map[hello.HSRPState]fsm.Peer{hello.Active: s.Active, hello.Standby: s.Standby}[state].Expires; !got.Equal(at(11 * time.Second)) {
				t.Errorf("%s timer at %s", state, got.Sub(epoch))
			}
		}
	})
	t.Run("RFC2281/5.1/a hold time that does not exceed the hello time is none", func(t *testing.T) {
		for _, tt := range []struct{ hello, hold, want time.Duration }{ // base has 3 s and 10 s
			{3 * time.Second, 4 * time.Second, 4 * time.Second},
			{3 * time.Second, 3 * time.Second, 10 * time.Second},
			{time.Second, time.Millisecond, 10 * time.Second},
			{5 * time.Second, time.Second, 15 * time.Second},
			{5 * time.Second, 0, 15 * time.Second},
			{0, 0, 10 * time.Second},
			{1 << 32 * time.Millisecond, time.Second, hello.MaxHoldTime},
		} {
			g := inState(hello.Standby, base())
			ev := message(hello.OpHello, hello.Active, 200)
			ev.Message.(*hello.HSRP).HelloTime, ev.Message.(*hello.HSRP).HoldTime = tt.hello, tt.hold
			g.Step(at(time.Second), ev)
			if got := g.Status().Active.Expires.Sub(at(time.Second)); got != tt.want {
				t.Errorf("hello %v, hold %v: counts for %v, want %v", tt.hello, tt.hold, got, tt.want)
			}
		}
	})
	t.Run("RFC2281/5.7/event d is taken before c", func(t *testing.T) {
		g := inState(hello.Speak, base())
		g.active.at, g.standby.at = at(10*time.Second), at(10*time.Second)
		g.Step(at(10*time.Second), fsm.Tick{})
		if g.state != hello.Active {
			t.Errorf("%s, want Active at the same instant", g.state)
		}
	})
	t.Run("RFC2281/5.7/event c lost in Speak is taken in Standby", func(t *testing.T) {
		g := inState(hello.Speak, base())
		runTo(g, at(55*time.Second))
		if g.state != hello.Speak || g.active.running() {
			t.Fatalf("%s, want Speak without Active timer", g.state)
		}
		runTo(g, at(60*time.Second))
		if g.state != hello.Active {
			t.Errorf("%s, want Active", g.state)
		}
	})
	t.Run("RFC2281/5.7/a worse standby makes room the same way", func(t *testing.T) {
		g := inState(hello.Speak, base())
		g.active.stop()
		g.Step(at(time.Second), message(hello.OpHello, hello.Standby, 90))
		if g.state != hello.Active {
			t.Errorf("%s, want Active", g.state)
		}
	})
	t.Run("RFC2281/5.7/a worse active router is not answered twice in a moment", func(t *testing.T) {
		g := inState(hello.Active, base())
		for _, tt := range []struct {
			after time.Duration
			want  string
		}{{0, "FG"}, {299 * time.Millisecond, ""}, {300 * time.Millisecond, "FG"}, {301 * time.Millisecond, ""}} {
			if got := sentLetters(g.Step(at(tt.after), message(hello.OpHello, hello.Active, 90))); got != tt.want {
				t.Errorf("after %s: sent %q, want %q", tt.after, got, tt.want)
			}
		}
	})
	t.Run("RFC2281/5.7/a Hello of the own is no answer: the Coup comes at once", func(t *testing.T) {
		g := inState(hello.Active, base())
		g.Step(g.helloAt, fsm.Tick{})
		if got := sentLetters(g.Step(g.said.Add(time.Millisecond), message(hello.OpHello, hello.Active, 90))); got != "G" {
			t.Errorf("sent %q, want %q", got, "G")
		}
	})
	t.Run("RFC2281/5.7/the Coup that took the role is no answer to a third router", func(t *testing.T) {
		cfg := base()
		cfg.Preempt = true
		g := inState(hello.Standby, cfg)
		if got := sentLetters(g.Step(epoch, message(hello.OpHello, hello.Active, 90))); got != "FG" {
			t.Fatalf("preempts with %q", got)
		}
		got := sentLetters(g.Step(at(time.Millisecond), from(third, message(hello.OpHello, hello.Active, 80))))
		again := sentLetters(g.Step(at(2*time.Millisecond), from(third, message(hello.OpHello, hello.Active, 80))))
		if got != "G" || again != "" {
			t.Errorf("sent %q, then %q, want one Coup", got, again)
		}
	})
	t.Run("RFC2281/5.7/a Resign is answered once in a moment, and the last one in the end", func(t *testing.T) {
		g := inState(hello.Active, base())
		var sent []time.Duration
		note := func(now time.Time, actions []fsm.Action) {
			if sentLetters(actions) == "F" {
				sent = append(sent, now.Sub(epoch))
			}
		}
		for ms := range 701 { // a Resign each millisecond
			now := at(time.Duration(ms) * time.Millisecond)
			if due, armed := g.Deadline(); armed && !due.After(now) {
				note(now, slices.Clone(g.Step(now, fsm.Tick{})))
			}
			note(now, g.Step(now, message(hello.OpResign, hello.Active, 90)))
		}
		note(at(900*time.Millisecond), runTo(g, at(900*time.Millisecond)))
		const ms = time.Millisecond
		if diff := cmp.Diff([]time.Duration{0, 300 * ms, 600 * ms, 900 * ms}, sent); diff != "" {
			t.Errorf("answered at (-want +got):\n%s", diff)
		}
	})
	t.Run("RFC2281/5.5/Coup of a worse router is no event", func(t *testing.T) {
		g := inState(hello.Active, base())
		if got := g.Step(at(time.Second), message(hello.OpCoup, hello.Listen, 90)); len(got) > 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("RFC2281/5.5/Resign of somebody else is no event", func(t *testing.T) {
		g := inState(hello.Standby, base())
		ev := message(hello.OpResign, hello.Active, 90)
		ev.From = third
		if got := g.Step(at(time.Second), ev); len(got) > 0 || g.state != hello.Standby {
			t.Errorf("%s, %v", g.state, got)
		}
	})
	t.Run("RFC2281/5.5/hellos in silent states are no event", func(t *testing.T) {
		for _, said := range []hello.HSRPState{hello.Initial, hello.Learn, hello.Listen} {
			g := inState(hello.Active, base())
			if got := g.Step(at(time.Second), message(hello.OpHello, said, 200)); len(got) > 0 || g.state != hello.Active {
				t.Errorf("%s: %s, %v", said, g.state, got)
			}
		}
	})
}

func sameTimers(a, b Group) bool {
	return a.state == b.state && a.active == b.active && a.standby == b.standby && a.helloAt == b.helloAt
}

func TestFencedRouterWaits(t *testing.T) {
	cfg := base()
	cfg.Preempt = true
	g := inState(hello.Active, cfg)
	g.Step(epoch, fsm.Fenced{Cause: fsm.CauseStalled})
	for name, events := range map[string][]fsm.Event{
		"a worse active router": {message(hello.OpHello, hello.Active, 90)},
		"a worse standby router": {message(hello.OpHello, hello.Active, 110),
			from(third, message(hello.OpHello, hello.Standby, 90))},
		"a Resign": {message(hello.OpResign, hello.Active, 90)},
	} {
		c := *g
		for i, ev := range events {
			c.Step(epoch.Add(time.Duration(i+1)*time.Second), ev)
		}
		runTo(&c, epoch.Add(9999*time.Millisecond))
		if c.state != hello.Listen {
			t.Errorf("%s within one hold time of the fence, after %s", c.state, name)
		}
	}
	runTo(g, epoch.Add(10*time.Second))
	if g.state != hello.Speak {
		t.Errorf("%s after one hold time, want Speak", g.state)
	}
}

func TestWaitingForgetsNoActiveRouter(t *testing.T) {
	g := inState(hello.Active, base())
	g.Step(epoch, fsm.Fenced{Cause: fsm.CauseStalled})
	g.Step(epoch.Add(8*time.Second), message(hello.OpHello, hello.Active, 110))
	g.Step(epoch.Add(9*time.Second), from(third, message(hello.OpHello, hello.Standby, 90)))
	runTo(g, epoch.Add(10*time.Second))
	if s := g.Status(); s.State != "Speak" || s.Active.Addr != other {
		t.Errorf("%s with active router %v, want Speak below %s", s.State, s.Active, other)
	}
}

func TestWhoIsInWhichRole(t *testing.T) {
	for name, tt := range map[string]struct {
		state           hello.HSRPState
		events          []fsm.Event
		active, standby netip.Addr
	}{
		"both heard": {hello.Listen, nil, other, third},
		"the standby was promoted": {hello.Listen,
			[]fsm.Event{from(third, message(hello.OpHello, hello.Active, 110))}, third, netip.Addr{}},
		"the active resigned": {hello.Speak,
			[]fsm.Event{message(hello.OpResign, hello.Active, 110)}, netip.Addr{}, third},
		"a Coup names the active": {hello.Active,
			[]fsm.Event{message(hello.OpCoup, hello.Standby, 110)}, other, third},
		"nobody after a fence": {hello.Standby,
			[]fsm.Event{fsm.Fenced{Cause: fsm.CauseStalled}}, netip.Addr{}, netip.Addr{}},
		"nobody after a stop": {hello.Standby,
			[]fsm.Event{fsm.Down{Cause: fsm.CauseStopped}}, netip.Addr{}, netip.Addr{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := inState(hello.Listen, base())
			g.enter(tt.state)
			for _, ev := range tt.events {
				g.Step(epoch, ev)
			}
			s := g.Status()
			if s.Active.Addr != tt.active || s.Standby.Addr != tt.standby {
				t.Errorf("active %s, standby %s, want %s, %s", s.Active.Addr, s.Standby.Addr, tt.active, tt.standby)
			}
			if s.Active.Known != tt.active.IsValid() || s.Standby.Known != tt.standby.IsValid() {
				t.Errorf("known: active %t, standby %t", s.Active.Known, s.Standby.Known)
			}
		})
	}
	t.Run("who was preempted is active no more", func(t *testing.T) {
		cfg := base()
		cfg.Preempt = true
		g := inState(hello.Standby, cfg)
		g.Step(epoch, message(hello.OpHello, hello.Active, 90))
		if g.state != hello.Active || g.active != (watch{}) {
			t.Errorf("%s, watching %v", g.state, g.active.peer)
		}
	})
	t.Run("silence ends a role", func(t *testing.T) {
		g := inState(hello.Speak, base())
		g.standby.at = epoch.Add(2 * time.Minute)
		runTo(g, epoch.Add(time.Minute))
		if s := g.Status(); s.Active.Known || !s.Standby.Known {
			t.Errorf("active %v, standby %v after the Active timer", s.Active, s.Standby)
		}
		g = inState(hello.Active, base())
		runTo(g, epoch.Add(time.Minute))
		if s := g.Status(); !s.Active.Local || s.Standby.Known {
			t.Errorf("active %v, standby %v after the Standby timer", s.Active, s.Standby)
		}
	})
	t.Run("this router", func(t *testing.T) {
		want := fsm.Peer{Known: true, Local: true, Priority: 100, MAC: ownMAC}
		if got := inState(hello.Standby, base()).Status().Standby; got != want {
			t.Errorf("%+v", got)
		}
	})
}

// from returns ev as sent by another address.
func from(addr netip.Addr, ev *fsm.Received) *fsm.Received {
	ev.From = addr
	return ev
}

func TestStopEndsTheWaitAfterAFence(t *testing.T) {
	g := inState(hello.Active, base())
	g.Step(epoch, fsm.Fenced{Cause: fsm.CauseStalled})
	g.Step(epoch, fsm.Down{Cause: fsm.CauseStopped})
	g.Step(epoch, fsm.Up{Addr: self, MAC: ownMAC})
	g.Step(epoch, message(hello.OpResign, hello.Active, 90))
	if g.state != hello.Speak {
		t.Errorf("%s, want Speak", g.state)
	}
}

// A router that died comes back while the standby router waits for its hold time.
func TestStandbyRouterIsLeftItsRoleUntilAnActiveOneCouldBeHeard(t *testing.T) {
	at := func(d time.Duration) time.Time { return epoch.Add(d) }
	start := func() *Group {
		cfg := base()
		cfg.Preempt = true
		g := New(cfg)
		g.Step(epoch, fsm.Up{Addr: self, MAC: ownMAC})
		g.Step(at(time.Second), message(hello.OpHello, hello.Standby, 90))
		return g
	}
	check := func(t *testing.T, g *Group, want hello.HSRPState) {
		t.Helper()
		if g.state != want {
			t.Errorf("%s, want %s", g.state, want)
		}
	}
	t.Run("it takes over and is preempted", func(t *testing.T) {
		g := start()
		check(t, g, hello.Listen)
		g.Step(at(2*time.Second), message(hello.OpHello, hello.Active, 90))
		check(t, g, hello.Active)
	})
	t.Run("it does not take over", func(t *testing.T) {
		g := start()
		for s := 2; s < 10; s++ {
			g.Step(at(time.Duration(s)*time.Second), message(hello.OpHello, hello.Standby, 90))
		}
		check(t, g, hello.Listen)
		runTo(g, at(10*time.Second)) // the hold time since the start
		check(t, g, hello.Speak)
	})
	t.Run("RFC2281/5.7/l in Listen beside an active router", func(t *testing.T) {
		g := start()
		g.Step(at(2*time.Second), from(third, message(hello.OpHello, hello.Active, 110)))
		g.Step(at(3*time.Second), message(hello.OpHello, hello.Standby, 90))
		check(t, g, hello.Speak)
	})
}

func TestDetailNamesWhoAndHowLong(t *testing.T) {
	g := inState(hello.Standby, base())
	g.Step(epoch, message(hello.OpHello, hello.Active, 110))
	got := runTo(g, epoch.Add(peerHold))
	r, _ := got[len(got)-1].(fsm.Report)
	if want := "nothing from 192.0.2.9 (priority 110) for 7.0s, hold time 7s"; r.Detail != want {
		t.Errorf("detail %q, want %q", r.Detail, want)
	}
}

func TestCausesAreInTheList(t *testing.T) {
	for ev := enabled; ev <= reclaimed; ev++ {
		o := occurrence{event: ev, message: &hello.HSRP{}}
		cause, _ := inState(hello.Listen, base()).explain(o)
		if !slices.ContainsFunc(fsm.Causes, func(c struct {
			Cause   fsm.Cause
			Meaning string
		}) bool {
			return c.Cause == cause
		}) {
			t.Errorf("event %d: cause %q is not in fsm.Causes", ev, cause)
		}
	}
}

func TestRestartCauses(t *testing.T) {
	g := New(base())
	for _, tt := range []struct{ down, up fsm.Cause }{
		{"", fsm.CauseStarted},
		{fsm.CauseInterfaceDown, fsm.CauseInterfaceUp},
		{fsm.CauseTrackShutdown, fsm.CauseTrackRestored},
	} {
		g.Step(epoch, fsm.Down{Cause: tt.down})
		got := g.Step(epoch, fsm.Up{Addr: self, MAC: ownMAC})
		if r := got[len(got)-1].(fsm.Report); r.Cause != tt.up {
			t.Errorf("up after %q: cause %q, want %q", tt.down, r.Cause, tt.up)
		}
	}
}

func TestSecondUp(t *testing.T) {
	for _, up := range []fsm.Up{{Addr: self, MAC: ownMAC}, {Addr: netip.MustParseAddr("::ffff:192.0.2.5"), MAC: ownMAC}} {
		g := inState(hello.Standby, base())
		if got := g.Step(epoch, up); len(got) > 0 || g.state != hello.Standby {
			t.Errorf("%v: %s, %v", up, g.state, got)
		}
	}
}

// Who speaks says at once where it speaks from now.
func TestAnotherAddressCostsNoRole(t *testing.T) {
	for state, want := range map[hello.HSRPState]int{hello.Learn: 0, hello.Listen: 0, hello.Speak: 1, hello.Standby: 1, hello.Active: 1} {
		g := inState(state, base())
		got := g.Step(epoch, fsm.Up{Addr: third, MAC: ownMAC})
		if g.state != state || g.addr != third || len(got) != want {
			t.Fatalf("%s becomes %s at %s with %v", state, g.state, g.addr, got)
		}
		for _, a := range got {
			if m, ok := a.(fsm.Send).Message.(*hello.HSRP); !ok || m.Op != hello.OpHello || m.State != state {
				t.Errorf("%s: sent %+v", state, a)
			}
		}
	}
}

func TestAnotherMACCostsNoRole(t *testing.T) {
	for state, want := range map[hello.HSRPState]int{hello.Listen: 0, hello.Speak: 0, hello.Standby: 0, hello.Active: 2} {
		cfg := base()
		cfg.Version = 2
		g := inState(state, cfg)
		got := g.Step(epoch, fsm.Up{Addr: self, MAC: peerMAC})
		if g.state != state || g.mac != peerMAC || len(got) != want {
			t.Fatalf("%s becomes %s with %v", state, g.state, got)
		}
		if want == 0 {
			continue
		}
		send, _ := got[0].(fsm.Send)
		if m, ok := send.Message.(*hello.HSRP); !ok || !send.Virtual || m.Op != hello.OpHello || m.State != state || m.Identifier != peerMAC {
			t.Errorf("sent %+v", got[0])
		}
		if got[1] != (fsm.Announce{Kind: fsm.Reassert}) {
			t.Errorf("announced %+v", got[1])
		}
	}
}

func TestSetPriority(t *testing.T) {
	g := inState(hello.Active, base())
	g.Step(epoch, fsm.SetPriority{Effective: 90, Configured: 120})
	if s := g.Status(); s.Priority != 90 || s.Configured != 120 {
		t.Errorf("priority %d, configured %d", s.Priority, s.Configured)
	}
	got := runTo(g, g.helloAt)
	if m := got[0].(fsm.Send).Message.(*hello.HSRP); m.Priority != 90 {
		t.Errorf("the next hello has priority %d", m.Priority)
	}
	g.Step(epoch, message(hello.OpHello, hello.Active, 95))
	if g.state != hello.Speak {
		t.Errorf("%s, want the role lost to priority 95", g.state)
	}
}

func TestIdentifier(t *testing.T) {
	cfg := base()
	cfg.Version = 2
	g := inState(hello.Standby, cfg)
	ev := message(hello.OpHello, hello.Active, 110)
	g.Step(epoch, ev)
	if got := g.Status().Active.MAC; got != peerMAC {
		t.Errorf("version 1 peer has MAC %s, want the Ethernet source", got)
	}
	m := ev.Message.(*hello.HSRP)
	m.Version, m.Identifier = 2, hello.MAC{2, 1}
	g.Step(epoch, ev)
	if got := g.Status().Active.MAC; got != m.Identifier {
		t.Errorf("version 2 peer has MAC %s, want its identifier", got)
	}
	if got := g.message(hello.OpHello, hello.Standby).Identifier; got != ownMAC {
		t.Errorf("own identifier %s", got)
	}
}
