package lab

import (
	"errors"
	"net/netip"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Names of nodes. The switch's ports are named after the nodes behind them.
const (
	nodeClient = "client"
	nodeSwitch = "switch"
	nodeGW1    = "gw1"
	nodeGW2    = "gw2"
	nodeCore   = "core"
	nodeHost   = "host"
	nodeLab    = "lab"
)

// pair is the two gateways.
var pair = [...]string{nodeGW1, nodeGW2}

// Interfaces: the first of every node is on the client's side.
const (
	lanDev    = "eth0"
	coreDev   = "eth1"
	lanBridge = "lan"
)

// address is a node's MAC and its addresses in both families.
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

// network is the lab's nodes by name.
type network map[string]*netlab.NS

// build makes the network: namespaces, cables, switches, addresses, routes.
func build(p plan) (_ network, err error) {
	n := network{}
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	for _, name := range []string{nodeClient, nodeSwitch, nodeGW1, nodeGW2, nodeCore, nodeHost} {
		if n[name], err = netlab.New(); err != nil {
			return nil, err
		}
	}
	if err := n.cables(); err != nil {
		return nil, err
	}
	return n, errors.Join(n.numbers(p), n.route(p))
}

func (n network) cables() error {
	end := func(node, dev string, mac hello.MAC) netlab.End { return netlab.End{NS: n[node], Name: dev, MAC: mac} }
	cables := [][2]netlab.End{
		{end(nodeClient, lanDev, clientAt.mac), end(nodeSwitch, nodeClient, hello.MAC{})},
		{end(nodeHost, lanDev, hostAt.mac), end(nodeCore, nodeHost, hello.MAC{})},
	}
	for _, name := range pair {
		// Forwarding comes first: an interface that is made later inherits it.
		if err := forward(n[name]); err != nil {
			return err
		}
		cables = append(cables,
			[2]netlab.End{end(name, lanDev, gateways[name].mac), end(nodeSwitch, name, hello.MAC{})},
			[2]netlab.End{end(name, coreDev, coreAt[name].mac), end(nodeCore, name, hello.MAC{})})
	}
	for _, c := range cables {
		if err := netlab.Veth(c[0], c[1]); err != nil {
			return err
		}
	}
	return errors.Join(
		n[nodeSwitch].Bridge(lanBridge, nodeClient, nodeGW1, nodeGW2),
		n[nodeCore].Bridge("core", nodeHost, nodeGW1, nodeGW2))
}

func forward(gw *netlab.NS) error {
	return errors.Join(
		gw.Sysctl("net/ipv4/ip_forward", "1"),
		gw.Sysctl("net/ipv6/conf/all/forwarding", "1"),
		gw.Sysctl("net/ipv6/conf/default/forwarding", "1"))
}

// lanBits returns the prefix length of the client's network: many groups need
// many virtual addresses.
func (p plan) lanBits() int {
	if p.family == hello.IPv4 && p.groups > 1 {
		return 16
	}
	return p.coreBits()
}

func (p plan) coreBits() int {
	if p.family == hello.IPv6 {
		return 64
	}
	return 24
}

func (n network) numbers(p plan) error {
	add := func(node, dev string, a address, bits int) error {
		return n[node].AddAddr(dev, netip.PrefixFrom(a.addr(p.family), bits))
	}
	errs := []error{
		add(nodeClient, lanDev, clientAt, p.lanBits()),
		add(nodeHost, lanDev, hostAt, p.coreBits()),
	}
	for _, name := range pair {
		errs = append(errs,
			add(name, lanDev, gateways[name], p.lanBits()),
			add(name, coreDev, coreAt[name], p.coreBits()))
	}
	return errors.Join(errs...)
}

// route gives the client its default route: the virtual address, whichever
// gateway has it. The host has no way back, since only one direction is counted.
func (n network) route(p plan) error {
	all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if p.family == hello.IPv6 {
		all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return n[nodeClient].AddRoute(all, p.vip(), lanDev)
}

// Close removes the network. Processes inside must have ended.
func (n network) Close() error {
	var errs []error
	for _, ns := range n {
		if ns != nil {
			errs = append(errs, ns.Close())
		}
	}
	return errors.Join(errs...)
}
