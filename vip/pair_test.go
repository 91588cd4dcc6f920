package vip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// pair is two routers between two switches that learn nothing and flood every
// frame to all, which is when a second open gate shows.
type pair struct {
	*lab
	ifaces [2]*Interface
}

func newPair(t *testing.T) *pair {
	t.Helper()
	newNetns(t)
	home, err := netns.Get()
	ok(t, err)
	defer home.Close()
	for _, br := range []string{"lan", "wan"} {
		ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: br}}))
		setSysctl(t, "ipv6/conf/"+br+"/disable_ipv6=1")
		ok(t, netlink.LinkSetUp(link(t, br)))
	}
	p := &pair{lab: &lab{t: t, next: 1, state: t.TempDir()}}
	for i := range p.ifaces {
		p.router(i, home)
	}
	p.lan, p.wan = p.host("host0", "lan"), p.host("host1", "wan")
	return p
}

// router makes router i in a namespace of its own, attached to both switches.
func (p *pair) router(i int, home netns.NsHandle) {
	p.t.Helper()
	ns, err := netns.New()
	ok(p.t, err)
	defer ns.Close()
	defer func() { ok(p.t, netns.Set(home)) }()
	lo := link(p.t, "lo")
	ok(p.t, netlink.LinkSetUp(lo))
	setSysctl(p.t, "ipv4/ip_forward=1")
	for n, addr := range []string{"10.0.0.2/24", "10.9.0.1/24"} {
		near, far, br := "eth"+string(rune('0'+n)), "port"+string(rune('0'+2*n+i)), []string{"lan", "wan"}[n]
		ok(p.t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: near}, PeerName: far, PeerNamespace: netlink.NsFd(home)}))
		a, err := netlink.ParseAddr(addr)
		ok(p.t, err)
		a.IP[len(a.IP)-1] += byte(i)
		ok(p.t, netlink.AddrAdd(link(p.t, near), a))
		ok(p.t, netlink.LinkSetUp(link(p.t, near)))
		ok(p.t, netns.Set(home))
		p.port(far, br)
		ok(p.t, netns.Set(ns))
		linksReady(p.t, near)
	}
	if i == 0 {
		p.own = [6]byte(link(p.t, "eth0").Attrs().HardwareAddr)
	}
	ok(p.t, netlink.NeighSet(&netlink.Neigh{LinkIndex: link(p.t, "eth1").Attrs().Index, IP: far4.AsSlice(),
		HardwareAddr: net.HardwareAddr(hostMAC[:]), State: netlink.NUD_PERMANENT}))
	p.ifaces[i], err = Open("eth0", Options{StateDir: p.t.TempDir()})
	ok(p.t, err)
}

// port attaches an interface to a switch, without learning.
func (p *pair) port(name, br string) {
	p.t.Helper()
	setSysctl(p.t, "ipv6/conf/"+name+"/disable_ipv6=1")
	ok(p.t, netlink.LinkSetMaster(link(p.t, name), link(p.t, br)))
	ok(p.t, netlink.LinkSetLearning(link(p.t, name), false))
	ok(p.t, netlink.LinkSetUp(link(p.t, name)))
	linksReady(p.t, name)
}

func (p *pair) host(name, br string) int {
	p.t.Helper()
	far := name + "p"
	ok(p.t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: far}))
	setSysctl(p.t, "ipv6/conf/"+name+"/disable_ipv6=1")
	ok(p.t, netlink.LinkSetUp(link(p.t, name)))
	p.port(far, br)
	linksReady(p.t, name)
	return packetSocket(p.t, name)
}

func TestPairOnAFloodingSwitchForwardsOnce(t *testing.T) {
	p := newPair(t)
	for _, iface := range p.ifaces {
		ok(t, iface.Add(10, router10v4()))
	}
	p.checkForwarded("two standbys", 0)
	for turn, active := range []int{0, 1, 0} {
		mustGate(t, p.ifaces[1-active], nil, []ID{10})
		mustGate(t, p.ifaces[active], []Claim{{ID: 10, Lease: time.Minute}}, nil)
		p.checkForwarded(fmt.Sprintf("turn %d, router %d active", turn, active), 1)
	}
	mustGate(t, p.ifaces[1], []Claim{{ID: 10, Lease: time.Minute}}, nil)
	p.checkForwarded("the test would not see a duplicate", 2)
}

func router10v4() Router { return Router{MAC: vmac, Addrs: []netip.Addr{vip4}, Accept: true} }

// Gate, Renew, Address and Restore keep to the namespace of Open from any
// thread.
func TestMethodsWorkFromOtherThreads(t *testing.T) {
	p := newPair(t)
	iface := p.ifaces[0]
	errs := make(chan error)
	go func() {
		runtime.LockOSThread() // a thread of the test binary's own namespace
		add := iface.Add(10, router10v4())
		_, gate := iface.Gate([]Claim{{ID: 10, Lease: time.Minute}}, nil)
		_, renew := iface.Renew()
		address := iface.Address([]ID{10}, nil)
		_, restore := iface.Restore()
		errs <- errors.Join(add, gate, renew, address, restore)
	}()
	ok(t, <-errs)
	p.checkForwarded("at the end", 1)
}

func TestBridgeDeviceAsInterface(t *testing.T) {
	l := newLab(t)
	addr, err := netlink.ParseAddr("10.0.0.2/24")
	ok(t, err)
	ok(t, netlink.AddrDel(link(t, "eth0"), addr))
	ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
	ok(t, netlink.LinkSetMaster(link(t, "eth0"), link(t, "br0")))
	ok(t, netlink.LinkSetUp(link(t, "br0")))
	ok(t, netlink.AddrAdd(link(t, "br0"), addr))
	linksReady(t, "br0")
	iface, err := Open("br0", Options{StateDir: l.state})
	ok(t, err)
	defer iface.Close()
	ok(t, iface.Add(10, router10v4()))
	l.checkForwarded("standby", 0)
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	l.checkForwarded("active", 1)
	ok(t, iface.Close())
	fdb, err := netlink.NeighList(link(t, "br0").Attrs().Index, unix.AF_BRIDGE)
	ok(t, err)
	for _, n := range fdb {
		if [6]byte(n.HardwareAddr) == vmac {
			t.Errorf("filter entry left: %v", n)
		}
	}
}
