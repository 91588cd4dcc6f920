package vip

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// bringing4 is a router with a default route through the uplink, in both families,
// and what else can follow a role.
func bringingRouter() Router {
	r := router10
	r.Routes = []Route{
		{To: netip.MustParsePrefix("0.0.0.0/0"), Via: far4, Interface: "eth1", Metric: 10, Src: vip4},
		{To: netip.MustParsePrefix("::/0"), Via: far6, Interface: "eth1"},
		{To: netip.MustParsePrefix("192.0.2.0/24"), Type: "blackhole", Table: 1001},
		{To: netip.MustParsePrefix("198.51.100.0/24"), Via: netip.MustParseAddr("172.16.0.1"), Interface: "eth1", OnLink: true},
		{To: netip.MustParsePrefix("2001:db8:5::/48"), Type: "unreachable"},
		{To: netip.MustParsePrefix("203.0.113.0/24"), Via: far4},
	}
	r.Rules = []Rule{
		{From: netip.MustParsePrefix("10.0.0.0/24"), Table: 1001, Priority: 100},
		{From: netip.MustParsePrefix("::/0"), IIF: "eth0", FwMark: 7, Table: 1001, Priority: 200},
		{To: netip.MustParsePrefix("192.0.2.0/24"), OIF: "none", Priority: 300},
	}
	return r
}

// brought lists the routes and rules of the namespace with our mark that follow a
// role, in short.
func brought(t testing.TB) (list []string) {
	t.Helper()
	there, err := newOwner(t).routes.marked()
	ok(t, err)
	for c := range there {
		switch c := c.(type) {
		case roleRoute:
			list = append(list, strings.TrimSpace(fmt.Sprintf("%v metric %d table %d %s", c.To, c.Metric, c.Table, c.Type)))
		case roleRule:
			list = append(list, fmt.Sprintf("rule %d table %d", c.Priority, c.Table))
		}
	}
	slices.Sort(list)
	return list
}

var allBrought = []string{
	"0.0.0.0/0 metric 10 table 254", "192.0.2.0/24 metric 0 table 1001 blackhole", "198.51.100.0/24 metric 0 table 254",
	"2001:db8:5::/48 metric 1024 table 254 unreachable", "203.0.113.0/24 metric 0 table 254", "::/0 metric 1024 table 254",
	"rule 100 table 1001", "rule 200 table 1001", "rule 300 table 254",
}

func checkBrought(t testing.TB, when string, want []string) {
	t.Helper()
	if diff := gocmp.Diff(want, brought(t)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// faults returns what could not be made for a router, with its number.
func faults(list []RouterRoutes) (out []string) {
	for _, r := range list {
		for n, s := range append(slices.Clone(r.Routes), r.Rules...) {
			if s.Err != nil {
				out = append(out, fmt.Sprintf("%d/%d: %v", r.ID, n, s.Err))
			}
			if s.Restored {
				out = append(out, fmt.Sprintf("%d/%d: put back", r.ID, n))
			}
		}
	}
	return out
}

func checkFaults(t testing.TB, when string, got []RouterRoutes, want ...string) {
	t.Helper()
	list := faults(got)
	fits := len(list) == len(want)
	for n := range want {
		fits = fits && strings.Contains(list[n], want[n])
	}
	if !fits {
		t.Errorf("%s: %q, want %q", when, list, want)
	}
}

func restoredRoutes(t testing.TB, i *Interface) []RouterRoutes {
	t.Helper()
	list, err := i.RestoreRoutes()
	ok(t, err)
	return list
}

func TestRoutesComeAndGoWithTheAddress(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, bringingRouter()))
	checkBrought(t, "prepared", nil)
	ok(t, iface.Address([]ID{10}, nil))
	checkBrought(t, "active", allBrought)
	checkFaults(t, "active", iface.RoutesOf(10))
	routes, err := netlink.RouteGetWithOptions(net.ParseIP("8.8.8.8"), &netlink.RouteGetOptions{})
	ok(t, err)
	if got := routes[0]; !got.Gw.Equal(far4.AsSlice()) || !got.Src.Equal(vip4.AsSlice()) {
		t.Errorf("the way out is %v, want via %v src %v", got, far4, vip4)
	}
	ok(t, iface.Address(nil, []ID{10}))
	checkBrought(t, "not active", nil)
	ok(t, iface.Address([]ID{10}, nil))
	ok(t, iface.Close())
	checkSnapshot(t, "closed", before)
}

