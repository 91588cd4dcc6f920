package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// Timers of a second or more leave time between the takeover and the end of the
// lease: a process that goes on then still has everything, and must find out by
// itself that it has been succeeded.
const (
	slowTimers = `hello = "1s"` + "\n" + `hold = "3s"`
	slowHold   = 3 * time.Second
	slowLease  = 4 * time.Second
)

// stoppable is a group that does not preempt, and who speaks for it.
type stoppable struct {
	name, groups string
	mac          hello.MAC
	claim        string // of the active router, in words
}

var stoppables = []stoppable{
	{"HSRP", strings.Replace(hsrpTable(2, address4, slowTimers, `name = "v4"`), "preempt = true", "preempt = false", 1), mac2, "virtual: hello Active"},
	{"VRRP", strings.Replace(table("vrrp", "vrid = 10", common, address4, `advertise = "1s"`, `name = "v4"`), "preempt = true", "preempt = false", 1), macV, "virtual: vrrp priority 110"},
}

func eachStoppable(t *testing.T, play func(t testing.TB, l *lan, s stoppable)) {
	t.Parallel()
	for _, s := range stoppables {
		t.Run(s.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) { play(t, l, s) })
		})
	}
}

// freezeAfterClaim freezes a just after it has said that it is active, which
// counts for the others' wait and for the lease.
func (l *lan) freezeAfterClaim(s stoppable) (frozen time.Time) {
	l.t.Helper()
	l.a.Says(s.claim, time.Now(), s.mac)
	frozen = time.Now()
	l.a.Freeze()
	return frozen
}

// checkSuperseded wakes a, and wants it to leave the role to b for good.
func (l *lan) checkSuperseded(s stoppable, because string) {
	l.t.Helper()
	woken, moves := time.Now(), l.b.Group("v4").Transitions
	l.a.Thaw()
	l.Settled(l.b, l.a)
	for _, said := range fhrptest.Said(s.mac, l.a.Sent(woken)) {
		if strings.HasPrefix(said, "virtual:") || strings.HasPrefix(said, "real: coup") {
			l.t.Errorf("the router that was stopped said %q", said)
		}
	}
	if got := l.b.Group("v4").Transitions; got != moves {
		l.t.Errorf("the router that took over has changed its state %d times since", got-moves)
	}
	if log := l.a.File("daemon.log"); !strings.Contains(log, because) {
		l.t.Errorf("the log does not say %q\n%s", because, l.a.Tail())
	}
	if out, _ := l.a.Command("explain", "v4"); !strings.Contains(out, "this process did nothing for") || strings.Contains(out, "the host was too busy") {
		l.t.Errorf("explain says %s", out)
	}
	if !l.forwards(l.b, s.mac) || l.forwards(l.a, s.mac) {
		l.t.Error("want the router that took over to forward, and the other one not")
	}
	l.mustPing(vip)
}

func TestRouterThatWasStoppedLeavesTheRoleToItsSuccessor(t *testing.T) {
	eachStoppable(t, func(t testing.TB, l *lan, s stoppable) {
		l.startInTurn(s.groups)
		frozen := l.freezeAfterClaim(s)
		l.b.Says(strings.Replace(s.claim, "110", "100", 1), frozen, s.mac)
		l.checkSuperseded(s, "192.168.1.200 is active meanwhile")
	})
}

// More arrives than the buffer can hold, and nothing of what it holds says that
// another router is active.
func TestRouterThatMissedItsSuccessorIsCareful(t *testing.T) {
	eachStoppable(t, func(t testing.TB, l *lan, s stoppable) {
		l.startInTurn(s.groups)
		frozen := l.freezeAfterClaim(s)
		conn, err := l.Switch.Sender("a")
		must(t, err)
		defer conn.Close()
		// Padded, because the buffer is a number of bytes, and the time until the lease
		// ends is short.
		stranger := append(question(t, netip.MustParseAddr("192.168.1.99"), hello.MAC{}), make([]byte, 1400)...)
		const more = 25_000 // frames than the largest buffer holds
		must(t, conn.Send(slices.Repeat([][]byte{stranger}, more)...))
		l.b.Says(strings.Replace(s.claim, "110", "100", 1), frozen, s.mac)
		l.checkSuperseded(s, "some of what others said meanwhile is lost")
	})
}

// Nobody else is there: the kernel forwards until the process goes on, and the
// process goes on where it was.
func TestRouterThatWasStoppedAloneGoesOn(t *testing.T) {
	eachStoppable(t, func(t testing.TB, l *lan, s stoppable) {
		l.a.StartAs(s.groups, 110)
		l.a.WaitAll("Active")
		moves := l.a.Group("v4").Transitions
		frozen := l.freezeAfterClaim(s)
		const stop = slowHold + 400*time.Millisecond
		l.Eventually("the end of the stop", func() bool {
			if !l.forwards(l.a, s.mac) {
				t.Fatalf("the kernel stopped forwarding %v after the freeze, the lease is %v", time.Since(frozen), slowLease)
			}
			return time.Since(frozen) >= stop
		})
		woken := time.Now()
		l.a.Thaw()
		l.a.Says(s.claim, woken, s.mac)
		if g := l.a.Group("v4"); g.State != "Active" || g.Transitions != moves || !l.forwards(l.a, s.mac) {
			t.Errorf("state %s after %d transitions, want none\n%s", g.State, g.Transitions-moves, l.a.Tail())
		}
	})
}
