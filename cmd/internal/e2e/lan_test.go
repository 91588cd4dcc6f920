package e2e

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Addresses of the segment. Gateway a is .100 and meant to be active.
var (
	vip      = netip.MustParseAddr("192.168.1.1")
	clientIP = netip.MustParseAddr("192.168.1.10")
	hostIP   = netip.MustParseAddr("203.0.113.10")

	clientMAC = hello.MAC{2, 0, 0, 0, 0, 0x10}
	hostMAC   = hello.MAC{2, 0, 0, 0, 9, 0x10}
)

// Interfaces: every node's first is on the client's side.
const (
	lanDev  = "eth0"
	coreDev = "eth1"
)

// patience is how long a condition may take on a machine that is busy with
// other things; nothing that works comes near it.
const patience = 15 * time.Second

// lan is a client, two gateways and a host beyond them. Every rp_filter of the
// gateways is strict, which is what distributions ship.
type lan struct {
	t                      testing.TB
	client, sw, core, host *netlab.NS
	a, b                   *gateway

	clientSide *netlab.Capture // frames on the client's interface, both directions
	hostSide   *netlab.Capture // probes that arrive at the host
	heardByB   *netlab.Capture // frames that the switch sends to b
	number32   uint32          // of the last single probe
}

func newLAN(t testing.TB) *lan {
	t.Helper()
	netlab.Need(t)
	l := &lan{t: t, client: newNS(t), sw: newNS(t), core: newNS(t), host: newNS(t)}
	l.a = newGateway(l, "a", 1, "192.168.1.100", "203.0.113.100")
	l.b = newGateway(l, "b", 2, "192.168.1.200", "203.0.113.200")
	l.cable()
	l.number()
	l.capture()
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
	must(l.t, netlab.Veth(netlab.End{NS: l.host, Name: lanDev, MAC: hostMAC}, netlab.End{NS: l.core, Name: "host"}))
	for _, g := range []*gateway{l.a, l.b} {
		// Before the interfaces, which inherit.
		for path, value := range map[string]string{
			"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1", "net/ipv6/conf/default/forwarding": "1",
			"net/ipv4/conf/all/rp_filter": "1", "net/ipv4/conf/default/rp_filter": "1",
		} {
			must(l.t, g.ns.Sysctl(path, value))
		}
		must(l.t, netlab.Veth(netlab.End{NS: g.ns, Name: lanDev, MAC: g.mac}, netlab.End{NS: l.sw, Name: g.name}))
		must(l.t, netlab.Veth(netlab.End{NS: g.ns, Name: coreDev, MAC: g.coreMAC}, netlab.End{NS: l.core, Name: g.name}))
	}
	must(l.t, l.sw.Bridge("lan", "client", "a", "b"))
	must(l.t, l.core.Bridge("core", "host", "a", "b"))
}

func (l *lan) number() {
	l.t.Helper()
	add := func(ns *netlab.NS, dev string, a netip.Addr) {
		must(l.t, ns.AddAddr(dev, netip.PrefixFrom(a, 24)))
	}
	add(l.client, lanDev, clientIP)
	add(l.host, lanDev, hostIP)
	for _, g := range []*gateway{l.a, l.b} {
		add(g.ns, lanDev, g.ip)
		add(g.ns, coreDev, g.coreIP)
		link, err := g.ns.Netlink().LinkByName(coreDev)
		must(l.t, err)
		// What is measured is forwarding, not the resolution of the host.
		must(l.t, g.ns.Netlink().NeighSet(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, IP: hostIP.AsSlice(), HardwareAddr: hostMAC.HardwareAddr(), State: unix.NUD_PERMANENT,
		}))
	}
	must(l.t, l.client.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), vip, lanDev))
	for _, node := range []struct {
		ns  *netlab.NS
		dev string
	}{{l.client, lanDev}, {l.a.ns, lanDev}, {l.b.ns, lanDev}} {
		l.eventually("link-local address", func() bool {
			_, ok, err := node.ns.LinkLocal(node.dev)
			return err == nil && ok
		})
	}
}

func (l *lan) capture() {
	l.t.Helper()
	capture := func(ns *netlab.NS, dev string, keep func(netlab.Frame) bool) *netlab.Capture {
		c, err := ns.Capture(dev, netlab.CaptureOptions{Keep: keep})
		must(l.t, err)
		l.t.Cleanup(func() { c.Close() })
		return c
	}
	arriving := func(f netlab.Frame) bool { return !f.Sent }
	l.clientSide = capture(l.client, lanDev, nil)
	l.hostSide = capture(l.host, lanDev, func(f netlab.Frame) bool { _, ok := probeNumber(f.Data); return ok && !f.Sent })
	l.heardByB = capture(l.sw, "b", func(f netlab.Frame) bool { return f.Sent })
	l.a.wire = capture(l.sw, "a", arriving)
	l.b.wire = capture(l.sw, "b", arriving)
}

// start runs both daemons with the text as their groups, a with priority 110
// and b with 100, and waits until a is active everywhere and b is next.
func (l *lan) start(groups string) {
	l.t.Helper()
	l.a.start(groups, 110)
	l.b.start(groups, 100)
	l.settled(l.a, l.b)
}

// settled waits until every group of active is active and the other knows it.
func (l *lan) settled(active, standby *gateway) {
	l.t.Helper()
	active.waitAll("Active")
	standby.waitAll("Standby", "Backup")
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

// entry returns the MAC that the client holds for an address, zero for none.
func (l *lan) entry(ip netip.Addr) hello.MAC {
	l.t.Helper()
	mac, _, err := l.client.ARPEntry(lanDev, ip)
	must(l.t, err)
	return mac
}

// savePcap writes what all gateways sent, for an independent reader.
func (l *lan) savePcap(name string) string {
	l.t.Helper()
	path := filepath.Join(l.t.TempDir(), name)
	f, err := os.Create(path)
	must(l.t, err)
	must(l.t, errors.Join(netlab.WritePcapng(f, sorted(l.a.wire.Frames(), l.b.wire.Frames())), f.Close()))
	return path
}