// The address goes after its route, and comes before it.
func TestRoutesAreInsideOfTheAddress(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	r := Router{MAC: vmac, Addrs: []netip.Addr{vip4}, Accept: true, Routes: bringingRouter().Routes[:1]}
	ok(t, iface.Add(10, r))
	order := func(do func()) (seen []string) {
		events := make(chan netlink.RouteUpdate, 64)
		done := make(chan struct{})
		defer close(done)
		ok(t, netlink.RouteSubscribe(events, done))
		do()
		for len(seen) < 2 {
			select {
			case ev := <-events:
				switch {
				case ev.Table == unix.RT_TABLE_LOCAL && ev.Dst.IP.Equal(vip4.AsSlice()):
					seen = append(seen, "address")
				case ev.Priority == 10:
					seen = append(seen, "route")
				}
			case <-time.After(patience):
				t.Fatalf("only %v is told of", seen)
			}
		}
		return seen
	}
	if got := order(func() { ok(t, iface.Address([]ID{10}, nil)) }); !slices.Equal(got, []string{"address", "route"}) {
		t.Errorf("it came as %v", got)
	}
	if got := order(func() { ok(t, iface.Address(nil, []ID{10})) }); !slices.Equal(got, []string{"route", "address"}) {
		t.Errorf("it went as %v", got)
	}
}

func TestRoutesThatSomebodyRemovedArePutBack(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, bringingRouter()))
	ok(t, iface.Address([]ID{10}, nil))
	w := l.watch("eth0")
	await(t, w, "the start", func(ev Event) bool { return ev.Link.Up })
	ok(t, netlink.RouteDel(&netlink.Route{Dst: &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}, Priority: 10, LinkIndex: link(t, "eth1").Attrs().Index, Gw: far4.AsSlice(), Table: unix.RT_TABLE_MAIN}))
	await(t, w, "the route is gone", func(ev Event) bool { return ev.Routes })
	checkFaults(t, "a route", restoredRoutes(t, iface), "10/0: put back")
	rule := netlink.NewRule()
	rule.Priority, rule.Family, rule.Table, rule.Src = 100, unix.AF_INET, 1001, &net.IPNet{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(24, 32)}
	ok(t, netlink.RuleDel(rule))
	await(t, w, "the rule is gone", func(ev Event) bool { return ev.Routes })
	checkFaults(t, "a rule", restoredRoutes(t, iface), "10/6: put back")
	checkFaults(t, "nothing", restoredRoutes(t, iface))
	checkBrought(t, "at the end", allBrought)
}

func TestRoutesOfAnInterfaceThatIsDownWaitForIt(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	r := bringingRouter()
	r.Routes = append(r.Routes[:2:2], Route{To: netip.MustParsePrefix("192.0.2.0/24"), Interface: "none"},
		Route{To: netip.MustParsePrefix("198.18.0.0/15"), Via: netip.MustParseAddr("172.16.0.1"), Interface: "eth1"})
	r.Rules = nil
	ok(t, netlink.LinkSetDown(link(t, "eth1")))
	ok(t, iface.Add(10, r))
	ok(t, iface.Address([]ID{10}, nil))
	checkFaults(t, "down", iface.RoutesOf(10), "10/0: eth1 is down", "10/1: eth1 is down", "10/2: none does not exist", "10/3: eth1 is down")
	ok(t, netlink.LinkSetUp(link(t, "eth1")))
	addr, err := netlink.ParseAddr("2001:db8:9::1/64")
	ok(t, err)
	_ = netlink.AddrAdd(link(t, "eth1"), addr) // went with the link
	checkFaults(t, "up", restoredRoutes(t, iface), "10/2: none does not exist", "10/3: 172.16.0.1 is in no subnet of eth1")
	checkBrought(t, "up", []string{"0.0.0.0/0 metric 10 table 254", "::/0 metric 1024 table 254"})
	ok(t, netlink.LinkSetDown(link(t, "eth1")))
	checkFaults(t, "down again", restoredRoutes(t, iface), "10/0: eth1 is down", "10/1: eth1 is down", "10/2: none does not exist", "10/3: eth1 is down")
}

