package e2e6

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// checkAnswers wants exactly one answer for every address of the segment, by
// whom it belongs to and with that one's MAC.
func checkAnswers(t testing.TB, l *lan, p protocol) {
	t.Helper()
	macs := map[netip.Addr]hello.MAC{l.a.own: l.a.MAC, l.a.global: l.a.MAC, l.b.own: l.b.MAC, l.b.global: l.b.MAC}
	macs[p.local], macs[global] = p.mac, p.mac // also where they are a gateway's own
	for ip, mac := range macs {
		want := []answer{{Source: mac, Link: mac, From: ip, Router: true, Solicited: true, Override: true}}
		if d := cmp.Diff(want, l.answers(ip), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("answers to the question for %s (-want +got):\n%s", ip, d)
		}
	}
}

// checkTransit wants what the client sends to the virtual router to reach the
// host beyond it, by way of one gateway's port and no other.
func checkTransit(t testing.TB, l *lan, p protocol, active, other *gateway) {
	t.Helper()
	began := time.Now()
	l.mustPing(hostIP)
	through := func(f netlab.Frame) bool {
		m, ok := parseICMP(f)
		return ok && f.Sent && !f.At.Before(began) && m.body[0] == echoRequest && m.dst == hostIP
	}
	byMAC := both(through, func(f netlab.Frame) bool { return destination(f) == p.mac })
	if _, err := active.port.WaitFor(byMAC, patience); err != nil {
		t.Errorf("nothing for the host went to %s by the virtual MAC", active.Name)
	}
	if n := count(other.port.Frames(), through); n != 0 {
		t.Errorf("%d packets for the host went to %s", n, other.Name)
	}
}

func TestVirtualAddressesBelongToTheActiveRouter(t *testing.T) {
	each(t, func(t testing.TB, p protocol) {
		l := newLAN(t)
		must(t, l.Client.AddRoute(anywhere, p.local, lanDev))
		l.start(p.config())
		for _, role := range []struct{ active, standby *gateway }{{l.a, l.b}, {l.b, l.a}} {
			l.settled(role.active, role.standby)
			l.Eventually("switch", func() bool { return l.FDB(p.mac) == role.active.Name })
			checkAnswers(t, l, p)
			l.mustPing(p.local, global)
			checkTransit(t, l, p, role.active, role.standby)
			if role.active == l.a {
				l.a.setPriority(85)
			}
		}
	})
}

// A group needs no link-local address in the file with HSRP, which has one for
// every virtual MAC.
func TestHSRPDerivesTheLinkLocalAddress(t *testing.T) {
	scenario(t, func(t testing.TB) {
		p := protocols[1]
		l := newLAN(t)
		l.start(p.with([]netip.Addr{global}))
		if got, want := l.a.Answer().Groups[0].VirtualIPs, []string{p.local.String(), global.String()}; !slices.Equal(got, want) {
			t.Errorf("virtual addresses %v, want %v", got, want)
		}
		l.mustPing(p.local, global)
	})
}

// Without accept the router answers for its addresses and forwards, and is
// silent towards whoever talks to the addresses themselves (RFC 9568 section
// 6.4.3, items 650 and 655).
func TestWithoutAcceptAddressesAreAnsweredForOnly(t *testing.T) {
	scenario(t, func(t testing.TB) {
		p := protocols[0]
		l := newLAN(t)
		must(t, l.Client.AddRoute(anywhere, p.local, lanDev))
		l.start(p.config("accept = false"))
		began := time.Now()
		checkAnswers(t, l, p)
		checkTransit(t, l, p, l.a, l.b)
		for _, a := range p.addresses() {
			if l.Ping(a, 3) {
				t.Errorf("%s answers", a)
			}
		}
		for _, g := range []*gateway{l.a, l.b} {
			for _, f := range g.sent(began) {
				m, ok := parseICMP(f)
				if !ok {
					continue
				}
				if m.body[0] < echoRequest || m.body[0] == redirect {
					t.Errorf("%s sends an ICMPv6 error or redirect: %x", g.Name, f.Data)
				}
				// A question from :: is the daemon's, who looks whether it would be the
				// second to have the address.
				if m.body[0] == neighborSolicitation && !m.src.IsUnspecified() && slices.Contains(p.addresses(), netip.AddrFrom16([16]byte(m.body[8:24]))) {
					t.Errorf("%s asks who has a virtual address: %x", g.Name, f.Data)
				}
			}
		}
	})
}

