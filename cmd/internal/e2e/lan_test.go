package e2e

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
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

	hostSide *netlab.Capture // probes that arrive at the host
	number32 uint32          // of the last single probe
}

// leaveOutIfShort skips a test that takes long and proves the same whoever runs it: an
// ordinary user runs the others, after root has run all.
func leaveOutIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		skip.Regardless(t, "takes long, and is the same for every user: for the whole run")
	}
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

// fieldScenario is scenario for faults that were reported from the field.
func fieldScenario(t *testing.T, play func(t testing.TB, l *lan)) {
	t.Helper()
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) { play(t, newSegment(t)) })
}

// newSegment has gateways that do not forward: what is sent to the wrong one is
// lost, not carried around the corner. The client, a router or host, believes its
// entries for 20 minutes, so that whatever moves them is not the kernel's own
// doubt; the gateways know the client's for good.
func newSegment(t testing.TB) *lan {
	t.Helper()
	l := watched(t, fhrptest.Plan{})
	for _, family := range []string{"ipv4", "ipv6"} {
		must(t, l.Client.Sysctl("net/"+family+"/neigh/"+lanDev+"/base_reachable_time_ms", "1200000"))
		must(t, l.Client.Sysctl("net/"+family+"/neigh/"+lanDev+"/gc_stale_time", "1200"))
	}
	for _, g := range l.Gateways {
		l.keep(g.NS, fhrptest.ClientIP, fhrptest.ClientMAC, unix.NUD_PERMANENT)
		l.keep(g.NS, fhrptest.ClientIP6, fhrptest.ClientMAC, unix.NUD_PERMANENT)
	}
	return l
}

func watched(t testing.TB, p fhrptest.Plan) *lan {
	t.Helper()
	l := &lan{t: t, LAN: fhrptest.NewLAN(t, p)}
	l.a, l.b = l.Gateways[0], l.Gateways[1]
	l.a.Watch(nil)
	l.b.Watch(nil)
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

// lose ends a as a power failure does and waits until b has its role.
func (l *lan) lose() {
	l.t.Helper()
	l.a.Lose()
	l.b.WaitAll("Active")
}

// Echo requests: who must not answer is asked a few times, who must for as long
// as a busy machine may take.
const few, many = 4, 60

// anybody stands for the address that the kernel chooses.
var anybody netip.Addr

// mustPing fails the test unless every address answers the client.
func (l *lan) mustPing(list ...netip.Addr) {
	l.t.Helper()
	for _, a := range list {
		l.reaches(true, l.Client, anybody, a)
	}
}

// reaches fails the test unless an address answers exactly when it should.
func (l *lan) reaches(want bool, ns *netlab.NS, from, to netip.Addr) {
	l.t.Helper()
	if got := l.ping(ns, from, to, map[bool]int{true: many, false: few}[want]); got != want {
		l.t.Errorf("%s answers a ping from %s: %v, want %v\n%s", to, from, got, want, l.a.Tails())
	}
}

// ping reports whether one of so many echo requests is answered.
func (l *lan) ping(ns *netlab.NS, from, to netip.Addr, tries int) (answered bool) {
	l.t.Helper()
	if to.IsLinkLocalUnicast() && to.Is6() {
		to = to.WithZone(lanDev)
	}
	// A role's addresses follow it, a moment later.
	l.Eventually("a source for the ping", func() (ok bool) {
		var err error
		answered, err = ns.Ping(to, netlab.Echo{From: from, Tries: tries, Wait: 300 * time.Millisecond})
		return err == nil
	})
	return answered
}

// keep writes a neighbour entry, in a state such as unix.NUD_REACHABLE.
func (l *lan) keep(ns *netlab.NS, ip netip.Addr, mac hello.MAC, state int) {
	l.t.Helper()
	must(l.t, ns.SetNeighbor(lanDev, ip, mac, state))
}

// checkEntry wants the client to hold a MAC for an address.
func (l *lan) checkEntry(ip netip.Addr, want hello.MAC) {
	l.t.Helper()
	if got := l.Entry(ip); got != want {
		l.t.Errorf("the client has %s at %s, want %s", ip, got, want)
	}
}
