package e2e

import (
	"net/netip"
	"testing"
	"time"
)

// A flap takes every IPv6 address off the interface, and the routes of the
// link-local virtual address with them.
func TestLinkFlapComesBackUnaided(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		checkComesBack(t, l, v, l.a.LinkDown, func() {
			l.a.LinkUp()
			l.Address(l.a.NS, lanDev, l.a.IP6)
		})
		checkAnswers(t, l, v)
		checkTransit(t, l, v, l.a, l.b)
	})
}

// The cable of the other side is pulled: the interface keeps its addresses and
// loses its carrier.
func TestLostCarrierComesBackUnaided(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) { checkComesBack(t, l, v, l.a.Unplug, l.a.Plug) })
}

// checkComesBack wants the role to go with a's link and to come back with it,
// and everybody to be reached all the while.
func checkComesBack(t testing.TB, l *lan, v virtual, cut, mend func()) {
	t.Helper()
	everybody := append(v.addresses(), v.host, l.b.IP)
	l.startInTurn(v.groups)
	l.mustPing(everybody...)
	cut()
	l.b.WaitAll("Active")
	l.mustPing(everybody...)
	mend()
	l.Settled(l.a, l.b)
	l.Eventually("switch", func() bool { return l.FDB(v.mac) == "a" })
	l.mustPing(append(everybody, l.a.IP)...)
}

// A link-local address that is being checked for duplicates cannot be spoken
// from: the group waits and starts when it can.
func TestGroupWaitsForItsLinkLocalAddress(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		l.a.LinkDown()
		must(t, l.a.NS.Sysctl("net/ipv6/conf/"+lanDev+"/accept_dad", "1"))
		must(t, l.a.NS.Sysctl("net/ipv6/conf/"+lanDev+"/dad_transmits", "3"))
		l.a.LinkUp()
		unusable := func() bool { return l.Tentative(l.a.NS, lanDev) }
		l.Eventually("tentative address", unusable)
		l.a.StartAs(p.config(), 110)
		l.Eventually("daemon", func() bool { return len(l.a.Report().Groups) == 1 })
		var last time.Time
		waited := false
		l.Eventually("usable address", func() bool {
			groups, at := l.a.Report().Groups, time.Now()
			if !unusable() {
				return true
			}
			last, waited = at, true
			if len(groups) == 1 && groups[0].State != "Initialize" && groups[0].State != "Init" {
				t.Fatalf("%s while the address is tentative", groups[0].State)
			}
			return false
		})
		if !waited {
			t.Fatal("nobody has looked while the address was tentative")
		}
		l.a.WaitAll("Active")
		f := l.a.Sends("a hello", time.Time{}, p.hellos())
		if f.At.Before(last) {
			t.Errorf("the first hello came %v before the address could be used", last.Sub(f.At))
		}
		l.mustPing(p.local)
	})
}

// A router speaks from the first address of its interface. When that goes while
// another one stays, nobody's role changes.
func TestFirstOfTwoAddressesGoes(t *testing.T) {
	groups := both + table("vrrp", "vrid = 20", common, `virtual_ips = ["192.168.1.2"]`, `advertise = "200ms"`) +
		table("vrrp", "vrid = 20", common, `virtual_ips = ["fe80::2"]`, `advertise = "200ms"`)
	second4, second6 := netip.MustParseAddr("192.168.1.110"), netip.MustParseAddr("fe80::110")
	scenario(t, func(t testing.TB, l *lan) {
		must(t, l.a.NS.Sysctl("net/ipv4/conf/"+lanDev+"/promote_secondaries", "1"))
		must(t, l.a.NS.AddAddr(lanDev, netip.PrefixFrom(second4, 24)))
		must(t, l.a.NS.AddAddr(lanDev, netip.PrefixFrom(second6, 64)))
		l.start(groups)
		moves := func() (n int) {
			for _, g := range append(l.a.Report().Groups, l.b.Report().Groups...) {
				n += g.Transitions
			}
			return n
		}
		speaker := func() map[string]string {
			from := map[string]string{}
			for _, g := range l.b.Report().Groups {
				if g.Active != nil {
					from[g.Ref()] = g.Active.Address
				}
			}
			return from
		}
		before, first := moves(), speaker()
		must(t, l.a.NS.DelAddr(lanDev, netip.PrefixFrom(netip.MustParseAddr(first["hsrp:eth0:10"]), 24)))
		must(t, l.a.NS.DelAddr(lanDev, netip.PrefixFrom(netip.MustParseAddr(first["hsrp6:eth0:10"]), 64)))
		l.Eventually("the standby hears the other addresses", func() bool {
			now := speaker()
			for ref, from := range first {
				if now[ref] == from || now[ref] == "" {
					return false
				}
			}
			return true
		})
		sent := l.a.Group("v4").Counters.Sent
		l.Eventually("three hold times", func() bool { return l.a.Group("v4").Counters.Sent > sent+15 })
		if after := moves(); after != before {
			t.Errorf("%d transitions became %d\n%s", before, after, l.a.Tail())
		}
		l.mustPing(vip, netip.MustParseAddr("192.168.1.2"))
	})
}
