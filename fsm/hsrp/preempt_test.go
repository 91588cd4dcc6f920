package hsrp

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

func TestPreempt(t *testing.T) {
	at := func(d time.Duration) time.Time { return epoch.Add(d) }
	worse, better := message(hello.OpHello, hello.Active, 90), message(hello.OpHello, hello.Active, 110)
	delayed := base()
	delayed.Preempt, delayed.PreemptDelay = true, 5*time.Second
	start := func() *Group {
		g := inState(hello.Standby, delayed)
		g.Step(at(0), worse)
		return g
	}
	for name, tt := range map[string]struct {
		events map[time.Duration]fsm.Event
		want   hello.HSRPState
	}{
		"before the delay":                       {map[time.Duration]fsm.Event{4999 * time.Millisecond: worse}, hello.Standby},
		"hello at the end of the delay":          {map[time.Duration]fsm.Event{5 * time.Second: worse}, hello.Active},
		"tick at the end of the delay":           {map[time.Duration]fsm.Event{5 * time.Second: fsm.Tick{}}, hello.Active},
		"a better active ends the delay":         {map[time.Duration]fsm.Event{3 * time.Second: better, 5 * time.Second: fsm.Tick{}}, hello.Standby},
		"lost the lead during the delay":         {map[time.Duration]fsm.Event{3 * time.Second: fsm.SetPriority{Effective: 80}, 5 * time.Second: fsm.Tick{}}, hello.Standby},
		"refrains at the end of the delay":       {map[time.Duration]fsm.Event{time.Second: fsm.Refrain{On: true}, 5 * time.Second: fsm.Tick{}, 5500 * time.Millisecond: worse}, hello.Standby},
		"refrained until after the delay":        {map[time.Duration]fsm.Event{time.Second: fsm.Refrain{On: true}, 5500 * time.Millisecond: fsm.Refrain{}, 5501 * time.Millisecond: fsm.Tick{}}, hello.Active},
		"refrains, and the other one resigns":    {map[time.Duration]fsm.Event{time.Second: fsm.Refrain{On: true}, 3 * time.Second: message(hello.OpResign, hello.Active, 90)}, hello.Active},
		"a resign is a takeover before its time": {map[time.Duration]fsm.Event{3 * time.Second: message(hello.OpResign, hello.Active, 90)}, hello.Active},
	} {
		t.Run("delay/"+name, func(t *testing.T) {
			g := start()
			for d := time.Duration(0); d < 6*time.Second; d += time.Millisecond {
				if ev, ok := tt.events[d]; ok {
					g.Step(at(d), ev)
				}
			}
			if g.state != tt.want {
				t.Errorf("%s, want %s", g.state, tt.want)
			}
		})
	}
	for name, end := range map[string]struct {
		after time.Duration
		ev    fsm.Event
	}{
		"silence":            {peerHold, fsm.Tick{}},
		"a Resign":           {time.Second, message(hello.OpResign, hello.Active, 90)},
		"a better active":    {time.Second, better},
		"a fence":            {time.Second, fsm.Fenced{Cause: fsm.CauseStalled}},
		"a stop":             {time.Second, fsm.Down{Cause: fsm.CauseStopped}},
		"preemption":         {20 * time.Second, worse},
		"a priority too low": {20 * time.Second, fsm.Tick{}},
	} {
		t.Run("delay/ends with "+name, func(t *testing.T) {
			cfg := delayed
			cfg.PreemptDelay = 20 * time.Second
			g := inState(hello.Listen, cfg)
			g.Step(at(0), worse)
			if g.preemptAt.IsZero() {
				t.Fatal("no delay")
			}
			if name == "a priority too low" {
				g.active.at = at(time.Minute)
				g.Step(at(1), fsm.SetPriority{Effective: 80})
			}
			g.Step(at(end.after), end.ev)
			if !g.preemptAt.IsZero() {
				t.Errorf("the delay runs on in %s", g.state)
			}
		})
	}
	t.Run("delay/its end is a deadline", func(t *testing.T) {
		if got, _ := start().Deadline(); !got.Equal(at(5 * time.Second)) {
			t.Errorf("deadline in %s", got.Sub(epoch))
		}
	})
	t.Run("not on a rise of the own priority", func(t *testing.T) {
		cfg := base()
		cfg.Preempt = true
		g := inState(hello.Standby, cfg)
		g.Step(at(0), better)
		if got := g.Step(at(1), fsm.SetPriority{Effective: 200, Configured: 100}); len(got) > 0 || g.state != hello.Standby {
			t.Fatalf("%s, %v", g.state, got)
		}
		g.Step(at(2), better)
		if g.state != hello.Active {
			t.Errorf("%s after the next hello, want Active", g.state)
		}
	})
	t.Run("not from Learn", func(t *testing.T) {
		g := New(Config{Version: 1, Priority: 100, Preempt: true})
		g.Step(at(0), fsm.Up{Addr: self, MAC: ownMAC})
		g.Step(at(1), worse)
		if g.state != hello.Listen {
			t.Errorf("%s, want Listen", g.state)
		}
	})
}
