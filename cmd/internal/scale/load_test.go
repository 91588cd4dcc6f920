package scale

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// TestBusyHostKeepsItsRoles: hellos and renewals that are late for want of a
// processor are no reason to lose a lease or an election.
func TestBusyHostKeepsItsRoles(t *testing.T) {
	for _, realtime := range []bool{true, false} {
		t.Run(fmt.Sprintf("realtime=%v", realtime), func(t *testing.T) {
			fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
				p := newPair(t, 1)
				const n = 64
				config := fmt.Sprintf("[daemon]\nrealtime = %v\n", realtime)
				quick := strings.NewReplacer(`"1s"`, `"250ms"`, `"3s"`, `"1s"`)
				p.a.Start(config + quick.Replace(p.groups(n, 110)))
				p.a.WaitAll("Active")
				p.b.Start(config + quick.Replace(p.groups(n, 100)))
				p.b.WaitAll("Standby")
				before := p.transitions()
				fhrptest.Spin(t, 4)
				fhrptest.Pass(p.t, *steady)
				if n := p.transitions() - before; n != 0 {
					t.Errorf("%d transitions in %v beside four busy processes\n%s\n%s", n, *steady, p.a.Tail(), p.b.Tail())
				}
			})
		})
	}
}

// TestManyGroupsStopAndLeaveNothing: a stop gives every role up and puts the
// kernel back within two seconds, for many groups on one interface and for
// some on many.
func TestManyGroupsStopAndLeaveNothing(t *testing.T) {
	for _, tt := range []struct{ interfaces, groups int }{{1, 1000}, {16, 32}} {
		t.Run(fmt.Sprintf("%d interfaces with %d groups", tt.interfaces, tt.groups), func(t *testing.T) {
			t.Parallel()
			fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
				p := newPair(t, tt.interfaces)
				t.Logf("started in %v", p.started(p.a, p.groups(tt.groups, 110)))
				p.a.WaitAll("Active")
				p.a.Kill()
				if p.leftovers(p.a) == "" {
					t.Error("nothing was left behind by a crash, so that nothing can be said of a stop")
				}
				t.Logf("after a crash started in %v", p.started(p.a, p.groups(tt.groups, 110)))
				p.a.WaitAll("Active")
				t.Logf("stopped in %v", p.stopped(p.a))
				if left := p.leftovers(p.a); left != "" {
					t.Errorf("left behind: %s", left)
				}
			})
		})
	}
}
