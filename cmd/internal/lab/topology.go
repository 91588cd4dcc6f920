package lab

import (
	"errors"
	"net/netip"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Names of nodes. The switch's ports are named after who is behind them.
const (
	nodeClient = "client"
	nodeSwitch = "switch"
	nodeGW1    = "gw1"
	nodeGW2    = "gw2"
	nodeHost   = "host"
	nodeLab    = "lab"
)

// Interfaces: every node's first is on the client's side.
const (
	lanDev    = "eth0"
	coreDev   = "eth1"
	lanBridge = "lan"
)

// address is a node's place in both families.
type address struct {
	mac hello.MAC
	v4  netip.Addr
	v6  netip.Addr
}

func (a address) addr(f hello.Family) netip.Addr {
	if f == hello.IPv6 {
		return a.v6
	}
	return a.v4
}

var (
	gateways = map[string]address{
		nodeGW1: {hello.MAC{2, 0, 0, 0, 1, 0}, netip.MustParseAddr("192.168.1.100"), netip.MustParseAddr("fd00:1::100")},
		nodeGW2: {hello.MAC{2, 0, 0, 0, 2, 0}, netip.MustParseAddr("192.168.1.200"), netip.MustParseAddr("fd00:1::200")},
	}
	clientAt = address{hello.MAC{2, 0, 0, 0, 0, 0x10}, netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("fd00:1::10")}
	// The far side, where the same two routers are numbered alike.
	hostAt = address{hello.MAC{2, 0, 0, 0, 9, 0x10}, netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("fd00:2::10")}
	coreAt = map[string]address{
		nodeGW1: {hello.MAC{2, 0, 0, 0, 1, 1}, netip.MustParseAddr("203.0.113.100"), netip.MustParseAddr("fd00:2::100")},
		nodeGW2: {hello.MAC{2, 0, 0, 0, 2, 1}, netip.MustParseAddr("203.0.113.200"), netip.MustParseAddr("fd00:2::200")},
	}
)

// network is the lab's hosts and cables.
type network struct {
	client, sw, core, host *netlab.NS
	gw                     map[string]*netlab.NS
}

// build lays out the network: namespaces, cables, switches, addresses, routes.
func build(p plan) (_ *network, err error) {
	n := &network{gw: map[string]*netlab.NS{}}
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	if err := n.hosts(); err != nil {
		return nil, err
	}
	if err := n.cables(); err != nil {
		return nil, err
	}
	return n, errors.Join(n.numbers(p), n.routes(p))
}

func (n *network) hosts() error {
	var gw1, gw2 *netlab.NS
	for _, ns := range []**netlab.NS{&n.client, &n.sw, &n.core, &n.host, &gw1, &gw2} {
		fresh, err := netlab.New()
		if err != nil {
			return err
		}
		*ns = fresh
	}
	n.gw[nodeGW1], n.gw[nodeGW2] = gw1, gw2
	return nil
}

func (n *network) cables() error {
	type cable struct{ a, b netlab.End }
	cables := []cable{
		{netlab.End{NS: n.client, Name: lanDev, MAC: clientAt.mac}, netlab.End{NS: n.sw, Name: nodeClient}},
		{netlab.End{NS: n.host, Name: lanDev, MAC: hostAt.mac}, netlab.End{NS: n.core, Name: nodeHost}},
	}
	for _, name := range []string{nodeGW1, nodeGW2} {
		// Forwarding comes first: an interface that is made later inherits it.
		if err := n.forward(n.gw[name]); err != nil {
			return err
		}
		cables = append(cables,
			cable{netlab.End{NS: n.gw[name], Name: lanDev, MAC: gateways[name].mac}, netlab.End{NS: n.sw, Name: name}},
			cable{netlab.End{NS: n.gw[name], Name: coreDev, MAC: coreAt[name].mac}, netlab.End{NS: n.core, Name: name}})
	}
	for _, c := range cables {
		if err := netlab.Veth(c.a, c.b); err != nil {
			return err
		}
	}
	return errors.Join(
		n.sw.Bridge(lanBridge, nodeClient, nodeGW1, nodeGW2),
		n.core.Bridge("core", nodeHost, nodeGW1, nodeGW2))
}

func (n *network) forward(gw *netlab.NS) error {
	return errors.Join(
		gw.Sysctl("net/ipv4/ip_forward", "1"),
		gw.Sysctl("net/ipv6/conf/all/forwarding", "1"),
		gw.Sysctl("net/ipv6/conf/default/forwarding", "1"))
}

// lanBits returns the prefix length of the client's network: many groups need
// many virtual addresses.
func (p plan) lanBits() int {
	switch {
	case p.family == hello.IPv6:
		return 64
	case p.groups > 1:
		return 16
	}
	return 24
}

func (p plan) coreBits() int {
	if p.family == hello.IPv6 {
		return 64
	}
	return 24
}

func (n *network) numbers(p plan) error {
	add := func(ns *netlab.NS, dev string, a address, bits int) error {
		return ns.AddAddr(dev, netip.PrefixFrom(a.addr(p.family), bits))
	}
	errs := []error{
		add(n.client, lanDev, clientAt, p.lanBits()),
		add(n.host, lanDev, hostAt, p.coreBits()),
	}
	for name, ns := range n.gw {
		errs = append(errs,
			add(ns, lanDev, gateways[name], p.lanBits()),
			add(ns, coreDev, coreAt[name], p.coreBits()))
	}
	return errors.Join(errs...)
}

// routes gives the client its default route: the virtual address, whoever owns
// it. The host has no way back, since the traffic is counted one way.
func (n *network) routes(p plan) error {
	all := netip.MustParsePrefix("0.0.0.0/0")
	if p.family == hello.IPv6 {
		all = netip.MustParsePrefix("::/0")
	}
	return n.client.AddRoute(all, p.vips(1)[0], lanDev)
}

// Close removes the network. Processes inside must have ended.
func (n *network) Close() error {
	var errs []error
	for _, ns := range []*netlab.NS{n.client, n.sw, n.core, n.host, n.gw[nodeGW1], n.gw[nodeGW2]} {
		if ns != nil {
			errs = append(errs, ns.Close())
		}
	}
	return errors.Join(errs...)
}
