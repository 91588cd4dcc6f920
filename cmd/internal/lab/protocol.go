package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// plan is everything that follows from the options: the protocol, the addresses,
// what the timers allow. Only this file knows about HSRP and VRRP.
type plan struct {
	name    string // as in Options.Protocol
	proto   hello.Protocol
	version uint8
	family  hello.Family
	hello   time.Duration
	hold    time.Duration // HSRP only
	groups  int
	rate    time.Duration
	fault   fault
}

// priorities are those of the pair: gw1 is meant to be active.
var priorities = map[string]int{nodeGW1: 110, nodeGW2: 100}

// title names the protocol as a person does.
func (p plan) title() string {
	s := fmt.Sprintf("%s version %d", strings.ToUpper(p.proto.String()), p.version)
	if p.family == hello.IPv6 {
		s += " over IPv6"
	}
	return s
}

// timers names the timers as a person does.
func (p plan) timers() string {
	if p.proto == hello.ProtocolVRRP {
		return fmt.Sprintf("advertisement %v, down after %v", p.hello, p.detect().Round(time.Millisecond))
	}
	return fmt.Sprintf("hello %v, hold %v", p.hello, p.hold)
}

func (p plan) maxGroup() int {
	if p.proto == hello.ProtocolHSRP && p.version == 2 {
		return hello.MaxGroupV2
	}
	return hello.MaxGroupV1
}

// mac returns the virtual MAC of group k, counted from 1.
func (p plan) mac(k int) hello.MAC {
	return hello.VirtualMAC(p.proto, p.version, p.family, uint16(k))
}

// vip returns the virtual address that the client uses as its router.
func (p plan) vip() netip.Addr { return p.vips(1)[0] }

// vips returns the virtual addresses of group k, counted from 1.
func (p plan) vips(k int) []netip.Addr {
	if p.family == hello.IPv6 {
		local := hello.VirtualLinkLocal(p.mac(k))
		if k == 1 {
			local = netip.MustParseAddr("fe80::1")
		}
		if p.proto == hello.ProtocolHSRP {
			return []netip.Addr{local}
		}
		return []netip.Addr{local, netip.MustParseAddr(fmt.Sprintf("fd00:1::1:%x", k))}
	}
	if k == 1 {
		return []netip.Addr{netip.AddrFrom4([4]byte{192, 168, 1, 1})}
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{192, 168, byte(2 + k/250), byte(1 + k%250)})}
}

// skew returns how long gw2 waits once gw1 has said goodbye: not at all in HSRP,
// for Skew_Time in VRRP (RFC 9568 section 6.1, RFC 3768 section 6.1).
func (p plan) skew() time.Duration {
	base := p.hello
	switch {
	case p.proto == hello.ProtocolHSRP:
		return 0
	case p.version == 2:
		base = time.Second
	}
	return time.Duration(256-priorities[nodeGW2]) * base / 256
}

// detect returns how long gw2 waits for a silent gw1: HSRP's hold time, VRRP's
// Active_Down_Interval.
func (p plan) detect() time.Duration {
	if p.proto == hello.ProtocolVRRP {
		return 3*p.hello + p.skew()
	}
	return p.hold
}

// wait returns how long the timers make the peer wait after the fault.
func (p plan) wait() time.Duration {
	if p.fault.waits == nil {
		return 0
	}
	return p.fault.waits(p)
}

// gap returns how long the second half of the fault comes after the takeover.
func (p plan) gap() time.Duration {
	if p.fault.gap == nil {
		return secondGap
	}
	return p.fault.gap(p)
}

// unexpired is a time after the takeover at which a lease, which is a hold time
// and a hello, has not run out: what wakes then still forwards, and must find out
// by itself that it has been succeeded.
func (p plan) unexpired() time.Duration { return p.hello / 2 }

// waitName names that time, which is not 0.
func (p plan) waitName() string {
	switch {
	case p.wait() != p.detect():
		return "skew time"
	case p.proto == hello.ProtocolVRRP:
		return "active-down interval"
	}
	return "hold time"
}

// settle returns how long a router needs at most to find its role: HSRP waits
// one hold time in Listen and one in Speak.
func (p plan) settle() time.Duration { return 2 * p.detect() }

// roleOf returns the role that a state's name in the status means.
func roleOf(state string) string {
	switch state {
	case "Active":
		return roleActive
	case "Standby", "Backup":
		return roleWait
	}
	return roleOther
}

// wanted returns the announcements that a router must be seen to make when it
// becomes active. Where the role stays nobody does.
func (p plan) wanted() []string {
	switch {
	case p.fault.stays:
		return nil
	case p.family == hello.IPv6:
		return []string{garpAdvertisement}
	case p.proto == hello.ProtocolVRRP:
		return []string{garpRequest}
	}
	return []string{garpReal, garpVIP, garpCisco, garpRequest}
}

// config returns the configuration file of one gateway.
func (p plan) config(priority int) string {
	number, interval := "group", fmt.Sprintf("hello = %q\nhold = %q\n", p.hello, p.hold)
	if p.proto == hello.ProtocolVRRP {
		number, interval = "vrid", fmt.Sprintf("advertise = %q\n", p.hello)
	}
	var b strings.Builder
	b.WriteString("[daemon]\nlog = \"debug\"\n")
	for k := 1; k <= p.groups; k++ {
		vips := strings.ReplaceAll(fmt.Sprintf("%q", p.vips(k)), " ", ", ")
		fmt.Fprintf(&b, "\n[[%s]]\ninterface = %q\nname = %q\nversion = %d\n%s = %d\n", p.proto, lanDev, groupName(k), p.version, number, k)
		fmt.Fprintf(&b, "virtual_ips = %s\npriority = %d\npreempt = %t\n%s", vips, priority, p.fault.preempts, interval)
	}
	return b.String()
}

