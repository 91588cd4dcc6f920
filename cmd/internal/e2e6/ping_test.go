package e2e6

import (
	"net"
	"net/netip"
	"time"

	xicmp "golang.org/x/net/icmp"
	"golang.org/x/net/ipv6"
)

// ping reports whether an address answers one of n echo requests of the
// client.
func (l *lan) ping(to netip.Addr, n int) bool {
	l.t.Helper()
	conn, err := l.client.ListenPacket("ip6:ipv6-icmp", "::")
	must(l.t, err)
	defer conn.Close()
	dst := &net.IPAddr{IP: to.AsSlice()}
	if to.IsLinkLocalUnicast() {
		dst.Zone = "2" // the first interface after lo
	}
	for seq := range n {
		b, err := (&xicmp.Message{Type: ipv6.ICMPTypeEchoRequest, Body: &xicmp.Echo{ID: 77, Seq: seq}}).Marshal(nil)
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
	buf := make([]byte, 1500)
	for {
		n, peer, err := conn.ReadFrom(buf)
		if err != nil {
			return false
		}
		m, err := xicmp.ParseMessage(58, buf[:n])
		if err == nil && m.Type == ipv6.ICMPTypeEchoReply && peer.(*net.IPAddr).IP.Equal(from.AsSlice()) {
			return true
		}
	}
}

// mustPing fails the test unless every address answers.
func (l *lan) mustPing(list ...netip.Addr) {
	l.t.Helper()
	for _, a := range list {
		if !l.ping(a, 8) {
			l.t.Errorf("%s does not answer\n%s\n%s", a, l.a.tail(), l.b.tail())
		}
	}
}
