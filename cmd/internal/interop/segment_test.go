package interop

import (
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Names of the routers; the switch's ports are called after them.
const (
	us   = "us"
	them = "peer"
	// third is there where more than two are needed.
	third = "third"
)

const (
	dev    = "eth0"
	bridge = "lan"
	vrid   = 51
)

// Addresses of the segment. The peer has the higher ones, unless swapped.
var (
	vip4      = netip.MustParseAddr("192.0.2.254")
	vip6      = netip.MustParseAddr("2001:db8::254")
	vip6Local = netip.MustParseAddr("fe80::254")

	clientMAC = hello.MAC{2, 0, 0, 0, 0, 0x10}
	lowMAC    = hello.MAC{2, 0, 0, 0, 0, 1}
	highMAC   = hello.MAC{2, 0, 0, 0, 0, 2}
	low4      = netip.MustParseAddr("192.0.2.1")
	thirdMAC  = hello.MAC{2, 0, 0, 0, 0, 3}
	high4     = netip.MustParseAddr("192.0.2.2")
	third4    = netip.MustParseAddr("192.0.2.3")
)

// node is one router's place on the segment.
type node struct {
	ns   *netlab.NS
	mac  hello.MAC
	ip   netip.Addr
	port *port
}

// segment is a client and two or three routers behind a switch.
type segment struct {
	t          testing.TB
	client, sw *netlab.NS
	nodes      map[string]*node
	daemons    []*daemon
	dir        string
	witness    *fhrptest.Witness
}

// newPair builds the network of two routers. swapped gives ours the higher
// address.
func newPair(t testing.TB, swapped bool) *segment {
	t.Helper()
	nodes := map[string]*node{
		us:   {ns: newNS(t), mac: lowMAC, ip: low4},
		them: {ns: newNS(t), mac: highMAC, ip: high4},
	}
	if swapped {
		a, b := nodes[us], nodes[them]
		a.mac, b.mac, a.ip, b.ip = b.mac, a.mac, b.ip, a.ip
	}
	return newSegment(t, nodes)
}

// newSegment builds the network.
func newSegment(t testing.TB, nodes map[string]*node) *segment {
	t.Helper()
	// Paths of Unix sockets are short; a test's own directory has a long name.
	dir, err := os.MkdirTemp("", "interop-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &segment{t: t, dir: dir, witness: fhrptest.NewWitness(t), client: newNS(t), sw: newNS(t), nodes: nodes}
	s.cable()
	s.number()
	for name, n := range s.nodes {
		n.port = watchPort(t, s.sw, name)
	}
	return s
}

func newNS(t testing.TB) *netlab.NS {
	t.Helper()
	ns, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { ns.Close() })
	return ns
}

func (s *segment) cable() {
	s.t.Helper()
	must(s.t, netlab.Veth(netlab.End{NS: s.client, Name: dev, MAC: clientMAC}, netlab.End{NS: s.sw, Name: "client"}))
	for name, n := range s.nodes {
		// Before the interfaces, which inherit.
		must(s.t, errors.Join(
			n.ns.Sysctl("net/ipv4/ip_forward", "1"),
			n.ns.Sysctl("net/ipv6/conf/all/forwarding", "1"),
			n.ns.Sysctl("net/ipv6/conf/default/forwarding", "1")))
		must(s.t, netlab.Veth(netlab.End{NS: n.ns, Name: dev, MAC: n.mac}, netlab.End{NS: s.sw, Name: name}))
	}
	must(s.t, s.sw.Bridge(bridge, append(slices.Sorted(maps.Keys(s.nodes)), "client")...))
}

func (s *segment) number() {
	s.t.Helper()
	must(s.t, s.client.AddAddr(dev, netip.MustParsePrefix("192.0.2.10/24")))
	must(s.t, s.client.AddAddr(dev, netip.MustParsePrefix("2001:db8::10/64")))
	for name, n := range s.nodes {
		must(s.t, n.ns.AddAddr(dev, netip.PrefixFrom(n.ip, 24)))
		must(s.t, n.ns.AddAddr(dev, netip.PrefixFrom(s.address(name, hello.IPv6), 64)))
		s.eventually("link-local address", func() bool {
			_, ok, err := n.ns.LinkLocal(dev)
			return err == nil && ok
		})
	}
}

// address returns a router's own address, a global one in IPv6.
func (s *segment) address(name string, f hello.Family) netip.Addr {
	if f == hello.IPv4 {
		return s.nodes[name].ip
	}
	global := vip6.As16()
	global[15] = s.nodes[name].ip.As4()[3]
	return netip.AddrFrom16(global)
}

// unplug takes the carrier from a router, plug gives it back.
func (s *segment) unplug(name string) { s.t.Helper(); must(s.t, s.sw.LinkDown(name)) }
func (s *segment) plug(name string)   { s.t.Helper(); must(s.t, s.sw.LinkUp(name)) }

// isolate cuts the routers off from each other, but not from the client.
func (s *segment) isolate(on bool) {
	s.t.Helper()
	must(s.t, errors.Join(s.sw.Isolate(us, on), s.sw.Isolate(them, on)))
}

func (s *segment) eventually(what string, cond func() bool) {
	s.t.Helper()
	if err := netlab.Eventually(s.t.Context(), patience, cond); err != nil {
		s.t.Fatalf("%s: %v\n%s", what, err, s.logs())
	}
}

// within waits for a condition and returns whether it came true in time.
func (s *segment) within(d time.Duration, cond func() bool) bool {
	return netlab.Eventually(s.t.Context(), d, cond) == nil
}

func (s *segment) path(name string) string { return filepath.Join(s.dir, name) }

// logs returns the ends of all logs of the segment.
func (s *segment) logs() string {
	files, _ := filepath.Glob(s.path("*.log"))
	var text strings.Builder
	for _, f := range files {
		b, _ := os.ReadFile(f)
		text.WriteString("--- " + filepath.Base(f) + "\n" + string(b[max(0, len(b)-2500):]) + "\n")
	}
	for _, d := range s.daemons {
		text.WriteString(d.Tail() + "\n")
	}
	return text.String()
}

// entry returns the MAC that the client holds for an address, zero for none.
func (s *segment) entry(ip netip.Addr) hello.MAC {
	s.t.Helper()
	mac, _, err := s.client.ARPEntry(dev, ip)
	must(s.t, err)
	return mac
}

// learned returns the port behind which the switch has learned a MAC.
func (s *segment) learned(mac hello.MAC) string {
	s.t.Helper()
	port, _, err := s.sw.FDBPort(bridge, mac)
	must(s.t, err)
	return port
}