func groupName(k int) string {
	if k == 1 {
		return "lab"
	}
	return fmt.Sprintf("lab-%d", k)
}

// Kinds of sightings.
const (
	seenHello    = "hello"  // any message that does not claim the role
	seenActive   = "active" // one that does: Hello in state Active, advertisement
	seenCoup     = "coup"
	seenResign   = "resign"
	seenAnnounce = "announce" // gratuitous ARP, unsolicited advertisement
	seenDirected = "directed" // a question to a neighbour from the virtual address
	seenAnswer   = "answer"   // to a question for the virtual address
	seenOther    = "other"    // from the virtual MAC, none of the above
)

// Names of announcements, in the order in which HSRP sends them.
const (
	garpReal          = "real-ip broadcast"
	garpVIP           = "vip broadcast"
	garpCisco         = "vip 01-00-0c-cd-cd-cd"
	garpRequest       = "request"
	garpAdvertisement = "vip ff02::1"
	garpRealBack      = "real-ip real-mac"
)

// sighting is one frame of a gateway, as the switch saw it arrive.
type sighting struct {
	At      time.Time
	Node    string // gw1 or gw2: by the switch's port, not by the frame
	Kind    string
	Group   int    // 0 = not known from the frame
	Detail  string // announcement's name, state of a hello
	Virtual bool   // Ethernet source is the virtual MAC of group 1
}

// claims reports whether the sender claims the virtual MAC.
func (s sighting) claims() bool {
	return s.Kind == seenActive || s.Virtual && s.Kind != seenResign && s.Kind != seenCoup
}

// read classifies a frame that arrived at the switch from node. ok is false when
// it is neither about the protocol nor from a virtual MAC.
func (p plan) read(node string, at time.Time, frame []byte) (s sighting, ok bool) {
	if len(frame) < wire.EthernetHeader {
		return s, false
	}
	s = sighting{At: at, Node: node, Virtual: hello.MAC(frame[6:12]) == p.mac(1)}
	if s.Virtual {
		s.Kind, s.Group = seenOther, 1
	}
	p.readMessage(&s, frame)
	if p.family == hello.IPv6 {
		p.readND(&s, frame)
	} else {
		p.readARP(&s, frame)
	}
	return s, s.Kind != ""
}

func (p plan) readMessage(s *sighting, frame []byte) {
	var e hello.Envelope
	payload, err := hello.ParseFrame(frame, &e, false)
	if err != nil || e.Protocol != p.proto {
		return
	}
	var hsrp hello.HSRPPacket
	var vrrp hello.VRRPPacket
	switch {
	case p.proto == hello.ProtocolVRRP && vrrp.Parse(payload, e.Src, e.Dst) == nil:
		readVRRP(s, &vrrp.VRRP)
	case p.proto == hello.ProtocolHSRP && hsrp.Parse(payload) == nil && !hsrp.IsAdvertise:
		readHSRP(s, &hsrp.HSRP)
	}
}

func readVRRP(s *sighting, m *hello.VRRP) {
	s.Group, s.Kind, s.Detail = int(m.VRID), seenActive, fmt.Sprintf("priority %d", m.Priority)
	if m.Priority == hello.ResignPriority {
		s.Kind = seenResign
	}
}

func readHSRP(s *sighting, m *hello.HSRP) {
	s.Group, s.Detail = int(m.Group), m.State.String()
	switch {
	case m.Op == hello.OpCoup:
		s.Kind = seenCoup
	case m.Op == hello.OpResign:
		s.Kind = seenResign
	case m.State == hello.Active:
		s.Kind = seenActive
	default:
		s.Kind = seenHello
	}
}

func (p plan) readARP(s *sighting, frame []byte) {
	h, a, err := garp.ParseARP(frame)
	if err != nil {
		return
	}
	vip, real := p.vip(), gateways[s.Node]
	switch {
	case a.IsGratuitous() && a.SenderIP == vip:
		s.is(seenAnnounce, garpForm(h, a))
	case a.IsGratuitous() && a.SenderIP == real.v4 && a.SenderMAC == p.mac(1):
		s.is(seenAnnounce, garpReal)
	case a.IsGratuitous() && a.SenderIP == real.v4 && a.SenderMAC == real.mac:
		s.is(seenAnnounce, garpRealBack)
	case a.SenderIP == vip && a.Op == garp.OpRequest:
		s.is(seenDirected, a.TargetIP.String())
	case a.SenderIP == vip:
		s.is(seenAnswer, a.TargetIP.String())
	}
}

// is notes what a frame of the first group is.
func (s *sighting) is(kind, detail string) { s.Group, s.Kind, s.Detail = 1, kind, detail }

func garpForm(h garp.Header, a garp.ARP) string {
	switch {
	case a.Op == garp.OpRequest:
		return garpRequest
	case h.Dst == garp.CiscoMulticast:
		return garpCisco
	}
	return garpVIP
}

func (p plan) readND(s *sighting, frame []byte) {
	_, nd, err := garp.ParseND(frame)
	if err != nil {
		return
	}
	vip := p.vip()
	switch {
	case nd.Type == garp.NeighborAdvertisement && nd.Target == vip && nd.Dst.IsMulticast():
		s.is(seenAnnounce, garpAdvertisement)
	case nd.Type == garp.NeighborAdvertisement && nd.Target == vip:
		s.is(seenAnswer, nd.Dst.String())
	case nd.Type == garp.NeighborSolicitation && nd.Src == vip:
		s.is(seenDirected, nd.Target.String())
	}
}
