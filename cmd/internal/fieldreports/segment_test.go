package fieldreports

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Addresses of the segment, in both families.
var (
	vip = netip.MustParseAddr("192.168.1.1")
	rIP = netip.MustParseAddr("192.168.1.254")

	vip6 = netip.MustParseAddr("2001:db8::1")
	rIP6 = netip.MustParseAddr("2001:db8::fe")

	rMAC = hello.MAC{2, 0, 0, 0, 0, 0xfe}
)

// dev is the interface of every node.
const dev = "eth0"

// segment is a router or host r and two gateways on a switch. Nobody forwards:
// what is sent to the wrong gateway is lost, not carried around the corner.
type segment struct {
	t      testing.TB
	r, sw  *netlab.NS
	g1, g2 *gateway
}

// gateway is one of the pair. wire is what passes its port of the switch; what
// it sends is not Sent there.
type gateway struct {
	*fhrptest.Daemon
	ip, ip6 netip.Addr
	mac     hello.MAC
	wire    *netlab.Capture
}

// scenario plays a test beside others, and again where the machine stood still
// so long that a healthy gateway may have lost its role.
func scenario(t *testing.T, play func(t testing.TB)) {
	t.Helper()
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, play)
}

func newSegment(t testing.TB) *segment {
	t.Helper()
	netlab.Need(t)
	s := &segment{t: t, r: netlab.ForTest(t), sw: netlab.ForTest(t)}
	must(t, netlab.Veth(netlab.End{NS: s.r, Name: dev, MAC: rMAC}, netlab.End{NS: s.sw, Name: "r"}))
	s.g1 = s.newGateway("g1", 1, "192.168.1.100", "2001:db8::100")
	s.g2 = s.newGateway("g2", 2, "192.168.1.200", "2001:db8::200")
	s.g1.Beside(s.g2.Daemon)
	s.g2.Beside(s.g1.Daemon)
	must(t, s.sw.Bridge("lan", "r", "g1", "g2"))
	s.address(s.r, rIP, rIP6)
	for _, g := range s.pair() {
		s.address(g.NS, g.ip, g.ip6)
		s.keep(g.NS, rIP, rMAC, unix.NUD_PERMANENT)
		s.keep(g.NS, rIP6, rMAC, unix.NUD_PERMANENT)
		c, err := s.sw.Capture(g.Name, netlab.CaptureOptions{})
		must(t, err)
		t.Cleanup(func() { c.Close() })
		g.wire = c
	}
	s.slowAgeing()
	return s
}

func (s *segment) pair() []*gateway { return []*gateway{s.g1, s.g2} }

func (s *segment) newGateway(name string, n byte, ip, ip6 string) *gateway {
	s.t.Helper()
	g := &gateway{
		Daemon: fhrptest.NewDaemon(s.t, netlab.ForTest(s.t), name), mac: hello.MAC{2, 0, 0, 0, n, 0},
		ip: netip.MustParseAddr(ip), ip6: netip.MustParseAddr(ip6),
	}
	must(s.t, netlab.Veth(netlab.End{NS: g.NS, Name: dev, MAC: g.mac}, netlab.End{NS: s.sw, Name: name}))
	return g
}

func (s *segment) address(ns *netlab.NS, list ...netip.Addr) {
	s.t.Helper()
	for _, a := range list {
		must(s.t, ns.AddAddr(dev, netip.PrefixFrom(a, map[bool]int{true: 24, false: 64}[a.Is4()])))
	}
	must(s.t, netlab.Eventually(s.t.Context(), fhrptest.Patience, func() bool {
		_, ok, err := ns.LinkLocal(dev)
		return err == nil && ok
	}))
}

// slowAgeing makes r believe its entries for 20 minutes. Whatever moves them
// is then not the kernel's own doubt.
func (s *segment) slowAgeing() {
	s.t.Helper()
	for _, family := range []string{"ipv4", "ipv6"} {
		must(s.t, s.r.Sysctl("net/"+family+"/neigh/"+dev+"/base_reachable_time_ms", "1200000"))
		must(s.t, s.r.Sysctl("net/"+family+"/neigh/"+dev+"/gc_stale_time", "1200"))
	}
}

// keep writes a neighbour entry.
func (s *segment) keep(ns *netlab.NS, ip netip.Addr, mac hello.MAC, state int) {
	s.t.Helper()
	must(s.t, ns.SetNeighbor(dev, ip, mac, state))
}

// entry returns the MAC that r holds for an address, zero for none.
func (s *segment) entry(ip netip.Addr) hello.MAC {
	s.t.Helper()
	mac, _, err := s.r.ARPEntry(dev, ip)
	must(s.t, err)
	return mac
}

func (s *segment) checkEntry(ip netip.Addr, want hello.MAC) {
	s.t.Helper()
	if got := s.entry(ip); got != want {
		s.t.Errorf("r has %s at %s, want %s", ip, got, want)
	}
}

// start runs both daemons, g1 with the better priority, and waits until they
// have their roles. PRIORITY in the text stands for the priority.
func (s *segment) start(groups string) {
	s.t.Helper()
	s.g1.StartAs(groups, 110)
	s.g2.StartAs(groups, 100)
	s.g1.WaitAll("Active", "Master")
	s.g2.WaitAll("Standby", "Backup")
}

// lose ends a gateway as a power failure does and waits until the other has its
// role.
func (s *segment) lose(g, heir *gateway) {
	s.t.Helper()
	g.Kill()
	must(s.t, g.NS.LinkDown(dev))
	heir.WaitAll("Active", "Master")
}

// passed waits until a frame that was sent at or after a time matches, and
// returns it.
func (g *gateway) passed(t testing.TB, what string, since time.Time, match func(netlab.Frame) bool) netlab.Frame {
	t.Helper()
	f, err := g.wire.WaitFor(func(f netlab.Frame) bool { return !f.At.Before(since) && match(f) }, fhrptest.Patience)
	if err != nil {
		t.Fatalf("%s at %s's port: %v\n%s", what, g.Name, err, g.Tail())
	}
	return f
}

// sent returns the frames that a gateway sent at or after a time.
func (g *gateway) sent(since time.Time) []netlab.Frame {
	return slices.DeleteFunc(g.wire.Frames(), func(f netlab.Frame) bool { return f.Sent || f.At.Before(since) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// own returns the gateway's own address.
func (g *gateway) own(f family) netip.Addr {
	if f.vip.Is4() {
		return g.ip
	}
	return g.ip6
}
