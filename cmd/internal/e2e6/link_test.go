package e2e6

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// A flap takes every IPv6 address off the interface, and the routes of the
// link-local virtual address with them.
func TestLinkFlapComesBackUnaided(t *testing.T) {
	each(t, func(t testing.TB, p protocol) {
		l := newLAN(t)
		must(t, l.Client.AddRoute(anywhere, p.local, lanDev))
		l.start(p.config())
		l.mustPing(p.local, global, hostIP)
		must(t, l.a.NS.LinkDown(lanDev))
		l.b.WaitAll("Active")
		l.mustPing(p.local, global, hostIP)
		must(t, l.a.NS.LinkUp(lanDev))
		must(t, l.a.NS.AddAddr(lanDev, netip.PrefixFrom(l.a.global, 64)))
		l.settled(l.a, l.b)
		l.Eventually("switch", func() bool { return l.FDB(p.mac) == "a" })
		l.mustPing(p.local, global, hostIP)
		checkAnswers(t, l, p)
		checkTransit(t, l, p, l.a, l.b)
	})
}

// The cable of the other side is pulled: the interface keeps its addresses and
// loses its carrier.
func TestLostCarrierComesBackUnaided(t *testing.T) {
	each(t, func(t testing.TB, p protocol) {
		l := newLAN(t)
		must(t, l.Client.AddRoute(anywhere, p.local, lanDev))
		l.start(p.config())
		must(t, l.Switch.LinkDown("a"))
		l.b.WaitAll("Active")
		l.mustPing(p.local, global, hostIP)
		must(t, l.Switch.LinkUp("a"))
		l.settled(l.a, l.b)
		l.Eventually("switch", func() bool { return l.FDB(p.mac) == "a" })
		l.mustPing(p.local, global, hostIP)
	})
}

// A link-local address that is being checked for duplicates cannot be spoken
// from: the group waits and starts when it can.
func TestGroupWaitsForItsLinkLocalAddress(t *testing.T) {
	each(t, func(t testing.TB, p protocol) {
		l := newLAN(t)
		must(t, l.a.NS.LinkDown(lanDev))
		must(t, l.a.NS.Sysctl("net/ipv6/conf/"+lanDev+"/accept_dad", "1"))
		must(t, l.a.NS.Sysctl("net/ipv6/conf/"+lanDev+"/dad_transmits", "3"))
		must(t, l.a.NS.LinkUp(lanDev))
		unusable := func() bool { return l.tentative(l.a.NS, lanDev) }
		l.Eventually("tentative address", unusable)
		l.a.StartAs(p.config(), 110)
		l.Eventually("daemon", func() bool { return len(l.a.groups()) == 1 })
		var last time.Time
		waited := false
		l.Eventually("usable address", func() bool {
			groups, at := l.a.groups(), time.Now()
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
		f := l.a.waitSent("a hello", time.Time{}, p.hellos())
		if f.At.Before(last) {
			t.Errorf("the first hello came %v before the address could be used", last.Sub(f.At))
		}
		l.mustPing(p.local)
	})
}

// tentative reports whether an interface has a link-local address that may not
// be used yet.
func (l *lan) tentative(ns *netlab.NS, dev string) bool {
	l.t.Helper()
	list, err := ns.Addresses(dev, netlink.FAMILY_V6)
	must(l.t, err)
	return slices.ContainsFunc(list, func(a netlink.Addr) bool {
		return a.IP.IsLinkLocalUnicast() && a.Flags&unix.IFA_F_TENTATIVE != 0
	})
}
