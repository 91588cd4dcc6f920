package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// A subnet of which the gateways have nothing but the virtual addresses.
var (
	subnet4, subnet6 = netip.MustParsePrefix("10.77.0.0/24"), netip.MustParsePrefix("fd77::/64")
	prefix4, prefix6 = netip.MustParsePrefix("10.77.0.1/24"), netip.MustParsePrefix("fd77::1/64")
	guest4, guest6   = netip.MustParseAddr("10.77.0.9"), netip.MustParseAddr("fd77::9")
)

// connected are groups that bring the subnet along.
var connected = hsrpTable(2, `virtual_ips = ["10.77.0.1/24"]`, subSecond) +
	table("vrrp", "vrid = 20", common, `advertise = "300ms"`, `virtual_ips = ["fe80::1", "fd77::1/64"]`)

// become gives the client addresses of that subnet in place of its own.
func (l *lan) become(four, six netip.Addr) {
	l.t.Helper()
	must(l.t, l.Client.DelAddr(lanDev, netip.PrefixFrom(fhrptest.ClientIP, 24))) // the default route goes with it
	must(l.t, l.Client.DelAddr(lanDev, netip.PrefixFrom(fhrptest.ClientIP6, 64)))
	must(l.t, l.Client.AddAddr(lanDev, netip.PrefixFrom(four, subnet4.Bits())))
	must(l.t, l.Client.AddAddr(lanDev, netip.PrefixFrom(six, subnet6.Bits())))
	must(l.t, l.Client.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), prefix4.Addr(), lanDev))
	l.routeThrough(prefix6.Addr())
}

// backThrough is the host's way to the subnet.
func (l *lan) backThrough(g *gateway) {
	l.t.Helper()
	link, err := l.Host.Netlink().LinkByName(lanDev)
	must(l.t, err)
	for to, via := range map[netip.Prefix]netip.Addr{subnet4: g.CoreIP, subnet6: g.CoreIP6} {
		dst, err := netlink.ParseIPNet(to.String())
		must(l.t, err)
		must(l.t, l.Host.Netlink().RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: dst, Gw: via.AsSlice()}))
	}
}

// hasSubnet reports whether a gateway has the connected routes.
func hasSubnet(g *gateway) bool { g.T.Helper(); return subnets(g) == 2 }

// subnets returns how many of them it has.
func subnets(g *gateway) (found int) {
	g.T.Helper()
	for family, want := range map[int]netip.Prefix{unix.AF_INET: subnet4, unix.AF_INET6: subnet6} {
		list, err := g.NS.Netlink().RouteList(nil, family)
		must(g.T, err)
		for _, r := range list {
			if r.Dst != nil && r.Dst.String() == want.String() {
				found++
			}
		}
	}
	return found
}

func TestPrefixServesASubnetOfItsOwn(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.become(guest4, guest6)
		l.startInTurn(connected)
		began := time.Now()
		for _, active := range l.Gateways {
			l.backThrough(active)
			l.strangers(active)
			l.mustPing(prefix4.Addr(), prefix6.Addr(), fhrptest.HostIP, fhrptest.HostIP6)
			if !hasSubnet(active) || active == l.a && hasSubnet(l.b) {
				t.Error("want the connected routes on the active router alone")
			}
			if active == l.a {
				l.lose()
			}
		}
		l.checkOneMAC(began, map[netip.Addr]hello.MAC{prefix4.Addr(): mac2, prefix6.Addr(): vrrp6.mac, vrrp6.local: vrrp6.mac})
	})
}

// Network managers switch IPv6 off and on again, or set an MTU that it cannot do with.
// That takes every IPv6 address from the interface, and for a moment none can be put
// back; the role stays.
func TestIPv6ThatIsAwayForAMomentBringsItsAddressesBack(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(g *gateway, away bool) error{
		"switched off": func(g *gateway, away bool) error {
			return g.NS.Sysctl("net/ipv6/conf/"+lanDev+"/disable_ipv6", map[bool]string{true: "1", false: "0"}[away])
		},
		"MTU too small": func(g *gateway, away bool) error {
			link, err := g.NS.Netlink().LinkByName(lanDev)
			must(g.T, err)
			return g.NS.Netlink().LinkSetMTU(link, map[bool]int{true: 1000, false: 1500}[away])
		},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.a.StartAs(strings.Replace(connected, `"300ms"`, `"1s"`, 1), 110)
				l.a.WaitAll("Active")
				l.Eventually("the addresses", func() bool { return hasSubnet(l.a) })
				before := l.a.Answer().Groups[1].Transitions
				must(t, set(l.a, true))
				l.Eventually("the end of IPv6", func() bool { return subnets(l.a) == 1 })
				must(t, set(l.a, false))
				l.Eventually("the addresses again", func() bool { return hasSubnet(l.a) })
				l.mustPing(vrrp6.local)
				list, err := l.a.NS.Addresses(lanDev, unix.AF_INET6)
				must(t, err)
				if !slices.ContainsFunc(list, func(a netlink.Addr) bool { return a.IP.Equal(prefix6.Addr().AsSlice()) }) {
					t.Errorf("%v is not on the interface: %v", prefix6.Addr(), list)
				}
				if after := l.a.Answer().Groups[1].Transitions; after != before {
					t.Errorf("%d transitions became %d, want the role held\n%s", before, after, l.a.Tails())
				}
				if log := l.a.File("daemon.log"); strings.Contains(log, "put virtual addresses back:") || strings.Contains(log, "own addresses") {
					t.Errorf("what has to fail is complained of:\n%s", log)
				}
			})
		})
	}
}

// Whoever has lost the role must send what is for the subnet to the one who has it,
// not to a LAN on which it is nobody.
func TestPrefixGoesWithTheRole(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*gateway){
		"stopped": (*gateway).Stop,
		"cut off": func(g *gateway) { g.Unplug() },
		"killed, and started again": func(g *gateway) { // the kernel has no lifetime for IPv4 routes
			g.Kill()
			g.StartAs(connected, 50)
		},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(connected)
				if !hasSubnet(l.a) {
					t.Fatal("the active router has no connected routes: the test proves nothing")
				}
				end(l.a)
				l.b.WaitAll("Active")
				l.Eventually("the end of the connected routes", func() bool { return subnets(l.a) == 0 })
			})
		})
	}
}
