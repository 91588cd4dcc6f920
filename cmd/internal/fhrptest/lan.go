package fhrptest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Interfaces: every node's first is on the client's side.
const (
	LANDev  = "eth0"
	CoreDev = "eth1"
	bridge  = "lan"
)

// The client and the host beyond the gateways.
var (
	ClientMAC = hello.MAC{2, 0, 0, 0, 0, 0x10}
	ClientIP  = netip.MustParseAddr("192.168.1.10")
	ClientIP6 = netip.MustParseAddr("2001:db8:1::10")

	HostMAC = hello.MAC{2, 0, 0, 0, 9, 0x10}
	HostIP  = netip.MustParseAddr("203.0.113.10")
	HostIP6 = netip.MustParseAddr("2001:db8:2::10")

	prefix  = netip.MustParsePrefix("192.168.1.0/24")
	prefix6 = netip.MustParsePrefix("2001:db8:1::/64")
)

// lastBytes end the gateways' addresses, in their order: .100 and ::100 are the
// first one's.
var lastBytes = []int{100, 200, 210}

// LAN is a switch with a client and gateways, and a host beyond them if the
// plan has one. Ports are named after who is behind them.
//
//	client ── switch ──┬── a ──┬── core ── host
//	                   └── b ──┘
type LAN struct {
	T        testing.TB
	Switch   *netlab.NS
	Client   *netlab.NS // nil on a bare one
	Core     *netlab.NS // nil without a host
	Host     *netlab.NS
	Gateways []*Gateway
	Witness  *Witness
}

// Plan says what a LAN is made of. The zero Plan is a client and the gateways a
// and b, which do not forward.
type Plan struct {
	Gateways []string          // names, at most three, in the order of their addresses; nil = a and b
	Routers  bool              // the gateways forward
	Sysctls  map[string]string // further settings of the gateways' future interfaces
	Host     bool              // there is a host beyond the gateways
	Bare     bool              // no client and no addresses, which the caller chooses
}

// Gateway is a router with a daemon that is not started.
type Gateway struct {
	*Daemon
	LAN       *LAN
	MAC       hello.MAC // on the client's side
	IP, IP6   netip.Addr
	LinkLocal netip.Addr

	CoreMAC         hello.MAC // on the host's side
	CoreIP, CoreIP6 netip.Addr

	Port *netlab.Capture // the switch's port, after Watch
}

