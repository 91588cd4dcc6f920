package lab

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// ping reports whether an address answers one of three echo requests, 200 ms
// apart, sent inside ns.
func ping(ns *netlab.NS, to netip.Addr) (bool, error) {
	network, proto, typ, reply := "ip4:icmp", 1, icmp.Type(ipv4.ICMPTypeEcho), icmp.Type(ipv4.ICMPTypeEchoReply)
	if to.Is6() {
		network, proto, typ, reply = "ip6:ipv6-icmp", 58, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply
	}
	any := netip.IPv4Unspecified()
	if to.Is6() {
		any = netip.IPv6Unspecified()
	}
	conn, err := ns.ListenPacket(network, any.String())
	if err != nil {
		return false, fmt.Errorf("ping %s: %w", to, err)
	}
	defer conn.Close()
	for seq := range 3 {
		msg, err := (&icmp.Message{Type: typ, Body: &icmp.Echo{ID: 0x4652, Seq: seq}}).Marshal(nil)
		if err != nil {
			return false, fmt.Errorf("ping %s: %w", to, err)
		}
		_, _ = conn.WriteTo(msg, &net.IPAddr{IP: to.AsSlice()}) // unreachable is an answer
		if answered(conn, to, proto, reply) {
			return true, nil
		}
	}
	return false, nil
}

func answered(conn net.PacketConn, from netip.Addr, proto int, reply icmp.Type) bool {
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	buf := make([]byte, 1500)
	for {
		n, peer, err := conn.ReadFrom(buf)
		if err != nil {
			return false
		}
		msg, err := icmp.ParseMessage(proto, buf[:n])
		ip, ok := peer.(*net.IPAddr)
		if err == nil && ok && msg.Type == reply && ip.IP.Equal(from.AsSlice()) {
			return true
		}
	}
}
