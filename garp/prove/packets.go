package prove

import (
	"encoding/binary"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Mark is the ICMP identifier and the UDP and TCP source port of all proofs. A
// packet filter finds their answers by it.
const Mark = 0xf48d

// closedPort is a port on which no host listens (tcpmux, unused in practice): a
// refusal is as good an answer as any.
const closedPort = 1

const (
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// echoRequest is an ICMP or ICMPv6 echo request (RFC 792, RFC 4443).
func echoRequest(h wire.Headers, seq uint16) []byte {
	typ := byte(wire.ICMPEcho)
	h.Proto = wire.ProtoICMP
	if h.Src.Is6() {
		typ, h.Proto = wire.ICMPv6Echo, wire.ProtoICMPv6
	}
	m := []byte{0: typ, wire.ICMPHeader - 1: 0}
	binary.BigEndian.PutUint16(m[4:], Mark)
	binary.BigEndian.PutUint16(m[6:], seq)
	return h.Append(nil, append(m, "takeover"...))
}

// udpProbe is a datagram to a closed port.
func udpProbe(h wire.Headers) []byte {
	h.Proto = wire.ProtoUDP
	return h.AppendUDP(nil, Mark, closedPort, nil)
}

// tcpSYN asks for a connection to a closed port.
func tcpSYN(h wire.Headers) []byte {
	h.Proto = wire.ProtoTCP
	m := make([]byte, 20)
	binary.BigEndian.PutUint16(m[0:], Mark)
	binary.BigEndian.PutUint16(m[2:], closedPort)
	m[12], m[13] = 5<<4, flagSYN
	binary.BigEndian.PutUint16(m[14:], 1024)
	return h.Append(nil, m)
}

// Answer is a packet that answers a proof.
type Answer struct {
	From, To netip.Addr
	MAC      hello.MAC // where it arrived: the Ethernet destination
	Method   Method
}

// ParseAnswer reads a frame as the answer to a proof: an echo reply, a refusal
// of the UDP probe, or anything that answers the SYN. It returns false for
// everything else, whatever its length.
func ParseAnswer(frame []byte) (Answer, bool) {
	var p wire.Packet
	if !p.Parse(frame) {
		return Answer{}, false
	}
	a, m := Answer{From: p.Src, To: p.Dst, MAC: p.DstMAC}, p.Payload
	switch {
	case p.Proto == wire.ProtoTCP && len(m) >= 14:
		a.Method = MethodTCP
		return a, marked(m, 2) && m[13]&(flagRST|flagACK) != 0
	case isICMP(&p, wire.ICMPEchoReply, wire.ICMPv6EchoReply):
		a.Method = MethodEcho
		return a, marked(m, 4)
	case isICMP(&p, wire.ICMPUnreachable, wire.ICMPv6Unreachable):
		// The message quotes the probe, whose IP header has no options.
		a.Method = MethodUDP
		if p.Src.Is6() {
			return a, marked(m, wire.ICMPHeader+wire.IPv6Header)
		}
		return a, marked(m, wire.ICMPHeader+wire.IPv4Header)
	}
	return Answer{}, false
}

// isICMP reports whether p is of one type of ICMP, or of another of ICMPv6.
func isICMP(p *wire.Packet, icmp, icmpv6 byte) bool {
	return len(p.Payload) >= wire.ICMPHeader &&
		(p.Proto == wire.ProtoICMP && p.Payload[0] == icmp || p.Proto == wire.ProtoICMPv6 && p.Payload[0] == icmpv6)
}

// marked reports whether m has the mark at an offset.
func marked(m []byte, at int) bool {
	return len(m) >= at+2 && binary.BigEndian.Uint16(m[at:]) == Mark
}
