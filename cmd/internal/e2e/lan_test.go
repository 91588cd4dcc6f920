package e2e

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Addresses of the segment. Gateway a is .100 and meant to be active.
var (
	vip      = netip.MustParseAddr("192.168.1.1")
	clientIP = netip.MustParseAddr("192.168.1.10")
	hostIP   = netip.MustParseAddr("203.0.113.10")

	// Whom only our own questions come from.
	askerIP = netip.MustParseAddr("192.168.1.11")
	asker6  = netip.MustParseAddr("fe80::a5ce")
)

const (
	lanDev   = fhrptest.LANDev
	coreDev  = fhrptest.CoreDev
	patience = fhrptest.Patience
)

// lan is a client, two gateways and a host beyond them. Every rp_filter of the
// gateways is strict, which is what distributions ship.
type lan struct {
	*fhrptest.Site
	t    testing.TB
	a, b *gateway

	clientSide *netlab.Capture // frames on the client's interface, both directions
	hostSide   *netlab.Capture // probes that arrive at the host
	heardByB   *netlab.Capture // frames that the switch sends to b
	number32   uint32          // of the last single probe
	witness    *fhrptest.Witness
}

// scenario plays a test on a network of its own, beside others, and again where
// the machine stood still so long that a healthy router may have lost its role.
func scenario(t *testing.T, play func(t testing.TB, l *lan)) {
	t.Helper()
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) { play(t, newLAN(t)) })
}

func newLAN(t testing.TB) *lan {
	t.Helper()
	l := &lan{t: t, witness: fhrptest.NewWitness(t), Site: fhrptest.NewSite(t, map[string]string{
		"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1", "net/ipv6/conf/default/forwarding": "1",
		"net/ipv4/conf/all/rp_filter": "1", "net/ipv4/conf/default/rp_filter": "1",
	})}
	l.a = newGateway(l, l.A, "192.168.1.100", "203.0.113.100")
	l.b = newGateway(l, l.B, "192.168.1.200", "203.0.113.200")
	l.number()
	l.capture()
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *lan) number() {
	l.t.Helper()
	add := func(ns *netlab.NS, dev string, a netip.Addr) {
		must(l.t, ns.AddAddr(dev, netip.PrefixFrom(a, 24)))
	}
	add(l.Client, lanDev, clientIP)
	add(l.Host, lanDev, hostIP)
	for _, g := range []*gateway{l.a, l.b} {
		add(g.NS, lanDev, g.ip)
		add(g.NS, coreDev, g.coreIP)
		// What is measured is forwarding, not the resolution of the host.
		must(l.t, g.NS.SetNeighbor(coreDev, hostIP, fhrptest.HostMAC, unix.NUD_PERMANENT))
	}
	must(l.t, l.Client.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), vip, lanDev))
	l.waitLinkLocal(l.Client, lanDev)
	for _, g := range []*gateway{l.a, l.b} {
		// The kernel adds them when it notices the carrier, which may be later
		// than a test's first look at the kernel.
		l.waitLinkLocal(g.NS, lanDev)
		l.waitLinkLocal(g.NS, coreDev)
	}
}

func (l *lan) waitLinkLocal(ns *netlab.NS, dev string) {
	l.t.Helper()
	l.Eventually("link-local address of "+dev, func() bool {
		_, ok, err := ns.LinkLocal(dev)
		return err == nil && ok
	})
}

func (l *lan) capture() {
	l.t.Helper()
	arriving := func(f netlab.Frame) bool { return !f.Sent }
	l.clientSide = l.Capture(l.Client, lanDev, nil)
	l.hostSide = l.Capture(l.Host, lanDev, func(f netlab.Frame) bool { _, ok := probeNumber(f.Data); return ok && !f.Sent })
	l.heardByB = l.Capture(l.Switch, "b", func(f netlab.Frame) bool { return f.Sent })
	l.a.wire = l.Capture(l.Switch, "a", arriving)
	l.b.wire = l.Capture(l.Switch, "b", arriving)
}

// start runs both daemons with the text as their groups, a with priority 110
// and b with 100, and waits until a is active everywhere and b is next.
func (l *lan) start(groups string) {
	l.t.Helper()
	l.a.StartAs(groups, 110)
	l.b.StartAs(groups, 100)
	l.settled(l.a, l.b)
}

// startInTurn is start for tests that look at all that b has ever sent: b finds
// a active, and is never ahead of it.
func (l *lan) startInTurn(groups string) {
	l.t.Helper()
	l.a.StartAs(groups, 110)
	l.a.WaitAll("Active")
	l.b.StartAs(groups, 100)
	l.settled(l.a, l.b)
}

// settled waits until every group of active is active and the other knows it.
func (l *lan) settled(active, standby *gateway) {
	l.t.Helper()
	l.Settled(active.Gateway, standby.Gateway)
}

// entry returns the MAC that the client holds for an address, zero for none.
func (l *lan) entry(ip netip.Addr) hello.MAC {
	l.t.Helper()
	mac, _, err := l.Client.ARPEntry(lanDev, ip)
	must(l.t, err)
	return mac
}