// The owner has the addresses on its interface: it is active at once, its
// kernel keeps them when the daemon stops, and its farewell hands the role on.
func TestOwner(t *testing.T) {
	t.Parallel()
	p := protocols[0]
	for name, drop := range map[string]bool{"beside its own": false, "as its only ones": true} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				l := newLAN(t)
				for _, a := range p.addresses() {
					must(t, l.a.NS.AddAddr(lanDev, netip.PrefixFrom(a, 64)))
				}
				if drop {
					dropAddr(t, l.a.NS, l.a.own)
					dropAddr(t, l.a.NS, l.a.global)
					l.a.own, l.a.global = p.local, global
				}
				checkOwner(t, l, p)
			})
		})
	}
}

func checkOwner(t testing.TB, l *lan, p protocol) {
	t.Helper()
	must(t, l.Client.AddRoute(anywhere, p.local, lanDev))
	l.b.StartAs(p.config(), 100)
	l.b.WaitAll("Active")
	began := time.Now()
	l.a.StartAs(p.config(), 255)
	l.settled(l.a, l.b)
	first := l.a.waitSent("an advertisement", began, p.hellos())
	if from := netip.AddrFrom16([16]byte(first.Data[22:38])); source(first) != p.mac || from != l.a.own || first.Data[14+40+2] != 255 {
		t.Errorf("the owner's first advertisement is %x, want priority 255 from %s and the virtual MAC", first.Data, l.a.own)
	}
	checkAnswers(t, l, p)
	l.mustPing(p.local, global, hostIP)

	stopped := time.Now()
	l.a.StopCleanly()
	farewell := l.a.waitSent("priority 0", stopped, func(f netlab.Frame) bool { return p.hellos()(f) && f.Data[14+40+2] == 0 })
	claim := l.b.waitSent("an advertisement", farewell.At, both(p.hellos(), from(p.mac)))
	if took := claim.At.Sub(farewell.At); took > takeover/2+l.witness.Late(stopped) {
		t.Errorf("the peer took over %v after the farewell", took)
	}
	// The owner's kernel asks in the name of its addresses and teaches hosts the
	// interface's MAC by that. The new active router puts it right.
	l.Eventually("entry of the router", func() bool { return l.neighbor(p.local).MAC == p.mac && l.FDB(p.mac) == "b" })
	l.mustPing(hostIP)
	addrs, err := l.a.NS.Addresses(lanDev, netlink.FAMILY_V6)
	must(t, err)
	for _, want := range p.addresses() {
		if !slices.ContainsFunc(addrs, func(a netlink.Addr) bool { return a.IP.Equal(want.AsSlice()) }) {
			t.Errorf("the owner's kernel has lost %s", want)
		}
	}
}

// What the documentation says of programs on the gateway.
func TestProgramsBindToVirtualAddressesOnlyIfAllowed(t *testing.T) {
	scenario(t, func(t testing.TB) {
		l := newLAN(t)
		l.start(protocols[0].config())
		l.mustPing(global)
		bind := func() error {
			conn, err := l.a.NS.ListenPacket("udp6", netip.AddrPortFrom(global, 7777).String())
			if err == nil {
				conn.Close()
			}
			return err
		}
		if err := bind(); !errors.Is(err, unix.EADDRNOTAVAIL) {
			t.Errorf("bind: %v, want EADDRNOTAVAIL", err)
		}
		must(t, l.a.NS.Sysctl("net/ipv6/ip_nonlocal_bind", "1"))
		if err := bind(); err != nil {
			t.Errorf("bind with ip_nonlocal_bind=1: %v", err)
		}
	})
}
