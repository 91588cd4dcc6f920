package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

const pace = 150 * time.Millisecond // of hellos; four of them missing are a death

var must = fhrptest.Must

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
	*fhrptest.LAN
	t        testing.TB
	asking   *netlab.Sender
	groups   []group
	gateways []*gateway // in the order of their addresses
	chance   *rand.Rand
	deck     []fault // still to be drawn
}

// gateway is one router, with what it should be like at present.
type gateway struct {
	*fhrptest.Gateway
	usual    int            // its priority unless told otherwise
	priority map[string]int // by group
	frozen   bool
	cut      bool // off the switch
	away     bool // in maintenance

	mu      sync.Mutex
	spoke   map[hello.MAC]time.Time  // last frame from a MAC at its port of the switch
	answers map[netip.Addr]time.Time // last answer for an address
}

func newSegment(t testing.TB) *segment {
	t.Helper()
	s := &segment{t: t, groups: groups(), LAN: fhrptest.NewLAN(t, fhrptest.Plan{Gateways: []string{"a", "b", "c"}})}
	for n, each := range s.Gateways {
		g := &gateway{Gateway: each, usual: 100 + 10*n, spoke: map[hello.MAC]time.Time{}, answers: map[netip.Addr]time.Time{}}
		g.Watch(g.note)
		s.gateways = append(s.gateways, g)
	}
	var err error
	s.asking, err = s.Client.Sender(fhrptest.LANDev)
	must(t, err)
	t.Cleanup(func() { s.asking.Close() })
	return s
}

// start runs the gateway's daemon with its usual priority.
func (s *segment) start(g *gateway) {
	s.t.Helper()
	var config strings.Builder
	g.priority = map[string]int{}
	for _, v := range s.groups {
		protocol, number, _ := strings.Cut(v.ref, ":eth0:")
		timers := fmt.Sprintf("hello = %q\nhold = %q\ngroup = %s", pace, 4*pace, number)
		if protocol == "vrrp" {
			timers = fmt.Sprintf("advertise = %q\nvrid = %s", pace, number)
		}
		fmt.Fprintf(&config, "\n[[%s]]\ninterface = %q\nvirtual_ips = [\"%s\"]\npriority = PRIORITY\npreempt = true\n%s\n",
			protocol, fhrptest.LANDev, v.vip, timers)
		g.priority[v.ref] = g.usual
	}
	g.StartAs(config.String(), g.usual)
}

// able reports whether a gateway can be heard.
func (g *gateway) able() bool { return g.Up() && !g.frozen && !g.cut && !g.away }

// best is the gateway that should own a group, nil when none can.
func (s *segment) best(v group) *gateway {
	var best *gateway
	for _, g := range s.gateways {
		if g.able() && (best == nil || g.priority[v.ref] >= best.priority[v.ref]) {
			best = g
		}
	}
	return best
}

// note looks at one frame and keeps none.
func (g *gateway) note(f netlab.Frame) bool {
	if f.Sent || len(f.Data) < 14 {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spoke[f.Source()] = f.At
	if a, ok := fhrptest.ReadAnswer(f); ok {
		g.answers[a.For] = f.At
	}
	return false
}

func (g *gateway) answered(a netip.Addr, since time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.answers[a].Before(since)
}

func (g *gateway) spokeFrom(mac hello.MAC, since time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.spoke[mac].After(since)
}

// pass lets time pass.
func (s *segment) pass(d time.Duration) { fhrptest.Pass(s.t, d) }
