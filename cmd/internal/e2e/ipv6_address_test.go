package e2e

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// A group needs no link-local address in the file with HSRP, which has one for
// every virtual MAC.
func TestHSRPDerivesTheLinkLocalAddress(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		p := hsrp6
		l.startInTurn(p.with([]netip.Addr{global}))
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
	scenario(t, func(t testing.TB, l *lan) {
		p := vrrp6
		l.routeThrough(p.local)
		l.startInTurn(p.config("accept = false"))
		began := time.Now()
		checkAnswers(t, l, p.virtual())
		checkTransit(t, l, p.virtual(), l.a, l.b)
		for _, a := range p.addresses() {
			if l.ping(l.Client, netip.Addr{}, a, 3) {
				t.Errorf("%s answers", a)
			}
		}
		for _, g := range l.Gateways {
			for _, f := range g.Sent(began) {
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
	p := vrrp6
	for name, drop := range map[string]bool{"beside its own": false, "as its only ones": true} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				for _, a := range p.addresses() {
					must(t, l.a.NS.AddAddr(lanDev, netip.PrefixFrom(a, 64)))
				}
				if drop {
					must(t, l.a.NS.DelAddr(lanDev, netip.PrefixFrom(l.a.LinkLocal, 64)))
					must(t, l.a.NS.DelAddr(lanDev, netip.PrefixFrom(l.a.IP6, 64)))
					l.a.LinkLocal, l.a.IP6 = p.local, global
				}
				checkOwner(t, l, p)
			})
		})
	}
}

func checkOwner(t testing.TB, l *lan, p protocol) {
	t.Helper()
	l.routeThrough(p.local)
	l.b.StartAs(p.config(), 100)
	l.b.WaitAll("Active")
	began := time.Now()
	l.a.StartAs(p.config(), 255)
	l.Settled(l.a, l.b)
	first := l.a.Sends("an advertisement", began, p.hellos())
	if from := netip.AddrFrom16([16]byte(first.Data[22:38])); first.Source() != p.mac || from != l.a.LinkLocal || first.Data[14+40+2] != 255 {
		t.Errorf("the owner's first advertisement is %x, want priority 255 from %s and the virtual MAC", first.Data, l.a.LinkLocal)
	}
	checkAnswers(t, l, p.virtual())
	l.mustPing(p.local, global, fhrptest.HostIP6)

	stopped := time.Now()
	l.a.StopCleanly()
	farewell := l.a.Sends("priority 0", stopped, func(f netlab.Frame) bool { return p.hellos()(f) && f.Data[14+40+2] == 0 })
	claim := l.b.Sends("an advertisement", farewell.At, and(p.hellos(), from(p.mac)))
	if took := claim.At.Sub(farewell.At); took > takeover/2+l.Witness.Late(stopped) {
		t.Errorf("the peer took over %v after the farewell", took)
	}
	// The owner's kernel asks in the name of its addresses and teaches hosts the
	// interface's MAC by that. The new active router puts it right.
	l.Eventually("entry of the router", func() bool { return l.neighbor(p.local).MAC == p.mac && l.FDB(p.mac) == "b" })
	l.mustPing(fhrptest.HostIP6)
	addrs, err := l.a.NS.Addresses(lanDev, netlink.FAMILY_V6)
	must(t, err)
	for _, want := range p.addresses() {
		if !slices.ContainsFunc(addrs, func(a netlink.Addr) bool { return a.IP.Equal(want.AsSlice()) }) {
			t.Errorf("the owner's kernel has lost %s", want)
		}
	}
}

// What the documentation says of programs on the gateway.
func TestProgramsBindToAddressesThatAreRoutesOnlyIfAllowed(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(vrrp6.config() + "install = \"route\"\n")
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