// The kernel drops an IPv4 route with the address that it goes out from, and takes the
// address out of an IPv6 one without a word.
func TestRoutesKeepTheAddressTheyGoOutFrom(t *testing.T) {
	l := newLab(t)
	r := bringingRouter()
	r.Routes, r.Rules = r.Routes[:2:2], nil
	r.Routes[1].Src = vip6
	whole := []string{"0.0.0.0/0 from " + vip4.String(), "::/0 from " + vip6.String()}
	check := func(when string, want ...string) {
		t.Helper()
		there, err := newOwner(t).routes.marked()
		ok(t, err)
		var got []string
		for c, src := range there {
			from := ""
			if src.IsValid() {
				from = " from " + src.String()
			}
			got = append(got, c.(roleRoute).To.String()+from)
		}
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	removeAddr := func(a netip.Addr) {
		t.Helper()
		ok(t, netlink.AddrDel(link(t, "eth0"), &netlink.Addr{IPNet: netlink.NewIPNet(a.AsSlice())}))
	}
	iface := l.open(Options{})
	ok(t, iface.Add(10, r))
	routed := r
	routed.RouteOnly = true
	ok(t, iface.Add(11, routed))
	ok(t, iface.Address([]ID{10}, nil))
	check("active", whole...)

	removeAddr(vip4)
	removeAddr(vip6)
	bare := "::/0"
	there, err := newOwner(t).routes.marked()
	ok(t, err)
	for c, src := range there {
		if c.(roleRoute).To == r.Routes[1].To && src == vip6 {
			bare = whole[1] // Linux 6.1, as the route leaves through another interface
		}
	}
	check("somebody has removed the addresses", bare)
	_, err = iface.Restore()
	ok(t, err)
	check("addresses put back", whole...)
	checkFaults(t, "addresses put back", restoredRoutes(t, iface))

	ok(t, iface.Address([]ID{11}, []ID{10}))
	check("the address is a route", whole[0], bare)
	lacks := func(of string) []string {
		if bare == whole[1] {
			return nil
		}
		return []string{of + ": the kernel has it without src, as " + vip6.String() + " is no usable address of this host"}
	}
	checkFaults(t, "the address is a route", iface.RoutesOf(11), lacks("11/1")...)
	checkFaults(t, "the address is a route still", restoredRoutes(t, iface), lacks("11/1")...)
	ok(t, iface.Address([]ID{10}, []ID{11}))
	check("the route is an address", whole...)
	checkFaults(t, "the route is an address", iface.RoutesOf(10))

	removeAddr(vip6)
	setSysctl(t, "ipv6/conf/eth0/accept_dad=1")
	setSysctl(t, "ipv6/conf/eth0/dad_transmits=60") // a second each
	ok(t, netlink.AddrAdd(link(t, "eth0"), &netlink.Addr{IPNet: netlink.NewIPNet(vip6.AsSlice())}))
	checkFaults(t, "an address is checked for duplicates", restoredRoutes(t, iface), lacks("10/1")...)
	check("an address is checked for duplicates", whole[0], bare)
	removeAddr(vip6)
	ok(t, netlink.AddrAdd(link(t, "eth0"), &netlink.Addr{IPNet: netlink.NewIPNet(vip6.AsSlice()), Flags: unix.IFA_F_NODAD}))
	checkFaults(t, "somebody has put the address back", restoredRoutes(t, iface))
	check("somebody has put the address back", whole...)
}

func TestRoutesOfOthersAreLeftAlone(t *testing.T) {
	l := newLab(t)
	theirs := &netlink.Route{Dst: netlink.NewIPNet(net.IPv4zero), Priority: 10, LinkIndex: link(t, "eth1").Attrs().Index, Gw: net.IP{10, 9, 0, 8}}
	theirs.Dst.Mask = net.CIDRMask(0, 32)
	theirs6 := &netlink.Route{Dst: &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}, LinkIndex: theirs.LinkIndex, Gw: net.ParseIP("2001:db8:9::8")}
	ok(t, netlink.RouteAdd(theirs))
	ok(t, netlink.RouteAdd(theirs6))
	rule := netlink.NewRule()
	rule.Priority, rule.Family, rule.Table, rule.Src = 100, unix.AF_INET, 1001, &net.IPNet{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(24, 32)}
	ok(t, netlink.RuleAdd(rule))
	before := snapshot(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, bringingRouter()))
	ok(t, iface.Address([]ID{10}, nil))
	want := []string{"10/0: somebody else has a route to 0.0.0.0/0 with metric 10 in table 254", "10/1: somebody else has a route to ::/0"}
	checkFaults(t, "while they are there", iface.RoutesOf(10), want...)
	checkFaults(t, "still", restoredRoutes(t, iface), want...)
	ok(t, iface.Close())
	checkSnapshot(t, "at the end", before)
}

