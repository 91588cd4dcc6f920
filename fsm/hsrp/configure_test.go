package hsrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// configured is what g runs with, with a change.
func configured(c Config, change func(*fsm.Configured)) fsm.Configured {
	ev := fsm.Configured{Preempt: c.Preempt, PreemptDelay: c.PreemptDelay, HelloTime: c.HelloTime, HoldTime: c.HoldTime, VirtualIPs: c.VirtualIPs}
	change(&ev)
	return ev
}

// What is due stays due or comes earlier: the others go by the times in the last
// hello.
func TestTimesThatChangePutNothingOff(t *testing.T) {
	for _, tt := range []struct {
		name        string
		hello, hold time.Duration
		want        time.Duration // after the change, which is 100 ms after a hello
	}{
		{"longer", 30 * time.Second, 90 * time.Second, base().HelloTime - 100*time.Millisecond},
		{"shorter", 200 * time.Millisecond, 600 * time.Millisecond, 200 * time.Millisecond},
	} {
		g := inState(hello.Active, base())
		g.sendHello(epoch, hello.Active)
		now := epoch.Add(100 * time.Millisecond)
		out := g.Step(now, configured(g.cfg, func(ev *fsm.Configured) { ev.HelloTime, ev.HoldTime = tt.hello, tt.hold }))
		if at, _ := g.Deadline(); at.Sub(now) != tt.want || len(out) != 0 {
			t.Errorf("%s: %d actions, next hello after %v, want none and %v", tt.name, len(out), at.Sub(now), tt.want)
		}
		if st := g.Status(); st.HelloTime != tt.hello || st.HoldTime != tt.hold {
			t.Errorf("%s: %v, %v in force, want %v, %v", tt.name, st.HelloTime, st.HoldTime, tt.hello, tt.hold)
		}
		if g.state != hello.Active {
			t.Errorf("%s: went to %s", tt.name, g.state)
		}
	}
}

func TestAnotherPrimaryAddressIsSaidAtOnce(t *testing.T) {
	other := netip.MustParseAddr("192.0.2.77")
	for _, state := range []hello.HSRPState{hello.Listen, hello.Speak, hello.Standby, hello.Active} {
		g := inState(state, base())
		out := g.Step(epoch.Add(time.Millisecond), configured(g.cfg, func(ev *fsm.Configured) { ev.VirtualIPs = []netip.Addr{other} }))
		said := len(out) == 1 && out[0].(fsm.Send).Message.(*hello.HSRP).VirtualIP == other
		if said != g.speaks() || g.state != state {
			t.Errorf("%s: %d actions, then in %s", state, len(out), g.state)
		}
	}
}

func TestPreemptDelayThatRunsEndsNoLaterThanTheNewOne(t *testing.T) {
	worse := message(hello.OpHello, hello.Active, 90)
	for name, tt := range map[string]struct {
		preempt bool
		delay   time.Duration
		want    time.Duration // of the takeover; 0 = none
	}{
		"longer":         {true, time.Minute, 5 * time.Second},
		"shorter":        {true, time.Second, 2 * time.Second},
		"no preemption":  {false, time.Second, 0},
		"the same delay": {true, 5 * time.Second, 5 * time.Second},
	} {
		cfg := base()
		cfg.Preempt, cfg.PreemptDelay = true, 5*time.Second
		g := inState(hello.Standby, cfg)
		g.Step(epoch, worse)
		g.Step(epoch.Add(time.Second), configured(cfg, func(ev *fsm.Configured) { ev.Preempt, ev.PreemptDelay = tt.preempt, tt.delay }))
		var took time.Duration
		for d := time.Second; d < 8*time.Second && took == 0; d += 100 * time.Millisecond {
			if g.Step(epoch.Add(d), worse); g.state == hello.Active {
				took = d
			}
		}
		if took != tt.want {
			t.Errorf("%s: took over after %v, want %v", name, took, tt.want)
		}
	}
}
