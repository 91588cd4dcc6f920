package hsrp

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// A router in a steady state hears hellos and looks at the clock; neither may
// cost memory.
var steady = []struct {
	name  string
	state hello.HSRPState
	ev    fsm.Event
}{
	{"hello of the active in Standby", hello.Standby, message(hello.OpHello, hello.Active, 110)},
	{"hello of the standby in Active", hello.Active, message(hello.OpHello, hello.Standby, 90)},
	{"early tick", hello.Active, fsm.Tick{}},
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, tt := range steady {
		g := inState(tt.state, base())
		if n := testing.AllocsPerRun(100, func() { g.Step(epoch, tt.ev) }); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
	g := inState(hello.Active, base())
	now := epoch
	if n := testing.AllocsPerRun(100, func() { now = now.Add(3 * time.Second); g.helloAt = now; g.Step(now, fsm.Tick{}) }); n != 0 {
		t.Errorf("own hello: %v allocations", n)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, tt := range steady {
		b.Run(tt.name, func(b *testing.B) {
			g := inState(tt.state, base())
			b.ReportAllocs()
			for b.Loop() {
				g.Step(epoch, tt.ev)
			}
		})
	}
	b.Run("own hello", func(b *testing.B) {
		g := inState(hello.Active, base())
		now := epoch
		b.ReportAllocs()
		for b.Loop() {
			now = now.Add(3 * time.Second)
			g.helloAt = now
			g.Step(now, fsm.Tick{})
		}
	})
}
