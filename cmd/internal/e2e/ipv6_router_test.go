package e2e

import (
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// offer is a router advertisement as it matters to a host.
type offer struct {
	Source, Link hello.MAC
	From         string
	HopLimit     byte
	Lifetime     time.Duration
	Prefixes     int
}

func readOffer(f netlab.Frame) (offer, bool) {
	m, ok := parseICMP(f)
	if !ok || m.body[0] != routerAdvertisement || len(m.body) < 16 {
		return offer{}, false
	}
	o := offer{
		Source: f.Source(), From: m.src.String(), HopLimit: m.body[4],
		Lifetime: time.Duration(binary.BigEndian.Uint16(m.body[6:])) * time.Second,
	}
	for b := m.body[16:]; len(b) >= 8 && b[1] > 0 && len(b) >= 8*int(b[1]); b = b[8*int(b[1]):] {
		switch b[0] {
		case 1:
			o.Link = hello.MAC(b[2:8])
		case 3:
			o.Prefixes++
		}
	}
	return o, true
}

// offers returns the gateway's router advertisements since a time.
func offers(g *gateway, since time.Time) (list []offer, at []time.Time) {
	for _, f := range g.Sent(since) {
		if o, ok := readOffer(f); ok {
			list, at = append(list, o), append(at, f.At)
		}
	}
	return list, at
}

// checkOffers wants every router advertisement of a gateway to come from the
// virtual router.
func checkOffers(t testing.TB, g *gateway, p protocol, lifetime time.Duration) {
	t.Helper()
	want := offer{Source: p.mac, Link: p.mac, From: p.local.String(), HopLimit: 64, Lifetime: lifetime}
	list, _ := offers(g, time.Time{})
	for _, o := range list {
		if d := cmp.Diff(want, o); d != "" {
			t.Errorf("router advertisement of %s (-want +got):\n%s", g.Name, d)
		}
	}
}

// With a lifetime of four seconds the default route does not outlive the router
// by long: that it is there a second failover later is the merit of the
// new active.
func TestRouterAdvertisementsFollowTheRole(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		const lifetime, pace = 4 * time.Second, 4 * time.Second / 3
		l.startInTurn(p.config(p.announce(`router_lifetime = "4s"`)))
		l.waitDefaultRouter(p.local)
		lost := l.lostRoutes()
		l.mustPing(fhrptest.HostIP6)
		if list, _ := offers(l.b, time.Time{}); len(list) != 0 {
			t.Errorf("the standby has sent router advertisements: %+v", list)
		}
		began := time.Now()
		l.a.Kill()
		l.b.WaitAll("Active")
		l.Eventually("router advertisements for longer than the lifetime", func() bool {
			_, at := offers(l.b, began)
			return len(at) > 0 && at[len(at)-1].Sub(began) > lifetime+takeover
		})
		l.waitDefaultRouter(p.local)
		l.mustPing(fhrptest.HostIP6)
		if n := lost(); n != 0 {
			t.Errorf("the client has lost its default route %d times", n)
		}
		checkOffers(t, l.a, p, lifetime)
		checkOffers(t, l.b, p, lifetime)
		_, at := offers(l.b, began)
		late := l.Witness.Late(began) + 50*time.Millisecond
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < pace-pace/10-late || gap > pace+pace/10+late {
				t.Errorf("%v between router advertisements, want a third of the lifetime", gap)
			}
		}
	})
}

// A host that has just come asks, and has its route within the three seconds
// that lie between multicast advertisements (RFC 4861 section 6.2.6).
func TestRouterSolicitationIsAnswered(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		l.startInTurn(p.config(p.announce(`router_lifetime = "30m"`)))
		l.Eventually("first advertisement", func() bool { list, _ := offers(l.a, time.Time{}); return len(list) == 1 })
		l.solicitRouters()
		l.Eventually("answer", func() bool { list, _ := offers(l.a, time.Time{}); return len(list) == 2 })
		_, at := offers(l.a, time.Time{})
		late := l.Witness.Late(at[0])
		if gap := at[1].Sub(at[0]); gap < 2900*time.Millisecond-late || gap > 4*time.Second+late {
			t.Errorf("answered %v after the last advertisement, want 3s", gap)
		}
		checkOffers(t, l.a, p, 30*time.Minute)
		l.a.Report() // has had the time to answer twice
		if list, _ := offers(l.b, time.Time{}); len(list) != 0 {
			t.Errorf("the standby answers: %+v", list)
		}
	})
}