// Must fails the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Pass lets time pass, or the test end.
func Pass(t testing.TB, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// NewLAN builds the network, or skips the test where the kernel forbids that.
// Everything goes with the test.
func NewLAN(t testing.TB, p Plan) *LAN {
	t.Helper()
	netlab.Need(t)
	l := &LAN{T: t, Witness: NewWitness(t), Switch: netlab.ForTest(t)}
	var ports []string
	if !p.Bare {
		l.Client, ports = netlab.ForTest(t), []string{"client"}
		l.cable(l.Client, LANDev, ClientMAC, l.Switch, "client")
	}
	if p.Gateways == nil {
		p.Gateways = []string{"a", "b"}
	}
	for n, name := range p.Gateways {
		l.gateway(n, name, p)
	}
	Must(t, l.Switch.Bridge(bridge, append(ports, p.Gateways...)...))
	if p.Host {
		l.beyond(p.Gateways)
	}
	if !p.Bare {
		l.number()
	}
	return l
}

func (l *LAN) cable(ns *netlab.NS, dev string, mac hello.MAC, sw *netlab.NS, port string) {
	l.T.Helper()
	Must(l.T, netlab.Veth(netlab.End{NS: ns, Name: dev, MAC: mac}, netlab.End{NS: sw, Name: port}))
}

// gateway adds one. Interfaces inherit the settings, so that these come first.
func (l *LAN) gateway(n int, name string, p Plan) {
	l.T.Helper()
	last := lastBytes[n]
	g := &Gateway{
		LAN: l, Daemon: NewDaemon(l.T, netlab.ForTest(l.T), name),
		MAC: hello.MAC{2, 0, 0, 0, byte(n + 1), 0}, CoreMAC: hello.MAC{2, 0, 0, 0, byte(n + 1), 1},
		IP: netip.AddrFrom4([4]byte{192, 168, 1, byte(last)}), IP6: netip.MustParseAddr(fmt.Sprintf("2001:db8:1::%d", last)),
		CoreIP: netip.AddrFrom4([4]byte{203, 0, 113, byte(last)}), CoreIP6: netip.MustParseAddr(fmt.Sprintf("2001:db8:2::%d", last)),
	}
	settings := maps.Clone(p.Sysctls)
	if p.Routers {
		settings = map[string]string{"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1", "net/ipv6/conf/default/forwarding": "1"}
		maps.Copy(settings, p.Sysctls)
	}
	for path, value := range settings {
		Must(l.T, g.NS.Sysctl(path, value))
	}
	for _, other := range l.Gateways {
		g.Beside(other.Daemon)
		other.Beside(g.Daemon)
	}
	l.Gateways = append(l.Gateways, g)
	l.cable(g.NS, LANDev, g.MAC, l.Switch, name)
}

// beyond adds the far side. The bridge comes first so that no two ends of a cable have
// the same number: the kernel may then say up to a second late that one lost its carrier.
func (l *LAN) beyond(ports []string) {
	l.T.Helper()
	l.Core, l.Host = netlab.ForTest(l.T), netlab.ForTest(l.T)
	Must(l.T, l.Core.Bridge("core"))
	l.cable(l.Host, LANDev, HostMAC, l.Core, "host")
	for _, g := range l.Gateways {
		l.cable(g.NS, CoreDev, g.CoreMAC, l.Core, g.Name)
	}
	for _, port := range append([]string{"host"}, ports...) {
		Must(l.T, l.Core.Join(port, "core"))
	}
}

func (l *LAN) number() {
	l.T.Helper()
	l.Address(l.Client, LANDev, ClientIP, ClientIP6)
	l.WaitLinkLocal(l.Client, LANDev)
	for _, g := range l.Gateways {
		l.Address(g.NS, LANDev, g.IP, g.IP6)
		// The kernel adds it when it notices the carrier, which may be later than
		// a test's first look at the kernel.
		g.LinkLocal = l.WaitLinkLocal(g.NS, LANDev)
	}
	if l.Host == nil {
		return
	}
	l.Address(l.Host, LANDev, HostIP, HostIP6)
	for _, g := range l.Gateways {
		l.Address(g.NS, CoreDev, g.CoreIP, g.CoreIP6)
		l.WaitLinkLocal(g.NS, CoreDev)
		// What is measured is forwarding, not the resolution of the host.
		Must(l.T, g.NS.SetNeighbor(CoreDev, HostIP, HostMAC, unix.NUD_PERMANENT))
	}
	// The way back is not what is tested: the last gateway forwards, whether its
	// daemon runs or not.
	back := l.Gateways[len(l.Gateways)-1]
	Must(l.T, l.Host.AddRoute(prefix, back.CoreIP, LANDev))
	Must(l.T, l.Host.AddRoute(prefix6, back.CoreIP6, LANDev))
}

// Address gives an interface addresses, of length 24 or 64.
func (l *LAN) Address(ns *netlab.NS, dev string, list ...netip.Addr) {
	l.T.Helper()
	for _, a := range list {
		bits := 24
		if a.Is6() {
			bits = 64
		}
		Must(l.T, ns.AddAddr(dev, netip.PrefixFrom(a, bits)))
	}
}

// WaitLinkLocal waits until an interface has a link-local address that can be
// used.
func (l *LAN) WaitLinkLocal(ns *netlab.NS, dev string) (a netip.Addr) {
	l.T.Helper()
	l.Eventually("link-local address of "+dev, func() bool {
		got, ok, err := ns.LinkLocal(dev)
		a = got
		return err == nil && ok && !l.Tentative(ns, dev)
	})
	return a
}

// Tentative reports whether an interface has a link-local address that may not
// be used yet.
func (l *LAN) Tentative(ns *netlab.NS, dev string) bool {
	l.T.Helper()
	list, err := ns.Addresses(dev, netlink.FAMILY_V6)
	Must(l.T, err)
	return slices.ContainsFunc(list, func(a netlink.Addr) bool {
		return a.IP.IsLinkLocalUnicast() && a.Flags&unix.IFA_F_TENTATIVE != 0
	})
}

// Gateway returns the one of a name.
func (l *LAN) Gateway(name string) *Gateway {
	i := slices.IndexFunc(l.Gateways, func(g *Gateway) bool { return g.Name == name })
	return l.Gateways[i]
}

// Addr returns the gateway's own address of a family, a global one in IPv6.
func (g *Gateway) Addr(f hello.Family) netip.Addr {
	if f == hello.IPv6 {
		return g.IP6
	}
	return g.IP
}

// Settled waits until every group of active is active and the other knows it.
func (l *LAN) Settled(active, standby *Gateway) {
	l.T.Helper()
	active.WaitAll("Active")
	standby.WaitAll("Standby", "Backup")
}

// Eventually waits for a condition.
func (l *LAN) Eventually(what string, cond func() bool) {
	l.T.Helper()
	l.Gateways[0].Eventually(what, cond)
}

// Entry returns the MAC that the client holds for an address, zero for none.
func (l *LAN) Entry(ip netip.Addr) hello.MAC {
	l.T.Helper()
	mac, _, err := l.Client.ARPEntry(LANDev, ip)
	Must(l.T, err)
	return mac
}

// FDB returns the port behind which the switch has learned a MAC, "" for none.
func (l *LAN) FDB(mac hello.MAC) string {
	l.T.Helper()
	port, _, err := l.Switch.FDBPort(bridge, mac)
	Must(l.T, err)
	return port
}

// Forget has the switch forget what it has learned.
func (l *LAN) Forget() { l.T.Helper(); Must(l.T, l.Switch.FlushFDB(bridge)) }

// Partition cuts the gateways off from each other, but not from the client, or
// ends that.
func (l *LAN) Partition(on bool) {
	l.T.Helper()
	for _, g := range l.Gateways {
		Must(l.T, l.Switch.Isolate(g.Name, on))
	}
}

// Unplug takes the carrier from the gateway, Plug gives it back.
func (g *Gateway) Unplug() { g.T.Helper(); Must(g.T, g.LAN.Switch.LinkDown(g.Name)) }
func (g *Gateway) Plug()   { g.T.Helper(); Must(g.T, g.LAN.Switch.LinkUp(g.Name)) }

// LinkDown switches the gateway's interface off, LinkUp on again.
func (g *Gateway) LinkDown() { g.T.Helper(); Must(g.T, g.NS.LinkDown(LANDev)) }
func (g *Gateway) LinkUp()   { g.T.Helper(); Must(g.T, g.NS.LinkUp(LANDev)) }

// Lose ends the gateway as a power failure does.
func (g *Gateway) Lose() { g.T.Helper(); g.Kill(); g.LinkDown() }
