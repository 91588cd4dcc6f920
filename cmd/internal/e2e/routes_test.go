package e2e

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	gate "github.com/fhrpd/fhrpd/vip"
)

// beyond4 and beyond6 are networks behind the host, to which only the active router
// has a way.
var (
	beyond4 = netip.MustParsePrefix("198.18.0.0/15")
	beyond6 = netip.MustParsePrefix("fd99::/48")
)

// withRoutes are groups that bring the ways along, with a rule each.
func withRoutes() string {
	return hsrpTable(2, `virtual_ips = ["192.168.1.1"]`, subSecond,
		fmt.Sprintf(`routes = [{ to = %q, via = %q, interface = %q, metric = 7 }]`, beyond4, fhrptest.HostIP, fhrptest.CoreDev),
		`rules = [{ from = "198.51.100.0/24", table = 100, priority = 900 }]`) +
		table("vrrp", "vrid = 20", common, `advertise = "300ms"`, `virtual_ips = ["fe80::1", "fd00:1::1"]`,
			fmt.Sprintf(`routes = [{ to = %q, via = %q, interface = %q }]`, beyond6, fhrptest.HostIP6, fhrptest.CoreDev))
}

// brought counts what a gateway's kernel has of it.
func brought(g *gateway) (n int) {
	g.T.Helper()
	for family, want := range map[int]netip.Prefix{unix.AF_INET: beyond4, unix.AF_INET6: beyond6} {
		list, err := g.NS.Netlink().RouteList(nil, family)
		must(g.T, err)
		for _, r := range list {
			if r.Dst != nil && r.Dst.String() == want.String() && r.Protocol == gate.RouteProtocol {
				n++
			}
		}
		rules, err := g.NS.Netlink().RuleList(family)
		must(g.T, err)
		for _, r := range rules {
			if r.Protocol == gate.RouteProtocol {
				n++
			}
		}
	}
	return n
}

// states says where the routes and rules of a gateway are, in the words of status.
func states(g *gateway) string {
	g.T.Helper()
	var words []string
	for _, group := range g.Report().Groups {
		for _, r := range append(group.Routes, group.Rules...) {
			words = append(words, strings.TrimSpace(r.State+" "+r.Why))
		}
	}
	return strings.Join(words, ", ")
}

func (l *lan) awaitBrought(g *gateway, n int, want string) {
	l.t.Helper()
	l.Eventually(fmt.Sprintf("%s with %d routes and rules that are %s", g.Name, n, want), func() bool { return brought(g) == n && states(g) == want })
}

func TestRoutesGoWithTheRole(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(withRoutes())
		l.awaitBrought(l.a, 3, "in, in, in")
		l.awaitBrought(l.b, 0, "out, out, out")
		l.a.Stop()
		if n := brought(l.a); n > 0 {
			t.Errorf("%d left after the stop", n)
		}
		l.b.WaitAll("Active")
		l.awaitBrought(l.b, 3, "in, in, in")
		l.b.Kill()
		if n := brought(l.b); n != 3 {
			t.Errorf("%d left after the kill, want all 3: the kernel has no lifetime for them", n)
		}
		l.a.StartAs(withRoutes(), 110)
		l.a.WaitAll("Active")
		l.b.StartAs(withRoutes(), 50)
		l.awaitBrought(l.b, 0, "out, out, out")
	})
}

func TestRoutesThatSomebodyRemovesArePutBack(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(withRoutes())
		l.awaitBrought(l.a, 3, "in, in, in")
		dst, err := netlink.ParseIPNet(beyond4.String())
		must(t, err)
		must(t, l.a.NS.Netlink().RouteDel(&netlink.Route{Dst: dst, Gw: fhrptest.HostIP.AsSlice(), Priority: 7}))
		l.Eventually("the route put back", func() bool { return brought(l.a) == 3 && restoredRoutes(l.a) == 1 })
		rule := netlink.NewRule()
		rule.Priority, rule.Family = 900, unix.AF_INET
		must(t, l.a.NS.Netlink().RuleDel(rule))
		l.Eventually("the rule put back", func() bool { return brought(l.a) == 3 && restoredRoutes(l.a) == 2 })
		l.Eventually("both in the log", func() bool {
			return strings.Count(l.a.File("daemon.log"), "was removed by somebody else; put back") == 2
		})
	})
}

func restoredRoutes(g *gateway) (n uint64) {
	for _, i := range g.Report().Interfaces {
		n += i.Restored.Routes
	}
	return n
}

func TestRoutesWaitForTheirInterface(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		must(t, l.a.NS.LinkDown(fhrptest.CoreDev))
		l.startInTurn(withRoutes())
		down := "failed " + fhrptest.CoreDev + " is down"
		l.awaitBrought(l.a, 1, down+", in, "+down)
		must(t, l.a.NS.LinkUp(fhrptest.CoreDev))
		l.Eventually("the IPv4 route with the link", func() bool { return brought(l.a) >= 2 })
		must(t, l.a.NS.LinkDown(fhrptest.CoreDev))
		l.awaitBrought(l.a, 1, down+", in, "+down)
		l.a.WaitAll("Active")
	})
}
