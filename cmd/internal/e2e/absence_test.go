package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// absentGroups are all kinds of groups, with timers that leave room for the
// stalls of a machine beside what a network manager takes.
var absentGroups = strings.ReplaceAll(strings.ReplaceAll(both, "200ms", "500ms"), `"1s"`, `"2s"`) +
	table("vrrp", "vrid = 20", common, `virtual_ips = ["192.168.1.2"]`, `advertise = "500ms"`, `name = "r4"`) +
	table("vrrp", "vrid = 20", common, `virtual_ips = ["fe80::2"]`, `advertise = "500ms"`, `name = "r6"`)

// bothAddresses are what a router speaks from.
func bothAddresses(g *gateway) []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(g.IP, 24), netip.PrefixFrom(g.LinkLocal, 64)}
}

// renew takes the addresses from which a gateway speaks away, as network
// managers do when they start again, and gives them back after a moment.
func (l *lan) renew(g *gateway, away time.Duration) {
	l.t.Helper()
	for _, p := range bothAddresses(g) {
		must(l.t, g.NS.DelAddr(lanDev, p))
	}
	gone := time.Now()
	l.Eventually("the end of the absence", func() bool { return time.Since(gone) >= away })
	handle := g.NS.Netlink()
	link, err := handle.LinkByName(lanDev)
	must(l.t, err)
	for _, p := range bothAddresses(g) { // netlab's AddAddr lets the kernel look for no duplicates
		a, err := netlink.ParseAddr(p.String())
		must(l.t, err)
		must(l.t, handle.AddrAdd(link, a))
	}
}

// The address goes and comes back within 80 ms, and over IPv6 is checked for
// duplicates for a second or two before it may be used.
func TestAddressThatIsAwayForAMomentCostsNoRole(t *testing.T) {
	leaveOutIfShort(t)
	scenario(t, func(t testing.TB, l *lan) {
		for _, g := range l.Gateways {
			must(t, g.NS.Sysctl("net/ipv6/conf/"+lanDev+"/accept_dad", "1"))
			must(t, g.NS.Sysctl("net/ipv6/conf/"+lanDev+"/dad_transmits", "1"))
		}
		l.start(absentGroups)
		moves := func() (n int) {
			for _, g := range append(l.a.Answer().Groups, l.b.Answer().Groups...) {
				n += g.Transitions
			}
			return n
		}
		before, began := moves(), time.Now()
		for _, g := range l.Gateways { // active, and standby
			l.renew(g, 80*time.Millisecond)
			if !l.Tentative(g.NS, lanDev) {
				t.Error("no duplicates are looked for, the test proves less")
			}
			l.Eventually("usable addresses", func() bool { return !l.Tentative(g.NS, lanDev) })
			l.Eventually("a word on it", func() bool {
				log := g.File("daemon.log")
				return strings.Contains(log, "the IPv4 address was away") && strings.Contains(log, "the IPv6 address was away")
			})
		}
		if after := moves(); after != before {
			t.Errorf("%d transitions became %d\n%s", before, after, l.a.Tails())
		}
		l.checkHellos(l.a, began, 500*time.Millisecond)
		// The daemon hears of the absence a moment after the kernel.
		for _, f := range l.a.Sent(began.Add(50*time.Millisecond + l.Witness.Late(began))) {
			if f.Source() == l.a.MAC && saysFrom(f, vip6, netip.MustParseAddr("fe80::2")) {
				t.Errorf("the kernel of the active router says something from a virtual address: % x", f.Data)
			}
		}
		l.mustPing(vip, netip.MustParseAddr("192.168.1.2"), vip6, netip.MustParseAddr("fe80::2"), l.a.IP, l.b.IP)
		if !l.forwards(l.a, mac2) || l.forwards(l.b, mac2) {
			t.Error("want the active router to forward, and the standby not")
		}
	})
}

// The kernel drops the IPv4 routes through an interface with its last address.
func TestRoutesOutliveAnAddressThatIsAway(t *testing.T) {
	t.Parallel()
	for name, renew := range map[string]func(l *lan, del, add func()){
		"until the daemon knows": func(l *lan, del, add func()) {
			del()
			l.Eventually("virtual addresses that are routes alone", func() bool { return len(ipv4On(l.a)) == 0 })
			add()
		},
		"and back before the daemon looks": func(l *lan, del, add func()) {
			l.a.Freeze()
			del()
			add()
			l.a.Thaw()
		},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.a.StartAs(hsrpTable(2, `virtual_ips = ["192.168.1.1", "10.77.0.1/24"]`, `hello = "500ms"`, `hold = "2s"`,
					fmt.Sprintf(`routes = [{ to = %q, via = %q }]`, beyond4, fhrptest.ClientIP)), 110)
				l.a.WaitAll("Active")
				whole := func() bool { return brought(l.a) == 1 && states(l.a) == "in" && subnets(l.a) == 1 }
				l.Eventually("the routes", whole)
				before := l.a.Answer().Groups[0].Transitions
				own := netip.PrefixFrom(l.a.IP, 24)
				renew(l, func() { must(t, l.a.NS.DelAddr(lanDev, own)) }, func() { must(t, l.a.NS.AddAddr(lanDev, own)) })
				l.Eventually("the host's own address as the first, and the virtual ones behind it", func() bool {
					list := ipv4On(l.a)
					return len(list) == 3 && list[0].IP.Equal(l.a.IP.AsSlice())
				})
				l.Eventually("the routes again", whole)
				l.become(guest4, guest6)
				l.mustPing(prefix4.Addr(), vip)
				if after := l.a.Answer().Groups[0].Transitions; after != before {
					t.Errorf("%d transitions became %d, want the role held\n%s", before, after, l.a.Tails())
				}
			})
		})
	}
}

// ipv4On lists the IPv4 addresses of a gateway, in the kernel's order.
func ipv4On(g *gateway) []netlink.Addr {
	g.T.Helper()
	list, err := g.NS.Addresses(lanDev, unix.AF_INET)
	must(g.T, err)
	return list
}

// saysFrom reports whether a frame is an IPv6 packet from one of the addresses.
func saysFrom(f netlab.Frame, list ...netip.Addr) bool {
	var p wire.Packet
	return p.Parse(f.Data) && slices.Contains(list, p.Src)
}

// checkHellos wants a gateway to have missed no hello since a time.
func (l *lan) checkHellos(g *gateway, since time.Time, every time.Duration) {
	l.t.Helper()
	last := since
	for _, f := range g.Sent(since) {
		if f.Source() != mac2 || fhrptest.Message(f) != "hello Active" {
			continue
		}
		if gap := f.At.Sub(last); gap > every+every/2+l.Witness.Late(since) {
			l.t.Errorf("%v passed between two hellos of %s, want %v at most", gap, g.Name, every)
		}
		last = f.At
	}
}

// An address that does not come back takes the role with it, in time.
func TestAddressThatIsAwayForGoodCostsTheRole(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(absentGroups)
		gone := time.Now()
		for _, p := range bothAddresses(l.a) {
			must(t, l.a.NS.DelAddr(lanDev, p))
		}
		resign := l.a.Sends("resignation", gone, func(f netlab.Frame) bool { return fhrptest.Message(f) == "resign Active" })
		const bound = 500 * time.Millisecond
		if took := resign.At.Sub(gone); took < bound || took > bound+l.Witness.Late(gone)+100*time.Millisecond {
			t.Errorf("the router gave the role up after %v, want %v", took, bound)
		}
		l.b.WaitAll("Active")
		l.a.WaitAll("Init", "Initialize")
		l.mustPing(vip, vip6)
	})
}
