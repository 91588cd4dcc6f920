package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// upgrade replaces a gateway's process by the program on disk and goes on with that.
func upgrade(g *gateway) status.Succession {
	g.T.Helper()
	out, exit := g.Command("upgrade", "--json")
	var s status.Succession
	if exit != 0 || json.Unmarshal([]byte(out), &s) != nil {
		g.T.Fatalf("upgrade: exit %d: %s\n%s", exit, out, g.Tail())
	}
	g.Follow(s.To.PID)
	return s
}

// longestHelloGap returns the longest time between two HSRP hellos.
func longestHelloGap(frames []netlab.Frame) (longest time.Duration) {
	var last time.Time
	for _, f := range frames {
		if f.Destination() != (hello.MAC{0x01, 0x00, 0x5e, 0x00, 0x00, 0x66}) { // 224.0.0.102
			continue
		}
		if !last.IsZero() {
			longest = max(longest, f.At.Sub(last))
		}
		last = f.At
	}
	return longest
}

// An upgrade costs nothing: no transition, no datagram, no late hello, and nothing is
// forgotten.
func TestUpgradesCostNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable + another)
		l.mustPing(fhrptest.HostIP)
		if out, exit := l.a.Command("set", "priority", "users", "123"); exit != 0 {
			t.Fatal(out)
		}
		was := map[*gateway]*status.Status{}
		for _, g := range l.Gateways {
			was[g] = g.Report()
		}
		began := time.Now()
		stop := l.numbers()
		for range 3 {
			for _, g := range l.Gateways {
				s := upgrade(g)
				t.Logf("%s: pid %d to %d in %d ms", g.Name, s.From.PID, s.To.PID, s.PausedMS)
			}
		}
		sent, lost, doubled := stop()
		t.Logf("%d datagrams, %d lost, %d doubled, in %v", sent, len(lost), len(doubled), time.Since(began))
		if len(lost)+len(doubled) > 0 && l.Witness.Late(began) < 100*time.Millisecond {
			t.Errorf("lost %v, doubled %v", lost, doubled)
		}
		for _, g := range l.Gateways {
			longest := longestHelloGap(g.Sent(began))
			t.Logf("%s: at most %v between two hellos of its HSRP group", g.Name, longest)
			if hold := 700 * time.Millisecond; longest > hold/3+l.Witness.Late(began) {
				t.Errorf("%s: %v between two hellos, want a third of %v at most", g.Name, longest, hold)
			}
			is := g.Report()
			for n := range is.Groups {
				now, before := is.Groups[n], was[g].Groups[n]
				if now.Transitions != before.Transitions || now.State != before.State || now.Since.Sub(before.Since).Abs() > time.Millisecond ||
					now.Priority != before.Priority || now.Counters.Sent+now.Counters.Received <= before.Counters.Sent+before.Counters.Received || now.Counters.Sent < before.Counters.Sent {
					t.Errorf("%s: %+v\nwas %+v", g.Name, now, before)
				}
			}
			if is.PID != g.PID() || is.UptimeMS < was[g].UptimeMS {
				t.Errorf("pid %d, want %d; up for %d ms, was %d ms", is.PID, g.PID(), is.UptimeMS, was[g].UptimeMS)
			}
		}
		if out, _ := l.a.Command("show", "events"); !strings.Contains(out, "upgrade") || !strings.Contains(out, "set priority") {
			t.Errorf("the events have lost their past:\n%s", out)
		} else if strings.Contains(out, "unknown caller") {
			t.Errorf("who has asked is not told:\n%s", out)
		}
	})
}

// Who listens to the events hears of each once, and of all, through upgrades, and is
// told the end by a stop.
func TestEventsGoOnThroughUpgrades(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		heard := l.a.Launch("events.log", fhrptest.Program(), "events", "--json", "--control", l.a.Path("control.sock"))
		var want []string
		said := func() (list []string) {
			for text := range strings.Lines(l.a.File("events.log")) {
				var ev status.Event
				if json.Unmarshal([]byte(text), &ev) == nil && ev.Kind != "" && ev.Command != nil && (ev.Command.Name == "set priority" || ev.Command.Name == "upgrade") {
					n := 0
					if ev.Command.Priority != nil {
						n = *ev.Command.Priority
					}
					list = append(list, fmt.Sprintf("%s %d", ev.Command.Name, n))
				}
			}
			return list
		}
		set := func(n int) {
			t.Helper()
			if out, exit := l.a.Command("set", "priority", "users", fmt.Sprint(n)); exit != 0 {
				t.Fatal(out)
			}
			want = append(want, fmt.Sprintf("set priority %d", n))
		}
		l.a.Eventually("it listens", func() bool {
			set(150 + len(want)%100)
			return len(said()) > 0
		})
		want = want[slices.Index(want, said()[0]):]
		for n := range 5 {
			set(130 + n)
			upgrade(l.a)
			want = append(want, "upgrade 0")
			set(140 + n)
		}
		l.a.Eventually("all events", func() bool { return len(said()) >= len(want) })
		if diff := cmp.Diff(want, said()); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, l.a.File("events.log"))
		}
		l.a.Stop()
		l.a.Await(heard)
	})
}
