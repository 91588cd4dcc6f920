package e2e

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// ping reports whether an address answers one of a few echo requests that the
// client sends.
func (l *lan) ping(to netip.Addr) bool {
	l.t.Helper()
	network, any, typ := "ip4:icmp", "0.0.0.0", icmp.Type(ipv4.ICMPTypeEcho)
	if to.Is6() {
		network, any, typ = "ip6:ipv6-icmp", "::", ipv6.ICMPTypeEchoRequest
	}
	conn, err := l.client.ListenPacket(network, any)
	must(l.t, err)
	defer conn.Close()
	dst := &net.IPAddr{IP: to.WithZone("").AsSlice()}
	if to.IsLinkLocalUnicast() {
		dst.Zone = "2" // the first interface after lo
	}
	for seq := range 5 {
		b, err := (&icmp.Message{Type: typ, Body: &icmp.Echo{ID: 77, Seq: seq}}).Marshal(nil)
		must(l.t, err)
		_, _ = conn.WriteTo(b, dst) // unreachable is an answer
		if pong(conn, to) {
			return true
		}
	}
	return false
}

func pong(conn net.PacketConn, from netip.Addr) bool {
	_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
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

// mustPing fails the test unless every address answers.
func (l *lan) mustPing(list ...netip.Addr) {
	l.t.Helper()
	for _, a := range list {
		if !l.ping(a) {
			l.t.Errorf("%s does not answer\n%s\n%s", a, l.a.tail(), l.b.tail())
		}
	}
}
