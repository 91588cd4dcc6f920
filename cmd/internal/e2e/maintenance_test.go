package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// maintained are groups that leave for maintenance, and where the role is when they have
// come back.
func maintained() map[string]struct {
	groups   string
	preempts bool
} {
	type pair = struct {
		groups   string
		preempts bool
	}
	all := handovers()
	const waits = "delay = { minimum = \"1s\" }\n"
	return map[string]pair{
		"HSRP":                  {all["HSRP version 2"], false},
		"HSRP, preempt":         {all["HSRP, preempt"] + waits, true},
		"HSRP, with a follower": {all["HSRP, with a follower"], false},
		"VRRP, preempt":         {all["VRRP version 3"] + waits, true},
		"VRRP, without preempt": {all["VRRP 3, without preempt"], false},
	}
}

// A router leaves for maintenance, is killed, starts again, and comes back; a client with
// a datagram each millisecond notices nothing.
func TestMaintenanceCostsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range maintained() {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(tt.groups)
				l.mustPing(fhrptest.HostIP)
				l.b.Eventually("the active router is heard", func() bool { return allReady(l.b) })
				stop := l.numbers()
				successor := l.b.Addr(hello.IPv4).String()
				out, exit := l.a.Command("maintenance", "on")
				if exit != 0 || !strings.Contains(out, "; "+successor+" serves\n") {
					t.Fatalf("exit %d: %s", exit, out)
				}
				away := func() bool {
					st := l.a.Report()
					for _, g := range st.Groups {
						if !strings.HasPrefix(g.State, "Init") || !g.Maintenance || !strings.HasPrefix(g.Obstacle, "maintenance is on since ") {
							return false
						}
					}
					return st.Maintenance && len(st.Groups) > 0
				}
				if !away() || !l.b.All("Active") {
					t.Errorf("afterwards %s and %s", l.a.Group("users").State, l.b.Group("users").State)
				}
				since := l.a.Answer().Leave.Since

				l.a.Kill()
				l.a.Restart()
				l.a.Eventually("maintenance goes on", func() bool {
					g := l.a.Group("users")
					return away() && g.Leave != nil && g.Leave.Serves == successor
				})
				if got := l.a.Answer().Leave.Since; !got.Equal(since) {
					t.Errorf("in maintenance since %v, want %v", got, since)
				}
				if out, exit = l.a.Command("maintenance", "off"); exit != 0 || !strings.Contains(out, ": not in maintenance; state ") {
					t.Fatalf("exit %d: %s", exit, out)
				}
				if tt.preempts {
					l.a.WaitAll("Active")
					l.b.WaitAll("Standby", "Backup", "Listen", "Speak")
				} else {
					l.a.WaitAll("Standby", "Backup", "Listen")
					l.a.Eventually("the active router is heard", func() bool { return allReady(l.a) })
				}
				l.mustPing(fhrptest.HostIP)
				sent, lost, doubled := stop()
				t.Logf("%d datagrams, %d lost, %d doubled", sent, len(lost), len(doubled))
				if len(lost)+len(doubled) > 0 {
					t.Errorf("lost %v, doubled %v", lost, doubled)
				}
			})
		})
	}
}

// The other router dies during a maintenance: who is away says so, and comes back by
// itself where the file says that it may.
func TestTheOtherDiesDuringMaintenance(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		l.b.Eventually("the active router is heard", func() bool { return allReady(l.b) })
		if out, exit := l.a.Command("maintenance", "on", "users"); exit != 0 {
			t.Fatalf("exit %d: %s", exit, out)
		}
		l.b.Kill()
		l.a.Eventually("nobody serves", func() bool {
			g := l.a.Group("users")
			return g.Leave != nil && g.Leave.UnservedSince != nil
		})
		out, _ := l.a.Command("show", "status")
		if !strings.Contains(out, "NOBODY SERVES for ") || !strings.Contains(l.a.File("daemon.log"), "level=WARN msg=\"nobody serves for ") {
			t.Errorf("show status:\n%s\n%s", out, l.a.Tail())
		}
		if st := l.a.Group("users").State; st != "Init" {
			t.Errorf("it came back: %s", st)
		}
		reload(l.a, "[daemon]\nmaintenance = \"return\"\n"+reloadable, 110)
		l.a.WaitAll("Active")
		if g := l.a.Group("users"); g.Maintenance {
			t.Errorf("still in maintenance: %+v", g.Leave)
		}
		l.a.Kill()
		l.a.Restart()
		l.a.WaitAll("Active") // that it came back is stored
	})
}

// Where it cannot be stored nothing changes.
func TestMaintenanceThatCannotBeStored(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(reloadable, 110)
		l.a.WaitAll("Active")
		must(t, os.RemoveAll(l.a.Path("state")))
		must(t, os.WriteFile(l.a.Path("state"), nil, 0o600)) // where a folder is to be made
		out, exit := l.a.Command("maintenance", "on")
		if exit != 1 || !strings.Contains(out, "cure: ") || !strings.Contains(out, "nothing has changed") {
			t.Errorf("exit %d: %s", exit, out)
		}
		if g := l.a.Group("users"); g.State != "Active" || g.Maintenance {
			t.Errorf("in %s, maintenance %t", g.State, g.Maintenance)
		}
	})
}
