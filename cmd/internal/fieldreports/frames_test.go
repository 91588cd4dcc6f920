package fieldreports

import (
	"net"
	"net/netip"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/prove"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

func packetSocket(from string) (*packet.Conn, error) {
	ifi, err := net.InterfaceByName(from)
	if err != nil {
		return nil, err
	}
	const nothing = 0 // a protocol that no frame has: the socket only sends
	return packet.Listen(ifi, packet.Raw, nothing, nil)
}

func source(f netlab.Frame) hello.MAC { return hello.MAC(f.Data[6:12]) }

// claims reports whether a gateway says in a frame that it is active.
func claims(f netlab.Frame) bool {
	var e hello.Envelope
	payload, err := hello.ParseFrame(f.Data, &e, true)
	if err != nil || f.Sent {
		return false
	}
	if e.Protocol == hello.ProtocolVRRP {
		return true
	}
	var p hello.HSRPPacket
	return p.Parse(payload) == nil && !p.IsAdvertise && p.HSRP.Op == hello.OpHello && p.HSRP.State == hello.Active
}

// answers reports whether a frame that the switch delivers to a gateway answers
// its proof from an address.
func answers(to netip.Addr) func(netlab.Frame) bool {
	return func(f netlab.Frame) bool {
		a, ok := prove.ParseAnswer(f.Data)
		return ok && f.Sent && a.To == to
	}
}

// arp returns the ARP packet in a frame.
func arp(f netlab.Frame) (garp.ARP, bool) {
	_, a, err := garp.ParseARP(f.Data)
	return a, err == nil
}

// ping reports whether one of a few echo requests from an address of a
// namespace is answered. Without from the kernel chooses.
func (s *segment) ping(ns *netlab.NS, from, to netip.Addr) bool {
	s.t.Helper()
	network, typ := "ip4:icmp", icmp.Type(ipv4.ICMPTypeEcho)
	if to.Is6() {
		network, typ = "ip6:ipv6-icmp", ipv6.ICMPTypeEchoRequest
	}
	address := map[bool]string{true: "0.0.0.0", false: "::"}[to.Is4()]
	if from.IsValid() {
		address = from.String()
	}
	var conn net.PacketConn
	// A role's addresses follow it, a moment later.
	must(s.t, netlab.Eventually(s.t.Context(), fhrptest.Patience, func() bool {
		var err error
		conn, err = ns.ListenPacket(network, address)
		return err == nil
	}))
	defer conn.Close()
	for seq := range 4 {
		b, err := (&icmp.Message{Type: typ, Body: &icmp.Echo{ID: 77, Seq: seq}}).Marshal(nil)
		must(s.t, err)
		_, _ = conn.WriteTo(b, &net.IPAddr{IP: to.AsSlice()}) // unreachable is an answer
		if pong(conn, to) {
			return true
		}
	}
	return false
}

func pong(conn net.PacketConn, from netip.Addr) bool {
	_ = conn.SetReadDeadline(time.Now().Add(250 * time.Millisecond))
	proto, reply := 1, icmp.Type(ipv4.ICMPTypeEchoReply)
	if from.Is6() {
		proto, reply = 58, ipv6.ICMPTypeEchoReply
	}
	buf := make([]byte, 1500)
	for {
		n, peer, err := conn.ReadFrom(buf)
		if err != nil {
			return false
		}
		m, err := icmp.ParseMessage(proto, buf[:n])
		if err == nil && m.Type == reply && peer.(*net.IPAddr).IP.Equal(from.AsSlice()) {
			return true
		}
	}
}

// reaches fails the test unless to answers exactly when it should.
func (s *segment) reaches(want bool, ns *netlab.NS, from, to netip.Addr) {
	s.t.Helper()
	if got := s.ping(ns, from, to); got != want {
		s.t.Errorf("%s answers a ping from %s: %v, want %v\n%s\n%s", to, from, got, want, s.g1.Tail(), s.g2.Tail())
	}
}

// anybody stands for the address that the kernel chooses.
var anybody netip.Addr