// What the kernel does by itself: a gateway that forwards never advertises,
// and listens to the advertisements of others only with accept_ra=2.
func TestKernelOfAGateway(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		p := vrrp6
		l.startInTurn(p.config(p.announce(`router_lifetime = "3s"`)))
		l.waitDefaultRouter(p.local)
		accept := func(value string) {
			t.Helper()
			must(t, l.b.NS.Sysctl("net/ipv6/conf/"+lanDev+"/accept_ra", value))
			_, at := offers(l.a, time.Time{})
			l.Eventually("two more advertisements", func() bool { _, now := offers(l.a, time.Time{}); return len(now) >= len(at)+2 })
			l.mustPing(l.b.IP6)
		}
		for _, value := range []string{"0", "1"} {
			accept(value)
			if got := l.defaultRouters(l.b.NS); len(got) != 0 {
				t.Errorf("a gateway with accept_ra=%s has taken %v for its router", value, got)
			}
		}
		accept("2")
		l.Eventually("the peer as default router with accept_ra=2", func() bool {
			return slices.Equal(l.defaultRouters(l.b.NS), []netip.Addr{p.local})
		})
		checkOffers(t, l.a, p, 3*time.Second)
		if list, _ := offers(l.b, time.Time{}); len(list) != 0 {
			t.Errorf("the gateway that stands by has sent router advertisements: %+v", list)
		}
	})
}

// radvdConfig is the one of the documentation, but for the intervals.
const radvdConfig = `
interface eth0 {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    AdvDefaultLifetime 0;
    prefix 2001:db8:1::/64 { };
};
`

// The documented arrangement: radvd on both gateways for the prefix, without a
// router lifetime, and the virtual router as the hosts' only default router.
func TestPrefixFromRadvdRouterFromTheGroup(t *testing.T) {
	program := skip.Without(t, "radvd")
	each(t, func(t testing.TB, l *lan, p protocol) {
		// So that it has to make one from a prefix it is told.
		must(t, l.Client.DelAddr(lanDev, netip.PrefixFrom(fhrptest.ClientIP6, 64)))
		l.startInTurn(p.config(p.announce(`router_lifetime = "3s"`)))
		for _, g := range l.Gateways {
			must(t, os.WriteFile(g.Path("radvd.conf"), []byte(radvdConfig), 0o600))
			g.Launch("radvd.log", program, "-n", "-m", "stderr", "-C", g.Path("radvd.conf"), "-p", g.Path("radvd.pid"))
		}
		l.Eventually("address from the prefix", func() bool { return l.hasAddress(netip.MustParsePrefix("2001:db8:1::/64")) })
		for _, g := range l.Gateways {
			l.Eventually("radvd of "+g.Name, func() bool {
				list, _ := offers(g, time.Time{})
				return slices.Contains(list, offer{Source: g.MAC, Link: g.MAC, From: g.LinkLocal.String(), HopLimit: 64, Prefixes: 1})
			})
		}
		l.waitDefaultRouter(p.local)
		l.mustPing(fhrptest.HostIP6)
		lost := l.lostRoutes()
		began := time.Now()
		l.a.Kill()
		l.b.WaitAll("Active")
		l.Eventually("advertisements of both kinds after the takeover", func() bool {
			list, at := offers(l.b, began)
			return slices.ContainsFunc(list, func(o offer) bool { return o.Prefixes == 1 }) &&
				len(at) > 0 && at[len(at)-1].Sub(began) > 3*time.Second+takeover
		})
		l.waitDefaultRouter(p.local)
		l.mustPing(fhrptest.HostIP6)
		if n := lost(); n != 0 {
			t.Errorf("the client has lost its default route %d times", n)
		}
	})
}

// hasAddress reports whether the client has an address of a prefix.
func (l *lan) hasAddress(p netip.Prefix) bool {
	l.t.Helper()
	list, err := l.Client.Addresses(lanDev, netlink.FAMILY_V6)
	must(l.t, err)
	return slices.ContainsFunc(list, func(a netlink.Addr) bool {
		ip, ok := netip.AddrFromSlice(a.IP)
		return ok && p.Contains(ip)
	})
}
