package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// lossy is how the groups of TestLossMakesNoMoreMistakesThanTimersAllow are tried.
const (
	lossyFor    = 90 * time.Second
	lossPercent = 20
	lossyDelay  = 50 * time.Millisecond
	lossyGroups = 8 // of each protocol, and as many that ask (confirm)
	lossyHello  = time.Second

	// stopsAfter is by far more hellos than are lost in a row: 2.6e-6 is the chance that
	// a router which took over by mistake hears none of as many in seconds.
	stopsAfter = 8*time.Second + lossyDelay
)

// Over a way that loses a fifth of the frames and delays the others, a standby takes
// over after a silence as long as its timers want and never sooner, the active router
// keeps its role, and who took over by mistake gives it back. Questions to a router whose
// hello is overdue make no mistakes of their own: one in a million hellos.
func TestLossMakesNoMoreMistakesThanTimersAllow(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		if end, ok := l.a.Impair(0, 0); ok {
			end()
		} else {
			skip.Regardless(t, "this kernel has no netem, which loses and delays frames")
		}
		text, groups := lossyConfig()
		var before *status.Status
		l.impaired(0, func() { // a way whose length is known when it begins to lose
			l.startInTurn(text)
			before = l.a.Report()
		})
		told := l.transitions(l.b)
		began := time.Now()
		l.impaired(lossPercent, func() { fhrptest.Pass(t, lossyFor) })
		l.Settled(l.a, l.b)
		if now := l.a.Report(); roleChanges(now) != roleChanges(before) {
			t.Errorf("the active router has changed its roles:\n%s", l.a.Tail())
		}
		asked := uint64(0)
		for _, g := range l.b.Report().Groups {
			asked += g.Counters.Questioned
		}
		l.b.Stop()

		mistakes := map[string]int{}
		for ref, list := range <-told {
			g := groups[ref]
			heard := hellosTo(l.b, g.mac, began)
			for n, tr := range list {
				if tr.To != "Active" {
					continue
				}
				mistakes[g.kind]++
				if tr.Cause == string(fsm.CauseUnanswered) {
					t.Errorf("%s took a living router for dead: %s", ref, tr.Detail)
				} else if silent := silence(heard, tr.At); silent < g.patience-50*time.Millisecond {
					t.Errorf("%s took over %v after a hello: %s, %s", ref, silent, tr.Cause, tr.Detail)
				}
				if kept := list[n+1].At.Sub(tr.At); kept > stopsAfter+l.Witness.Spare(began) {
					t.Errorf("%s took over by mistake and gave the role back after %v", ref, kept)
				}
			}
		}
		const lost = lossPercent / 100.0
		if asked == 0 {
			t.Error("nobody asked a router whose hello was lost")
		}
		t.Logf("%v, %d groups of each kind: mistakes %v, expected of three losses in a row %.1f of each; asked %d times",
			lossyFor, lossyGroups, mistakes, lossyGroups*lossyFor.Seconds()/lossyHello.Seconds()*math.Pow(lost, 3)*(1-lost), asked)
	})
}

// lossyGroup is what the test knows of a group.
type lossyGroup struct {
	kind     string
	mac      hello.MAC     // virtual
	patience time.Duration // for how long its standby hears nothing before the timer takes over
}

// lossyConfig has the groups, by their names in events.
func lossyConfig() (text string, groups map[string]lossyGroup) {
	groups = map[string]lossyGroup{}
	for n := range 2 * lossyGroups {
		id, asks, with := 10+n, "", ""
		if n >= lossyGroups {
			asks, with = "confirm = true", " with confirm"
		}
		address := func(net int) string { return fmt.Sprintf(`virtual_ips = ["192.168.1.%d"]`, net+n) }
		text += table("hsrp", fmt.Sprintf("group = %d", id), common, asks, address(20), `hello = "1s"`, `hold = "3s"`)
		groups[fmt.Sprintf("hsrp:eth0:%d", id)] = lossyGroup{"hsrp" + with, hello.MAC{0, 0, 0x0c, 0x9f, 0xf0, byte(id)}, 3 * lossyHello}
		text += table("vrrp", fmt.Sprintf("vrid = %d", id), common, asks, address(40), `advertise = "1s"`)
		// Three intervals and the skew of priority 100.
		groups[fmt.Sprintf("vrrp:eth0:%d", id)] = lossyGroup{"vrrp" + with, hello.MAC{0, 0, 0x5e, 0, 1, byte(id)}, 3*lossyHello + lossyHello*156/256}
	}
	return text, groups
}

// impaired runs what happens while frames between the gateways are lost and late.
func (l *lan) impaired(percent float32, happens func()) {
	l.t.Helper()
	for _, g := range l.Gateways {
		end, _ := g.Impair(percent, lossyDelay)
		defer end()
	}
	happens()
}

// transitions tells the transitions of a gateway's groups from now on, by group, when
// its daemon has stopped.
func (l *lan) transitions(g *gateway) <-chan map[string][]status.Transition {
	l.t.Helper()
	events, err := g.Subscribe(l.t.Context())
	must(l.t, err)
	told := make(chan map[string][]status.Transition, 1)
	go func() {
		list := map[string][]status.Transition{}
		for ev := range events {
			if ev.Transition != nil {
				list[ev.Group] = append(list[ev.Group], *ev.Transition)
			}
		}
		told <- list
	}()
	return told
}

// hellosTo are the times at which the hellos of a group's active router have left the
// switch for a gateway.
func hellosTo(g *gateway, virtual hello.MAC, since time.Time) (at []time.Time) {
	for _, f := range g.Port.Frames() {
		if f.Sent && f.Source() == virtual && fhrptest.Message(f) != "" && f.At.After(since) {
			at = append(at, f.At)
		}
	}
	return at
}

// silence is how long nothing was heard before a time. What came a moment before it
// was not read yet.
func silence(heard []time.Time, until time.Time) time.Duration {
	const reading = 100 * time.Millisecond
	silent := time.Duration(math.MaxInt64)
	for _, at := range heard {
		if d := until.Sub(at); d > reading {
			silent = min(silent, d)
		}
	}
	return silent
}

func roleChanges(s *status.Status) (n int) {
	for _, g := range s.Groups {
		n += g.Transitions
	}
	return n
}
