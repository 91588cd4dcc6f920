package e2e

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// reloadable is what the reloads below start from.
const reloadable = `
[[hsrp]]
interface = "eth0"
group = 10
name = "users"
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
hello = "200ms"
hold = "700ms"
`

const another = `
[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["192.168.1.3"]
priority = PRIORITY
advertise = "200ms"
`

// numbers is numbersTo the host over IPv4.
func (l *lan) numbers() (stop func() (sent int, lost, doubled []uint64)) {
	l.t.Helper()
	return l.numbersTo(fhrptest.HostIP)
}

// numbersTo sends a numbered datagram to an address of the host each millisecond. stop
// returns how many were sent, and those that came not at all or more than once.
func (l *lan) numbersTo(host netip.Addr) (stop func() (sent int, lost, doubled []uint64)) {
	l.t.Helper()
	end := l.Datagrams(host)
	return func() (int, []uint64, []uint64) {
		d := end()
		return d.Sent, d.Lost, d.Doubled
	}
}

// reload gives a gateway another file and has it read that.
func reload(g *gateway, groups string, priority int) string {
	g.T.Helper()
	must(g.T, os.WriteFile(g.Path("fhrpd.toml"), []byte(strings.ReplaceAll(groups, "PRIORITY", fmt.Sprint(priority))), 0o600))
	out, exit := g.Command("reload")
	if exit != 0 {
		g.T.Fatalf("reload: exit %d: %s", exit, out)
	}
	return out
}

// A reload costs nothing: no transition, no datagram, no late hello.
func TestReloadsCostNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		moves := map[*gateway]int{}
		for _, g := range l.Gateways {
			moves[g] = g.Group("users").Transitions
		}
		began := time.Now()
		stop := l.numbers()
		for name, file := range map[string]string{
			"the same":           reloadable,
			"another address":    strings.Replace(reloadable, `["192.168.1.1"]`, `["192.168.1.1", "192.168.1.4"]`, 1),
			"as a route":         reloadable + "install = \"route\"\n",
			"timers":             strings.NewReplacer("200ms", "250ms", "700ms", "900ms").Replace(reloadable),
			"another router":     reloadable + another,
			"a lease":            "[daemon]\nlease = \"5s\"\n" + reloadable,
			"a tracked object":   reloadable + "track = [{ object = \"flag\", decrement = 5 }]\n[[track]]\nname = \"flag\"\nfile = \"/proc/self/status\"\n",
			"preempt":            reloadable + "preempt = true\npreempt_delay = \"5s\"\n",
			"announcements":      reloadable + "[hsrp.announce]\nrefresh = \"1s\"\n",
			"with its prefix":    strings.Replace(reloadable, "192.168.1.1", "192.168.1.1/24", 1),
			"a neighbour":        reloadable + "neighbors = [\"192.168.1.10\"]\n",
			"metrics, somewhere": "[daemon]\nmetrics = \"127.0.0.1:0\"\n" + reloadable,
		} {
			for n, g := range []*gateway{l.b, l.a} {
				reload(g, file, 100+10*n)
			}
			if got := l.a.Group("users").State; got != "Active" { // a group that has just gone may be there for a moment
				t.Errorf("%s: a is in %s", name, got)
			}
		}
		for n, g := range []*gateway{l.b, l.a} {
			reload(g, reloadable, 100+10*n)
		}
		l.Eventually("the groups of the file alone", func() bool { return len(l.a.Report().Groups) == 1 && len(l.b.Report().Groups) == 1 })
		sent, lost, doubled := stop()
		t.Logf("%d datagrams, %d lost, %d doubled", sent, len(lost), len(doubled))
		if len(lost)+len(doubled) > 0 && l.Witness.Late(began) < 100*time.Millisecond {
			t.Errorf("of %d datagrams %d were lost (%v), %d doubled", sent, len(lost), lost, len(doubled))
		}
		for _, g := range l.Gateways {
			if got := g.Group("users"); got.Transitions != moves[g] {
				t.Errorf("%s: %d transitions: %+v", g.Name, got.Transitions-moves[g], got.LastTransition)
			}
		}
		l.Settled(l.a, l.b)
	})
}

// What is gone from the file leaves nothing behind, and what is new serves.
func TestReloadAddsAndRemovesGroups(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		added := netip.MustParseAddr("192.168.1.3")
		for n, g := range []*gateway{l.b, l.a} {
			out := reload(g, reloadable+another, 100+10*n)
			if !strings.Contains(out, "vrrp:eth0:20: cost: none") {
				t.Errorf("the plan: %s", out)
			}
		}
		l.a.WaitState("vrrp:eth0:20", "Active")
		l.mustPing(added)
		began := time.Now()
		out := reload(l.a, reloadable, 110)
		if !strings.Contains(out, "vrrp:eth0:20: cost: a transition") {
			t.Errorf("the plan: %s", out)
		}
		l.b.WaitState("vrrp:eth0:20", "Active")
		l.mustPing(added)
		l.Eventually("the end of the group on a", func() bool { return len(l.a.Report().Groups) == 1 && hasNone(l.a, added) })
		l.a.Says("virtual: vrrp priority 0", began, hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 20))
		l.a.WaitState("users", "Active")
	})
}

