package netlab

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Echo is how Ping asks.
type Echo struct {
	From  netip.Addr    // source of the requests; the zero Addr lets the kernel choose
	Tries int           // requests before giving up
	Wait  time.Duration // for the answer to each
}

// Ping reports whether an address answers an echo request that is sent inside
// the namespace. The zone of a link-local address names an interface of the
// namespace. That nobody answers is no error; a source that is not an address
// of the namespace is one.
func (n *NS) Ping(to netip.Addr, e Echo) (bool, error) {
	dst, err := n.ipAddr(to)
	if err != nil {
		return false, fmt.Errorf("ping %s: %w", to, err)
	}
	v := echoOf(to)
	from := v.any
	if e.From.IsValid() {
		from = e.From
	}
	conn, err := n.ListenPacket(v.network, from.String())
	if err != nil {
		return false, fmt.Errorf("ping %s from %s: %w", to, from, err)
	}
	defer conn.Close()
	for seq := range e.Tries {
		b, err := (&icmp.Message{Type: v.request, Body: &icmp.Echo{ID: echoID, Seq: seq}}).Marshal(nil)
		if err != nil {
			return false, fmt.Errorf("ping %s: %w", to, err)
		}
		_, _ = conn.WriteTo(b, dst) // unreachable is an answer
		if v.answered(conn, dst.IP, e.Wait) {
			return true, nil
		}
	}
	return false, nil
}

// ipAddr names the zone of an address by its number, which means the same to
// threads outside the namespace.
func (n *NS) ipAddr(a netip.Addr) (*net.IPAddr, error) {
	dst := &net.IPAddr{IP: a.AsSlice()}
	if a.Zone() == "" {
		return dst, nil
	}
	l, err := n.link(a.Zone())
	if err != nil {
		return nil, err
	}
	dst.Zone = strconv.Itoa(l.Attrs().Index)
	return dst, nil
}

// echoID tells the requests of Ping from others. The answer to a Ping is known by
// its sender, as one Ping asks one address.
const echoID = 0x4652

// echo holds the names and types of an echo in one family.
type echo struct {
	network        string
	any            netip.Addr
	request, reply icmp.Type
}

func echoOf(to netip.Addr) echo {
	if to.Is4() {
		return echo{"ip4:icmp", netip.IPv4Unspecified(), ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply}
	}
	return echo{"ip6:ipv6-icmp", netip.IPv6Unspecified(), ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply}
}

func (v echo) answered(conn net.PacketConn, from net.IP, wait time.Duration) bool {
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, 1500)
	for {
		n, peer, err := conn.ReadFrom(buf)
		if err != nil {
			return false
		}
		m, err := icmp.ParseMessage(v.reply.Protocol(), buf[:n])
		if err == nil && m.Type == v.reply && peer.(*net.IPAddr).IP.Equal(from) {
			return true
		}
	}
}
