package engine_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// lan is a port in virtual time that prints what is done there. Nothing is
// removed from it, and no message is for a unicast peer.
type lan struct {
	engine.Port
	now time.Time
}

func (w *lan) print(text string, args ...any) {
	fmt.Printf("%.3f %s\n", float64(w.now.UnixMilli())/1000, fmt.Sprintf(text, args...))
}
func (*lan) Add(engine.ID, engine.Virtual) error { return nil }
func (*lan) Renew() ([]engine.ID, error)         { return nil, nil }
func (w *lan) Address(_ engine.Round, add, remove []engine.ID) {
	w.print("addresses +%d -%d", len(add), len(remove))
}
func (w *lan) Gate(open []engine.Claim, shut []engine.ID) (lost []engine.ID, err error) {
	w.print("gates +%d -%d", len(open), len(shut))
	return nil, nil
}
func (w *lan) Transmit(frames [][]byte) ([]int, error) {
	var e hello.Envelope
	var h hello.HSRPPacket
	var v hello.VRRPPacket
	for _, f := range frames {
		payload, err := hello.ParseFrame(f, &e, true)
		if _, arp, notARP := garp.ParseARP(f); notARP == nil {
			w.print("ARP from %s: %s is there", hello.MAC(f[6:12]), arp.SenderIP)
		} else if err == nil && e.Protocol == hello.ProtocolHSRP && h.Parse(payload) == nil {
			w.print("HSRP from %s: %s of group %d in %s", e.SrcMAC, h.HSRP.Op, h.HSRP.Group, h.HSRP.State)
		} else if err == nil && v.Parse(payload, e.Src, e.Dst) == nil {
			w.print("VRRP from %s: router %d with priority %d", e.SrcMAC, v.VRRP.VRID, v.VRRP.Priority)
		}
	}
	return nil, nil
}

// A router of two groups stands by while another one is active in both, until
// nothing is heard of that any more.
func Example() {
	own, peer, peerMAC := netip.MustParsePrefix("192.0.2.10/24"), netip.MustParseAddr("192.0.2.11"), hello.MAC{2, 0, 0, 0, 0, 11}
	vip1, vip2 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	w := &lan{now: time.Unix(0, 0)}
	e, err := engine.New(engine.Config{Groups: []engine.Group{{
		Ref:     engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Interface: "eth0", Number: 1},
		Version: 2, VirtualIPs: []netip.Addr{vip1}, Priority: 100, HelloTime: time.Second, HoldTime: 3 * time.Second,
	}, {
		Ref:     engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv4, Interface: "eth0", Number: 2},
		Version: 3, VirtualIPs: []netip.Addr{vip2}, Priority: 100, HelloTime: time.Second,
	}}}, engine.Options{Ports: map[string]engine.Port{"eth0": w}, Random: func() float64 { return 0 }, Now: w.now})
	if err != nil || e.Prepare() != nil {
		panic("a port is missing, or refuses its groups")
	}
	e.LinkChanged(w.now, "eth0", engine.Link{
		Name: "eth0", Index: 1, MAC: hello.MAC{2, 0, 0, 0, 0, 10}, Up: true, Addr4: own.Addr(), Addrs: []netip.Prefix{own},
	})
	wait := func(d time.Duration) { // what a loop around sockets does from frame to frame
		end := w.now.Add(d)
		for at, armed := e.Deadline(); armed && !at.After(end); at, armed = e.Deadline() {
			w.now = at
			e.Wake(w.now, 0)
			e.Tick(w.now)
		}
		w.now = end
	}
	to1, to2 := hello.GroupEnvelope(hello.ProtocolHSRP, 2, peer, peerMAC), hello.GroupEnvelope(hello.ProtocolVRRP, 3, peer, peerMAC)
	hello1 := hello.AppendFrame(nil, &to1, hello.AppendHSRP(nil, &hello.HSRP{
		Version: 2, Op: hello.OpHello, State: hello.Active, Family: hello.IPv4, Group: 1, Priority: 120,
		HelloTime: time.Second, HoldTime: 3 * time.Second, VirtualIP: vip1, Identifier: peerMAC,
	}, &hello.Auth{}, peer))
	hello2 := hello.AppendFrame(nil, &to2, hello.AppendVRRP(nil, &hello.VRRP{
		Version: 3, VRID: 2, Priority: 120, Family: hello.IPv4, AdverInterval: time.Second, VirtualIPs: []netip.Addr{vip2},
	}, "", hello.MessageOnly, peer, to2.Dst))
	for range 5 {
		e.Frame(w.now, "eth0", hello1, true)
		e.Frame(w.now, "eth0", hello2, true)
		e.Flush(w.now)
		wait(time.Second)
	}
	wait(2700 * time.Millisecond) // in which the other router is silent
	// Output:
	// 3.000 HSRP from 02:00:00:00:00:0a: Hello of group 1 in Speak
	// 4.000 HSRP from 02:00:00:00:00:0a: Hello of group 1 in Speak
	// 5.000 HSRP from 02:00:00:00:00:0a: Hello of group 1 in Speak
	// 6.000 HSRP from 02:00:00:00:00:0a: Hello of group 1 in Standby
	// 7.000 gates +1 -0
	// 7.000 HSRP from 00:00:0c:9f:f0:01: Hello of group 1 in Active
	// 7.000 ARP from 00:00:0c:9f:f0:01: 192.0.2.1 is there
	// 7.000 ARP from 00:00:0c:9f:f0:01: 192.0.2.1 is there
	// 7.000 addresses +1 -0
	// 7.005 ARP from 00:00:0c:9f:f0:01: 192.0.2.1 is there
	// 7.050 ARP from 00:00:0c:9f:f0:01: 192.0.2.1 is there
	// 7.609 gates +1 -0
	// 7.609 VRRP from 00:00:5e:00:01:02: router 2 with priority 100
	// 7.609 ARP from 00:00:5e:00:01:02: 192.0.2.2 is there
	// 7.609 addresses +1 -0
	// 7.614 ARP from 00:00:5e:00:01:02: 192.0.2.2 is there
	// 7.659 ARP from 00:00:5e:00:01:02: 192.0.2.2 is there
}
