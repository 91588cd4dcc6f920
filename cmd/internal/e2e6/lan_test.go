package e2e6

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// Addresses of the segment. Gateway a is meant to be active.
var (
	prefix   = netip.MustParsePrefix("2001:db8:1::/64")
	clientIP = netip.MustParseAddr("2001:db8:1::10")
	askerIP  = netip.MustParseAddr("2001:db8:1::11") // whom only our own questions come from
	hostIP   = netip.MustParseAddr("2001:db8:2::10")
	anywhere = netip.MustParsePrefix("::/0")
)

const (
	lanDev   = fhrptest.LANDev
	coreDev  = fhrptest.CoreDev
	patience = fhrptest.Patience
)

// lan is a client, two gateways and a host beyond them.
type lan struct {
	*Site
	t    testing.TB
	a, b *gateway

	witness    *fhrptest.Witness
	clientSide *netlab.Capture // frames on the client's interface, both directions
}

// newLAN numbers the network. The client has an address of the prefix and no
// default route.
func newLAN(t testing.TB) *lan {
	t.Helper()
	l := &lan{t: t, witness: fhrptest.NewWitness(t), Site: NewSite(t, map[string]string{
		"net/ipv6/conf/all/forwarding": "1", "net/ipv6/conf/default/forwarding": "1",
	})}
	l.a, l.b = newGateway(l, l.A, 1), newGateway(l, l.B, 2)
	l.clientSide = l.Capture(l.Client, lanDev, nil)
	l.a.port, l.b.port = l.Capture(l.Switch, "a", nil), l.Capture(l.Switch, "b", nil)
	l.number()
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
		must(l.t, ns.AddAddr(dev, netip.PrefixFrom(a, 64)))
	}
	add(l.Client, lanDev, clientIP)
	add(l.Host, lanDev, hostIP)
	for _, g := range []*gateway{l.a, l.b} {
		add(g.NS, lanDev, g.global)
		add(g.NS, coreDev, g.core)
	}
	// The way back is not what is tested, and b's daemon may be stopped: its
	// kernel forwards all the same.
	must(l.t, l.Host.AddRoute(prefix, l.b.core, lanDev))
	l.waitLinkLocal(l.Client, lanDev)
	l.a.own, l.b.own = l.waitLinkLocal(l.a.NS, lanDev), l.waitLinkLocal(l.b.NS, lanDev)
}

// dropAddr takes an address of length 64 off a node's first interface.
func dropAddr(t testing.TB, ns *netlab.NS, a netip.Addr) {
	t.Helper()
	link, err := ns.Netlink().LinkByName(lanDev)
	must(t, err)
	must(t, ns.Netlink().AddrDel(link, &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(64, 128)}}))
}

// waitLinkLocal waits until an interface has a link-local address that can be
// used.
func (l *lan) waitLinkLocal(ns *netlab.NS, dev string) (a netip.Addr) {
	l.t.Helper()
	l.Eventually("link-local address of "+dev, func() bool {
		got, ok, err := ns.LinkLocal(dev)
		a = got
		return err == nil && ok && !l.tentative(ns, dev)
	})
	return a
}

// start runs both daemons with the text as their groups, a with priority 110
// and b with 100, and waits until a is active and b is next. On a busy machine
// b could be ahead of a, so it starts when a is active.
func (l *lan) start(groups string) {
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
