package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// handovers are groups whose role goes to the other router and back.
func handovers() map[string]string {
	hsrp := strings.NewReplacer("group = 10", "group = 10\nneighbors = [\"192.168.1.10\"]").Replace(reloadable)
	vrrp := func(version string) string {
		return "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nname = \"users\"\nversion = " + version + "\nvirtual_ips = [\"192.168.1.1\"]\npriority = PRIORITY\nneighbors = [\"192.168.1.10\"]\n"
	}
	const waits = "pre_active = { command = [\"/bin/sleep\", \"0.25\"], deadline = \"1s\" }\n"
	return map[string]string{
		"HSRP version 1":            hsrp + "version = 1\n",
		"HSRP version 2":            hsrp,
		"HSRP, preempt":             hsrp + "preempt = true\n",
		"HSRP, signed":              hsrp + "auth = { md5 = \"secret\" }\n",
		"HSRP, a command first":     hsrp + "[hsrp.hooks]\n" + waits,
		"HSRP, with a follower":     hsrp + "[[hsrp]]\ninterface = \"eth0\"\ngroup = 11\nfollow = \"users\"\nvirtual_ips = [\"192.168.1.3\"]\n",
		"VRRP version 2":            vrrp("2") + "advertise = \"1s\"\n",
		"VRRP version 3":            vrrp("3") + "advertise = \"200ms\"\n",
		"VRRP 3, without preempt":   vrrp("3") + "advertise = \"200ms\"\npreempt = false\n",
		"VRRP 3, a command first":   vrrp("3") + "advertise = \"200ms\"\n[vrrp.hooks]\n" + waits,
		"VRRP 3, 20 groups at once": vrrp("3") + "advertise = \"200ms\"\n" + moreRouters(19),
	}
}

// moreRouters are n others, each for itself.
func moreRouters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[[vrrp]]\ninterface = \"eth0\"\nvrid = %d\nvirtual_ips = [\"192.168.1.%d\"]\npriority = PRIORITY\nadvertise = \"200ms\"\n", 30+i, 30+i)
	}
	return b.String()
}

// The role goes over and back, and a client with a datagram each millisecond notices
// nothing.
func TestHandoversCostNothing(t *testing.T) {
	t.Parallel()
	for name, groups := range handovers() {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(groups)
				l.mustPing(fhrptest.HostIP)
				l.b.Eventually("the active router is heard", func() bool { return allReady(l.b) })
				stop := l.numbers()
				before := map[*gateway]int{l.a: l.a.Group("users").Transitions, l.b: l.b.Group("users").Transitions}
				for _, way := range [][2]*gateway{{l.a, l.b}, {l.b, l.a}} {
					from, to := way[0], way[1]
					out, exit := from.Command("handover", "--all", "--rate", "100/s")
					if exit != 0 || strings.Contains(out, "plain") {
						t.Fatalf("exit %d: %s", exit, out)
					}
					first, _, _ := strings.Cut(out, "\n")
					t.Logf("%s", first)
					if st := from.Group("users").State; st == "Active" || !to.All("Active") {
						t.Errorf("afterwards %s and %s", st, to.Group("users").State)
					}
					to.Eventually("the other one can be asked", func() bool { return allReady(from) })
				}
				sent, lost, doubled := stop()
				t.Logf("%d datagrams, %d lost, %d doubled", sent, len(lost), len(doubled))
				if len(lost)+len(doubled) > 0 {
					t.Errorf("lost %v, doubled %v", lost, doubled)
				}
				for g, n := range before {
					if more := g.Group("users").Transitions - n; more > 5 {
						t.Errorf("%s: %d transitions", g.Name, more)
					}
				}
			})
		})
	}
}

// The roles go back once when a neighbour does not follow: here a client that believes
// the virtual address at a MAC which nobody has.
func TestAHandoverIsRolledBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"HSRP version 2", "VRRP version 3"} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(handovers()[name])
				l.mustPing(fhrptest.HostIP)
				l.a.Eventually("the client is proven", func() bool { return l.a.Group("users").Takeover[0].Proven })
				l.b.Eventually("the active router is heard", func() bool { return allReady(l.b) })
				l.keep(l.Client, vip, hello.MAC{2, 0, 0, 0, 0xdd, 0xdd}, netlink.NUD_PERMANENT)
				out, exit := l.a.Command("handover", "users", "--timeout", "1s")
				if exit != 1 || !strings.Contains(out, "rolled back: 192.168.1.200 gave the role back") {
					t.Errorf("exit %d: %s", exit, out)
				}
				l.b.Eventually("the roles are as before", func() bool { return l.a.All("Active") && allReady(l.b) })
			})
		})
	}
}

// A better router that preempts with a command first leaves no gap either, and its stop
// neither.
func TestPreemptionWithACommandFirstCostsNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"HSRP, a command first", "VRRP 3, a command first"} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				groups := strings.Replace(handovers()[name], "priority", "preempt = true\npriority", 1)
				l.b.StartAs(groups, 100)
				l.b.WaitAll("Active")
				l.b.Eventually("the address is served", func() bool { return serves(l.b) })
				l.mustPing(fhrptest.HostIP)
				stop := l.numbers()
				l.a.StartAs(groups, 110)
				l.a.WaitAll("Active")
				l.a.Eventually("the address is served", func() bool { return serves(l.a) && allReady(l.b) })
				l.a.Stop()
				l.b.Eventually("the address is served", func() bool { return l.b.All("Active") && serves(l.b) })
				sent, lost, doubled := stop()
				t.Logf("%d datagrams, %d lost, %d doubled", sent, len(lost), len(doubled))
				if len(lost)+len(doubled) > 0 {
					t.Errorf("lost %v, doubled %v", lost, doubled)
				}
			})
		})
	}
}

// ready reports whether a router waits for the role and hears who has it: an HSRP group
// takes a hold time or two to be the standby router.
func ready(g status.Group) bool {
	return (g.State == "Standby" || g.State == "Backup") && g.Active != nil
}

// allReady reports whether a gateway is ready to take over every group. The active router
// says one group after the other.
func allReady(g *gateway) bool {
	groups := g.Report().Groups
	return len(groups) > 0 && !slices.ContainsFunc(groups, func(g status.Group) bool { return g.Follow == "" && !ready(g) })
}

// serves reports whether a gateway has role and address.
func serves(g *gateway) bool { u := g.Group("users"); return u.State == "Active" && u.HasAddress() }
