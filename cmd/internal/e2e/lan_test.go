package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// Addresses of the segment beside those of fhrptest: the virtual ones, and those
// whom only our own questions come from.
var (
	vip      = netip.MustParseAddr("192.168.1.1")
	vip6     = netip.MustParseAddr("fe80::1")
	askerIP  = netip.MustParseAddr("192.168.1.11")
	askerIP6 = netip.MustParseAddr("2001:db8:1::11")
)

const (
	lanDev   = fhrptest.LANDev
	coreDev  = fhrptest.CoreDev
	patience = fhrptest.Patience
)

var must = fhrptest.Must

type gateway = fhrptest.Gateway

// lan is a client and two gateways, of which a is meant to be active, with what
// the captures on it have seen.
type lan struct {
	*fhrptest.LAN
	t    testing.TB
	a, b *gateway

	clientSide *netlab.Capture // frames on the client's interface, both directions
	hostSide   *netlab.Capture // probes that arrive at the host
	number32   uint32          // of the last single probe
}

// scenario plays a test on a network of its own, beside others, and again where
// the machine stood still so long that a healthy router may have lost its role.
func scenario(t *testing.T, play func(t testing.TB, l *lan)) {
	t.Helper()
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) { play(t, newLAN(t)) })
}

// newLAN has a host beyond the gateways, to which they forward. Every rp_filter
// is strict, which is what distributions ship. The client's default route over
// IPv4 is the virtual router; over IPv6 it has none.
func newLAN(t testing.TB) *lan {
	t.Helper()
	l := watched(t, fhrptest.Plan{Host: true, Routers: true, Sysctls: map[string]string{
		"net/ipv4/conf/all/rp_filter": "1", "net/ipv4/conf/default/rp_filter": "1",
	}})
	must(t, l.Client.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), vip, lanDev))
	l.hostSide = l.Capture(l.Host, lanDev, func(f netlab.Frame) bool { _, ok := probeNumber(f.Data); return ok && !f.Sent })
	return l
}

func watched(t testing.TB, p fhrptest.Plan) *lan {
	t.Helper()
	l := &lan{t: t, LAN: fhrptest.NewLAN(t, p)}
	l.a, l.b = l.Gateways[0], l.Gateways[1]
	l.a.Watch(nil)
	l.b.Watch(nil)
	l.clientSide = l.Capture(l.Client, lanDev, nil)
	return l
}

// start runs both daemons with the text as their groups, a with priority 110
// and b with 100, and waits until a is active everywhere and b is next.
func (l *lan) start(groups string) {
	l.t.Helper()
	l.a.StartAs(groups, 110)
	l.b.StartAs(groups, 100)
	l.Settled(l.a, l.b)
}

// startInTurn is start for tests that look at all that b has ever sent: b finds
// a active, and is never ahead of it.
func (l *lan) startInTurn(groups string) {
	l.t.Helper()
	l.a.StartAs(groups, 110)
	l.a.WaitAll("Active")
	l.b.StartAs(groups, 100)
	l.Settled(l.a, l.b)
}

// pings is how many echo requests an address may leave without an answer, on a
// machine that is busy with other things.
const pings = 40

// mustPing fails the test unless every address answers the client.
func (l *lan) mustPing(list ...netip.Addr) {
	l.t.Helper()
	for _, a := range list {
		if !l.ping(l.Client, netip.Addr{}, a, pings) {
			l.t.Errorf("%s does not answer\n%s", a, l.a.Tails())
		}
	}
}

// ping reports whether one of so many echo requests is answered. Without from
// the kernel chooses the source.
func (l *lan) ping(ns *netlab.NS, from, to netip.Addr, tries int) bool {
	l.t.Helper()
	if to.IsLinkLocalUnicast() && to.Is6() {
		to = to.WithZone(lanDev)
	}
	ok, err := ns.Ping(to, netlab.Echo{From: from, Tries: tries, Wait: 300 * time.Millisecond})
	must(l.t, err)
	return ok
}