func TestInterfacesOfAProcessShareARoute(t *testing.T) {
	l := newLab(t)
	eth0 := l.open(Options{})
	eth1, err := Open("eth1", Options{StateDir: l.state, Owner: eth0.owner})
	ok(t, err)
	defer eth1.Close()
	routes := []Route{{To: netip.MustParsePrefix("198.51.100.0/24"), Via: far4, Interface: "eth1"}}
	ok(t, eth0.Add(10, Router{MAC: vmac, Addrs: []netip.Addr{vip4}, Accept: true, Routes: routes}))
	ok(t, eth1.Add(1, Router{MAC: vmac, Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.200")}, Accept: true, Routes: routes}))
	ok(t, eth0.Address([]ID{10}, nil))
	ok(t, eth1.Address([]ID{1}, nil))
	want := []string{"198.51.100.0/24 metric 0 table 254"}
	checkBrought(t, "both", want)
	ok(t, eth0.Close())
	checkBrought(t, "one has closed", want)
	ok(t, eth1.Address(nil, []ID{1}))
	checkBrought(t, "none", nil)
}

func TestRoutesOfTheDeadAreRemovedAndThoseOfTheLivingStay(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	eth1, err := Open("eth1", Options{StateDir: l.state})
	ok(t, err)
	defer eth1.Close()
	living := []Route{{To: netip.MustParsePrefix("198.51.100.0/24"), Via: far4, Interface: "eth1", Metric: 5}}
	ok(t, eth1.Add(1, Router{MAC: vmac, Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.200")}, Accept: true, Routes: living}))
	ok(t, eth1.Address([]ID{1}, nil))
	iface := l.open(Options{})
	ok(t, iface.Add(10, bringingRouter()))
	ok(t, iface.Address([]ID{10}, nil))
	ok(t, iface.Abandon())
	if got := brought(t); len(got) != len(allBrought)+1 {
		t.Fatalf("left behind: %v", got)
	}
	ok(t, Recover(Options{StateDir: l.state}))
	checkBrought(t, "beside one that lives", []string{"198.51.100.0/24 metric 5 table 254"})
	ok(t, eth1.Abandon())
	ok(t, Recover(Options{StateDir: l.state}))
	checkSnapshot(t, "at the end", before)
}

// Nobody holds the uplink, and no journal tells of it.
func TestRecoverLeavesRoutesThroughTheUplinkOfTheLiving(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, bringingRouter()))
	ok(t, iface.Address([]ID{10}, nil))
	ok(t, Recover(Options{StateDir: t.TempDir()}))
	checkBrought(t, "recovered by another", allBrought)
	checkFaults(t, "recovered by another", restoredRoutes(t, iface))
}

func TestRoutesWithoutAJournalAreFoundByTheirMark(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, bringingRouter()))
	ok(t, iface.Address([]ID{10}, nil))
	ok(t, iface.Abandon())
	checkBrought(t, "left behind", allBrought)
	ok(t, Recover(Options{StateDir: t.TempDir()}))
	checkBrought(t, "recovered elsewhere", nil)
}

func TestRoutesGoToTheTableOfTheVRF(t *testing.T) {
	l := newLab(t)
	vrf := &netlink.Vrf{LinkAttrs: netlink.LinkAttrs{Name: "blue"}, Table: 1001}
	if err := netlink.LinkAdd(vrf); err != nil {
		skip.Regardless(t, "this kernel has no VRF: "+err.Error())
	}
	ok(t, netlink.LinkSetUp(link(t, "blue")))
	for _, name := range []string{"eth0", "eth1"} { // which takes them down for a moment
		ok(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/keep_addr_on_down", []byte("1"), 0))
		ok(t, netlink.LinkSetMaster(link(t, name), link(t, "blue")))
	}
	for name, a := range map[string]string{"eth0": "2001:db8::2/64", "eth1": "2001:db8:9::1/64"} {
		addr, err := netlink.ParseAddr(a)
		ok(t, err)
		ok(t, netlink.AddrReplace(link(t, name), addr)) // a new master takes those of IPv6
	}
	addressesReady(t, "eth0", "eth1")
	iface := l.open(Options{})
	r := bringingRouter()
	r.Routes, r.Rules = r.Routes[:2], r.Rules[2:]
	ok(t, iface.Add(10, r))
	ok(t, iface.Address([]ID{10}, nil))
	checkFaults(t, "active", iface.RoutesOf(10))
	checkBrought(t, "active", []string{"0.0.0.0/0 metric 10 table 1001", "::/0 metric 1024 table 1001", "rule 300 table 1001"})
	ok(t, iface.Close())
	checkBrought(t, "closed", nil)
}

func TestTablesAreTheRoutersOwnUnlessTold(t *testing.T) {
	for _, tt := range []struct{ vrf, given, want uint32 }{{0, 0, 254}, {1001, 0, 1001}, {1001, 254, 254}, {0, 7, 7}} {
		routes, rules := home{table: tt.vrf}.inTables([]Route{{Table: tt.given}}, []Rule{{Table: tt.given}})
		if got := cmp.Or(routes[0].Table, rules[0].Table); got != tt.want || rules[0].Table != tt.want {
			t.Errorf("table %d in VRF %d: %d and %d, want %d", tt.given, tt.vrf, routes[0].Table, rules[0].Table, tt.want)
		}
	}
}
