package vrrp

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// What was handed over is not preempted, until the role moves again or an operator
// says so.
func TestYieldedUntilTheRoleMoves(t *testing.T) {
	c := v3(priority(200))
	worse := advert(c, smaller, 90)
	for name, tt := range map[string]struct {
		then fsm.Event
		want State // ten seconds later, with the worse router heard each second
		on   bool
	}{
		"its successor is heard":   {worse, Backup, true},
		"an operator wants it":     {fsm.Contend{}, Active, false},
		"another router has it":    {advert(c, greater, 90), Active, false},
		"its successor resigns":    {advert(c, smaller, 0), Active, false},
		"it has to stop":           {fsm.Down{Cause: fsm.CauseStopped}, Initialize, false},
		"it is taken back at once": {fsm.Reclaim{Cause: fsm.CauseTakenBack}, Active, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := in(t, Active, c)
			now := t0.Add(100 * ms)
			r.Step(now, fsm.Yield{Cause: fsm.CauseHandover})
			r.Step(now.Add(ms), worse)
			r.Step(now.Add(2*ms), tt.then)
			for range 10 {
				for at, armed := r.Deadline(); armed && !at.After(now.Add(time.Second)); at, armed = r.Deadline() {
					r.Step(at, fsm.Tick{})
				}
				now = now.Add(time.Second)
				r.Step(now, worse)
			}
			if st := r.Status(); r.state != tt.want || st.Yielded != tt.on {
				t.Errorf("in %s, yielded %t; want %s, %t", r.state, st.Yielded, tt.want, tt.on)
			}
		})
	}
}

// The addresses of an owner are its own ones.
func TestAnOwnerHandsNothingOver(t *testing.T) {
	r := in(t, Active, v3(owner))
	if got := script(r.Step(t0.Add(100*ms), fsm.Yield{Cause: fsm.CauseHandover})); got != "" || r.state != Active {
		t.Errorf("did %q, in %s", got, r.state)
	}
}
