package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

const (
	dev      = "eth0"
	gateways = 3
	pace     = 150 * time.Millisecond // of hellos; four of them missing are a death
)

// group is a virtual router that all gateways share.
type group struct {
	ref string
	vip netip.Addr
	mac hello.MAC
}

func groups() []group {
	return []group{
		{"hsrp:eth0:1", netip.MustParseAddr("192.168.1.1"), hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 1)},
		{"vrrp:eth0:2", netip.MustParseAddr("192.168.1.2"), hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 2)},
	}
}

// segment is a client and three gateways on a switch.
type segment struct {
	t        testing.TB
	client   *netlab.NS
	sw       *netlab.NS
	asking   *asker
	groups   []group
	gateways []*gateway
	chance   *rand.Rand
	deck     []fault // still to be drawn
}

// gateway is one router, with what it should be like at present.
type gateway struct {
	*fhrptest.Daemon
	ns       *netlab.NS
	name     string
	ip       netip.Addr
	wire     *wire
	config   string
	priority map[string]int // by group
	frozen   bool
	cut      bool // off the switch
	running  bool
}

func newSegment(t testing.TB) *segment {
	t.Helper()
	netlab.Need(t)
	s := &segment{t: t, client: newNS(t), sw: newNS(t), groups: groups()}
	clientMAC := hello.MAC{2, 0, 0, 0, 0, 0x10}
	must(t, netlab.Veth(netlab.End{NS: s.client, Name: dev, MAC: clientMAC}, netlab.End{NS: s.sw, Name: "client"}))
	ports := []string{"client"}
	for n := range gateways {
		g := s.newGateway(n)
		s.gateways = append(s.gateways, g)
		ports = append(ports, g.name)
	}
	must(t, s.sw.Bridge("lan", ports...))
	for _, g := range s.gateways {
		g.wire = watch(t, s.sw, g.name)
	}
	s.asking = newAsker(t, s.client, clientMAC)
	return s
}

func (s *segment) newGateway(n int) *gateway {
	s.t.Helper()
	g := &gateway{ns: newNS(s.t), name: fmt.Sprintf("g%d", n), ip: netip.AddrFrom4([4]byte{192, 168, 1, byte(100 + n)})}
	must(s.t, netlab.Veth(netlab.End{NS: g.ns, Name: dev, MAC: hello.MAC{2, 0, 0, 0, 1, byte(n)}}, netlab.End{NS: s.sw, Name: g.name}))
	must(s.t, g.ns.AddAddr(dev, netip.PrefixFrom(g.ip, 24)))
	g.Daemon = fhrptest.NewDaemon(s.t, g.ns, g.name)
	g.config = configuration(s.groups, 100+10*n)
	return g
}

func configuration(groups []group, priority int) string {
	var b strings.Builder
	for _, g := range groups {
		protocol, number, _ := strings.Cut(g.ref, ":eth0:")
		timers := fmt.Sprintf("hello = %q\nhold = %q\ngroup = %s", pace, 4*pace, number)
		if protocol == "vrrp" {
			timers = fmt.Sprintf("advertise = %q\nvrid = %s", pace, number)
		}
		fmt.Fprintf(&b, "\n[[%s]]\ninterface = %q\nvirtual_ips = [\"%s\"]\npriority = %d\npreempt = true\n%s\n", protocol, dev, g.vip, priority, timers)
	}
	return b.String()
}

// start runs a gateway's daemon as configured.
func (s *segment) start(n int) {
	s.t.Helper()
	g := s.gateways[n]
	g.Start(g.config)
	g.running, g.priority = true, map[string]int{}
	for _, v := range s.groups {
		g.priority[v.ref] = 100 + 10*n
	}
}

// able reports whether a gateway can be heard.
func (g *gateway) able() bool { return g.running && !g.frozen && !g.cut }

// best is the gateway that should own a group, nil when none can.
func (s *segment) best(v group) *gateway {
	var best *gateway
	for _, g := range s.gateways { // in the order of their addresses
		if g.able() && (best == nil || g.priority[v.ref] >= best.priority[v.ref]) {
			best = g
		}
	}
	return best
}

// wire notes who says what at a gateway's port of the switch.
type wire struct {
	capture *netlab.Capture
	mu      sync.Mutex
	from    map[hello.MAC]time.Time  // last frame from a MAC
	answers map[netip.Addr]time.Time // last answer for an address
}

func watch(t testing.TB, ns *netlab.NS, port string) *wire {
	t.Helper()
	w := &wire{from: map[hello.MAC]time.Time{}, answers: map[netip.Addr]time.Time{}}
	var err error
	w.capture, err = ns.Capture(port, netlab.CaptureOptions{Keep: w.note})
	must(t, err)
	t.Cleanup(func() { w.capture.Close() })
	return w
}

func (w *wire) note(f netlab.Frame) bool {
	if f.Sent || len(f.Data) < 14 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from[hello.MAC(f.Data[6:12])] = f.At
	if h, a, err := garp.ParseARP(f.Data); err == nil && a.Op == garp.OpReply && h.Dst[0]&1 == 0 {
		w.answers[a.SenderIP] = f.At
	}
	return false
}

func (w *wire) answered(a netip.Addr, since time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.answers[a].Before(since)
}

func (w *wire) spoke(mac hello.MAC, since time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.from[mac].After(since)
}

// pass lets time pass.
func (s *segment) pass(d time.Duration) {
	_, _ = s.gateways[0].wire.capture.WaitFor(func(netlab.Frame) bool { return false }, d)
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

// signal sends a signal to a gateway's daemon.
func (g *gateway) signal(t testing.TB, s unix.Signal) {
	t.Helper()
	must(t, unix.Kill(g.PID(), s))
}
