package fieldreports

import (
	"fmt"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// ageing is how long the switch remembers a MAC: 5 minutes in the report.
const ageing = 3 * time.Second

// announceOnce leaves the refresh as the only thing that comes again.
const announceOnce = "count = 1\nrefresh = %q\nprobe = \"off\"\n"

// hsrp2 is a pair with a virtual MAC, whose hellos leave from it.
const hsrp2 = `
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "250ms"
hold = "1s"
[hsrp.announce]
` + announceOnce

// unicast is a router whose advertisements go to a peer, from the real MAC.
const unicast = `
[[vrrp]]
interface = "eth0"
vrid = 10
virtual_ips = ["192.168.1.1"]
priority = 200
advertise = "250ms"
peers = ["192.168.1.200"]
[vrrp.announce]
` + announceOnce

var (
	hsrpMAC = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	vrrpMAC = hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 10)
)

// A bridge that learns from ARP alone does not hear the hellos.
func TestKB2832644BridgeThatLearnsFromARPAlone(t *testing.T) {
	t.Parallel()
	both(t, hsrp2, hsrpMAC, func(s *segment) { s.learnFromARP("g1") })
}

// A bridge that learns from everything hears nothing from the virtual MAC when
// the hellos are unicast.
func TestKB2832644UnicastHellosDoNotRefreshTheBridge(t *testing.T) {
	t.Parallel()
	both(t, unicast, vrrpMAC, func(*segment) {})
}

// both runs one gateway behind a bridge that forgets, without and with refresh.
func both(t *testing.T, config string, vmac hello.MAC, prepare func(*segment)) {
	for _, c := range []struct {
		refresh string
		reached bool
	}{{"off", false}, {"1s", true}} {
		t.Run("refresh "+c.refresh, func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				s := newSegment(t)
				s.forgetful("g1")
				prepare(s)
				s.keep(s.r, vip, vmac, unix.NUD_PERMANENT)
				s.g1.StartAs(fmt.Sprintf(config, c.refresh), 110)
				s.g1.WaitAll("Active", "Master")
				s.g1.Eventually("the bridge learns", func() bool { return s.port(vmac) == "g1" })
				s.reaches(true, s.r, anybody, vip)
				s.waitOut(2 * ageing)
				s.checkPort(vmac, c.reached)
				s.reaches(c.reached, s.r, anybody, vip)
				if got := s.g1.Answer().Groups[0].Announce.Refreshes; (got > 0) != c.reached {
					t.Errorf("%d refreshes", got)
				}
			})
		})
	}
}

// checkPort wants the switch to have a MAC behind g1, or not to have it.
func (s *segment) checkPort(mac hello.MAC, known bool) {
	s.t.Helper()
	// A test deletes and adds what is learned anew, which is no time; what has aged is removed when the switch comes to it.
	want, within := "", fhrptest.Patience
	if known {
		want, within = "g1", 500*time.Millisecond
	}
	if netlab.Eventually(s.t.Context(), within, func() bool { return s.port(mac) == want }) != nil {
		s.t.Errorf("the bridge has %s behind %q, want %q", mac, s.port(mac), want)
	}
}

// forgetful makes the switch forget after the ageing time, and drop what is
// for a MAC behind the port that it does not know.
func (s *segment) forgetful(port string) {
	s.t.Helper()
	handle := s.sw.Netlink()
	bridge := netlink.NewLinkAttrs()
	bridge.Name = "lan"
	hundredths := uint32(ageing / (10 * time.Millisecond))
	must(s.t, handle.LinkModify(&netlink.Bridge{LinkAttrs: bridge, AgeingTime: &hundredths}))
	link, err := handle.LinkByName(port)
	must(s.t, err)
	must(s.t, handle.LinkSetFlood(link, false))
}

// learnFromARP makes a port learn from the ARP frames that arrive there, as
// the bridge driver of the report does, and from nothing else.
func (s *segment) learnFromARP(port string) {
	s.t.Helper()
	handle := s.sw.Netlink()
	link, err := handle.LinkByName(port)
	must(s.t, err)
	must(s.t, handle.LinkSetLearning(link, false))
	c, err := s.sw.Capture(port, netlab.CaptureOptions{Keep: func(f netlab.Frame) bool {
		if _, ok := arp(f); ok && !f.Sent {
			e := netlink.Neigh{
				LinkIndex: link.Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_MASTER,
				State: unix.NUD_REACHABLE, HardwareAddr: source(f).HardwareAddr(),
			}
			// Replacing an entry would not make it younger.
			_ = handle.NeighDel(&e)
			_ = handle.NeighAdd(&e)
		}
		return false
	}})
	must(s.t, err)
	s.t.Cleanup(func() { c.Close() })
}

// port returns the port behind which the switch has a MAC, "" for none.
func (s *segment) port(mac hello.MAC) string {
	s.t.Helper()
	port, _, err := s.sw.FDBPort("lan", mac)
	must(s.t, err)
	return port
}

// waitOut waits until the gateway has sent something so much later than now:
// its hellos go on all the time.
func (s *segment) waitOut(d time.Duration) {
	s.t.Helper()
	s.g1.passed(s.t, fmt.Sprintf("a hello %v later", d), time.Now().Add(d), func(f netlab.Frame) bool { return !f.Sent })
}
