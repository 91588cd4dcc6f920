package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// slowly gives groups of a text hellos and hold times, so long that a process that
// dies is started again before anybody misses it.
func slowly(groups string) string {
	return strings.NewReplacer(`"200ms"`, `"1s"`, `"700ms"`, `"3s"`).Replace(groups)
}

// crashes starts a again that was killed, with a pause as that of the unit, while a
// datagram is sent each millisecond, and returns what became of those.
func (l *lan) crashes() (sent int, lost, doubled []uint64) {
	l.t.Helper()
	l.mustPing(fhrptest.HostIP)
	stop := l.numbers()
	l.a.Kill()
	fhrptest.Pass(l.t, time.Second)
	l.a.Restart()
	l.a.WaitAll("Active")
	return stop()
}

// A gateway that is the only one, or has another beside it, is killed and started
// again while its lease runs. It takes its role up again: no datagram is lost, and
// the other one stays what it is.
func TestCrashAndRestartCostNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		groups string
		alone  bool
	}{
		"HSRP, alone":           {handovers()["HSRP version 2"], true},
		"VRRP, alone":           {handovers()["VRRP version 3"], true},
		"HSRP, with a standby":  {handovers()["HSRP, preempt"], false},
		"VRRP, with a backup":   {handovers()["VRRP version 3"], false},
		"HSRP, with a follower": {handovers()["HSRP, with a follower"], false},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				if tt.alone {
					l.a.StartAs(slowly(tt.groups), 110)
					l.a.WaitAll("Active")
				} else {
					l.startInTurn(slowly(tt.groups))
				}
				moves := l.b.Report().Groups
				sent, lost, doubled := l.crashes()
				t.Logf("%d datagrams, %d lost, %d doubled", sent, len(lost), len(doubled))
				if len(lost)+len(doubled) > 0 {
					t.Errorf("lost %v, doubled %v\n%s", lost, doubled, l.a.Tail())
				}
				for n, g := range l.b.Report().Groups {
					if g.Transitions != moves[n].Transitions {
						t.Errorf("the other router: %+v", g.LastTransition)
					}
				}
				for _, g := range l.a.Answer().Groups {
					if c := g.LastTransition.Cause; c != "resumed" && c != "leader" {
						t.Errorf("the role is back because of %q", c)
					}
				}
			})
		})
	}
}
