package e2e6

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Addresses of the segment. Gateway a is meant to be active.
var (
	prefix   = netip.MustParsePrefix("2001:db8:1::/64")
	clientIP = netip.MustParseAddr("2001:db8:1::10")
	askerIP  = netip.MustParseAddr("2001:db8:1::11") // whom only our own questions come from
	hostIP   = netip.MustParseAddr("2001:db8:2::10")
	anywhere = netip.MustParsePrefix("::/0")

	clientMAC = hello.MAC{2, 0, 0, 0, 0, 0x10}
)

// Interfaces: every node's first is on the client's side.
const (
	lanDev  = "eth0"
	coreDev = "eth1"
)

// patience is how long a condition may take on a machine that is busy with
// other things; nothing that works comes near it.
const patience = 20 * time.Second

// lan is a client, two gateways and a host beyond them.
type lan struct {
	t                      testing.TB
	client, sw, core, host *netlab.NS
	a, b                   *gateway

	clientSide *netlab.Capture // frames on the client's interface, both directions
}

// newLAN cables and numbers the network. The client has an address of the
// prefix and no default route.
func newLAN(t testing.TB) *lan {
	t.Helper()
	netlab.Need(t)
	l := &lan{t: t, client: newNS(t), sw: newNS(t), core: newNS(t), host: newNS(t)}
	l.a, l.b = newGateway(l, "a", 1), newGateway(l, "b", 2)
	l.cable()
	l.capture()
	l.number()
	t.Cleanup(func() { l.a.close(); l.b.close() })
	return l
}

func newNS(t testing.TB) *netlab.NS {
	t.Helper()
	ns, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { ns.Close() })
	return ns
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *lan) cable() {
	l.t.Helper()
	must(l.t, netlab.Veth(netlab.End{NS: l.client, Name: lanDev, MAC: clientMAC}, netlab.End{NS: l.sw, Name: "client"}))
	must(l.t, netlab.Veth(netlab.End{NS: l.host, Name: lanDev}, netlab.End{NS: l.core, Name: "host"}))
	for _, g := range []*gateway{l.a, l.b} {
		// Before the interfaces, which inherit.
		for _, conf := range []string{"all", "default"} {
			must(l.t, g.ns.Sysctl("net/ipv6/conf/"+conf+"/forwarding", "1"))
		}
		must(l.t, netlab.Veth(netlab.End{NS: g.ns, Name: lanDev, MAC: g.mac}, netlab.End{NS: l.sw, Name: g.name}))
		must(l.t, netlab.Veth(netlab.End{NS: g.ns, Name: coreDev}, netlab.End{NS: l.core, Name: g.name}))
	}
	must(l.t, l.sw.Bridge("lan", "client", "a", "b"))
	must(l.t, l.core.Bridge("core", "host", "a", "b"))
}

func (l *lan) capture() {
	l.t.Helper()
	capture := func(ns *netlab.NS, dev string) *netlab.Capture {
		c, err := ns.Capture(dev, netlab.CaptureOptions{})
		must(l.t, err)
		l.t.Cleanup(func() { c.Close() })
		return c
	}
	l.clientSide = capture(l.client, lanDev)
	l.a.port, l.b.port = capture(l.sw, "a"), capture(l.sw, "b")
}

func (l *lan) number() {
	l.t.Helper()
	add := func(ns *netlab.NS, dev string, a netip.Addr) {
		must(l.t, ns.AddAddr(dev, netip.PrefixFrom(a, 64)))
	}
	add(l.client, lanDev, clientIP)
	add(l.host, lanDev, hostIP)
	for _, g := range []*gateway{l.a, l.b} {
		add(g.ns, lanDev, g.global)
		add(g.ns, coreDev, g.core)
	}
	// The way back is not what is tested, and b's daemon may be stopped: its
	// kernel forwards all the same.
	must(l.t, l.host.AddRoute(prefix, l.b.core, lanDev))
	l.waitLinkLocal(l.client, lanDev)
	l.a.own, l.b.own = l.waitLinkLocal(l.a.ns, lanDev), l.waitLinkLocal(l.b.ns, lanDev)
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
	l.eventually("link-local address of "+dev, func() bool {
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
	l.a.start(groups, 110)
	l.a.wait("Active")
	l.b.start(groups, 100)
	l.settled(l.a, l.b)
}

// settled waits until every group of active is active and the other knows it.
func (l *lan) settled(active, standby *gateway) {
	l.t.Helper()
	active.wait("Active")
	standby.wait("Standby", "Backup")
}

func (l *lan) eventually(what string, cond func() bool) {
	l.t.Helper()
	if err := netlab.Eventually(l.t.Context(), patience, cond); err != nil {
		l.t.Fatalf("%s: %v\n%s\n%s", what, err, l.a.tail(), l.b.tail())
	}
}

// fdb returns the port behind which the switch has learned a MAC, "" for none.
func (l *lan) fdb(mac hello.MAC) string {
	l.t.Helper()
	port, _, err := l.sw.FDBPort("lan", mac)
	must(l.t, err)
	return port
}
