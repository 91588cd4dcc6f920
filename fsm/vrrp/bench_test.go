package vrrp

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// BenchmarkStep measures the two events that a settled router sees: an
// advertisement in Backup, and the Adver_Timer in Active.
func BenchmarkStep(b *testing.B) {
	b.Run("advertisement in Backup", func(b *testing.B) {
		r := in(b, Backup, v3())
		var ev fsm.Event = advert(v3(), greater, 200)
		now := t0
		b.ReportAllocs()
		for b.Loop() {
			now = now.Add(time.Second)
			r.Step(now, ev)
		}
	})
	b.Run("Adver_Timer in Active", func(b *testing.B) {
		r := in(b, Active, v3())
		b.ReportAllocs()
		for b.Loop() {
			at, _ := r.Deadline()
			r.Step(at, fsm.Tick{})
		}
	})
}

// A router in a steady state says the same all the time, which may not cost memory.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	r := in(t, Active, v3())
	if n := testing.AllocsPerRun(100, func() {
		at, _ := r.Deadline()
		r.Step(at, fsm.Tick{})
	}); n != 0 {
		t.Errorf("own advertisement: %v allocations", n)
	}
}