// What is new in the file finds interfaces that were watched before, for what was there.
func TestReloadFindsInterfacesThatWereWatched(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		object := func(dev string) string { return fmt.Sprintf("[[track]]\nname = \"link\"\ninterface = %q\n", dev) }
		l.a.StartAs(object(lanDev)+strings.Replace(reloadable, lanDev, "eth9", 1), 110)
		l.a.WaitAll("Init")
		reload(l.a, object(lanDev)+reloadable, 110)
		l.a.WaitAll("Active") // where there was an object only
		route := fmt.Sprintf("routes = [{ to = %q, via = %q, interface = %q }]\n", beyond4, fhrptest.HostIP, fhrptest.CoreDev)
		reload(l.a, reloadable+route, 110)
		reload(l.a, reloadable+route+object(fhrptest.CoreDev), 110)
		l.Eventually("the link of an interface that had routes only", func() bool {
			tracks := l.a.Report().Tracks
			return len(tracks) == 1 && tracks[0].Known && tracks[0].Up
		})
		l.a.WaitAll("Active")
	})
}

func TestReloadOfTheDaemonsKeysCountsAtOnce(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		const addr = "127.0.0.1:9650"
		l.a.StartAs(reloadable, 110)
		l.a.WaitAll("Active")
		logged := func(n int, what string) func() bool {
			return func() bool { return strings.Count(l.a.File("daemon.log"), what) == n }
		}
		reload(l.a, "[daemon]\nlog = \"warn\"\n"+reloadable, 110)
		reload(l.a, "[daemon]\nformat = \"json\"\n"+reloadable, 110)
		l.Eventually("JSON in the log", logged(1, `"msg":"configuration reloaded"`))
		if !logged(0, `msg="configuration reloaded"`)() {
			t.Error("a reload is logged at level warn")
		}

		busy, err := l.a.NS.Listen("tcp", addr)
		must(t, err)
		file := strings.ReplaceAll("[daemon]\nmetrics = \""+addr+"\"\n"+reloadable, "PRIORITY", "120")
		must(t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte(file), 0o600))
		out, exit := l.a.Command("reload")
		if got := l.a.Group("users").ConfiguredPriority; exit != 1 || !strings.Contains(out, "nothing has changed") || got != 110 {
			t.Errorf("an address that is in use: exit %d, priority %d: %s", exit, got, out)
		}
		must(t, busy.Close())
		reload(l.a, file, 120)
		scraped := func() bool {
			c, err := l.a.NS.Dial(t.Context(), "tcp", addr)
			if err != nil {
				return false
			}
			defer c.Close()
			must(t, c.SetDeadline(time.Now().Add(10*time.Second)))
			_, _ = io.WriteString(c, "GET /metrics HTTP/1.0\r\n\r\n")
			b, _ := io.ReadAll(c)
			return strings.Contains(string(b), "fhrp_")
		}
		if !scraped() {
			t.Error("no metrics at the new address")
		}
		reload(l.a, reloadable, 120)
		l.Eventually("the end of the metrics", func() bool { return !scraped() })
	})
}

func TestFaultyFileChangesNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		before := l.a.Report()
		must(t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte(strings.Replace(reloadable, "PRIORITY", "110", 1)+"nonsense = 1\n"), 0o600))
		checks, _ := fhrptest.Run(t, l.a.NS, "check", "--config", l.a.Path("fhrpd.toml"))
		out, exit := l.a.Command("reload")
		if exit != 2 || !strings.Contains(out, "nonsense") || !strings.Contains(out, strings.SplitN(checks, "\n", 2)[0]) {
			t.Errorf("exit %d, want 2 and the faults that check prints:\n%s\ncheck:\n%s", exit, out, checks)
		}
		l.a.Signal(unix.SIGHUP)
		l.a.Eventually("the faults in the log", func() bool { return strings.Contains(l.a.File("daemon.log"), "nothing has changed") })
		if after := l.a.Report(); after.ConfigSHA256 != before.ConfigSHA256 || after.Groups[0].Transitions != before.Groups[0].Transitions {
			t.Errorf("%+v, want what was there before: %+v", after, before)
		}
		must(t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte(strings.Replace(reloadable, "PRIORITY", "120", 1)), 0o600))
		out, exit = l.a.Command("reload", "--dry-run")
		if exit != 0 || !strings.Contains(out, "priority: 110 -> 120") || l.a.Group("users").ConfiguredPriority != 110 {
			t.Errorf("exit %d: %s; configured priority %d, want it unchanged", exit, out, l.a.Group("users").ConfiguredPriority)
		}
		l.a.Signal(unix.SIGHUP)
		l.a.Eventually("the new priority", func() bool { return l.a.Group("users").ConfiguredPriority == 120 })
	})
}
