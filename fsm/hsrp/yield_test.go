package hsrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// afterHandover returns a router that could preempt, and has handed its role to 192.0.2.9
// with priority 90.
func afterHandover() *Group {
	c := base()
	c.Preempt = true
	g := inState(hello.Active, c)
	g.Step(epoch.Add(0), fsm.Yield{Cause: fsm.CauseHandover})
	g.Step(epoch.Add(10*time.Millisecond), message(hello.OpHello, hello.Active, 90))
	return g
}

// What was handed over is not preempted, until the role moves again or an operator
// says so.
func TestYieldedUntilTheRoleMoves(t *testing.T) {
	hears := func(d time.Duration, op hello.Op, s hello.HSRPState, from string) func(*Group) {
		return func(g *Group) {
			m := message(op, s, 90)
			m.From = netip.MustParseAddr(from)
			g.Step(epoch.Add(d), m)
		}
	}
	again := hears(time.Second, hello.OpHello, hello.Active, "192.0.2.9")
	for name, tt := range map[string]struct {
		then []func(*Group)
		want hello.HSRPState
		on   bool
	}{
		"its successor is heard":  {[]func(*Group){again}, hello.Listen, true},
		"an operator wants it":    {[]func(*Group){func(g *Group) { g.Step(epoch.Add(time.Second), fsm.Contend{}) }, again}, hello.Active, false},
		"another router has it":   {[]func(*Group){hears(time.Second, hello.OpHello, hello.Active, "192.0.2.8")}, hello.Active, false},
		"its successor resigns":   {[]func(*Group){hears(time.Second, hello.OpResign, hello.Active, "192.0.2.9")}, hello.Speak, false},
		"somebody else resigns":   {[]func(*Group){hears(time.Second, hello.OpResign, hello.Active, "192.0.2.8")}, hello.Listen, true},
		"its successor is silent": {[]func(*Group){func(g *Group) { runTo(g, epoch.Add(time.Minute)) }}, hello.Active, false},
		"it has to stop": {[]func(*Group){func(g *Group) { g.Step(epoch.Add(time.Second), fsm.Down{Cause: fsm.CauseStopped}) }},
			hello.Initial, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := afterHandover()
			for _, do := range tt.then {
				do(g)
			}
			if st := g.Status(); g.state != tt.want || st.Yielded != tt.on {
				t.Errorf("in %s, yielded %t; want %s, %t", g.state, st.Yielded, tt.want, tt.on)
			}
		})
	}
}
