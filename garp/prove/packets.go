package prove

import (
	"encoding/binary"
	"net/netip"
	"slices"

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
	flagACK = 0x10
)

// probe is a packet that was sent, by what tells its answer from every other.
type probe struct {
	method Method
	seq    uint16 // of an echo
	number uint64 // unguessable; all 64 bits travel but in TCP, which has room for 32
	quote  uint32 // of a datagram: its IPv4 identification and UDP checksum
}

// append returns the packet as a frame.
func (q *probe) append(h wire.Headers) []byte {
	switch q.method {
	case MethodUDP:
		return q.datagram(h)
	case MethodTCP:
		return q.syn(h)
	}
	return q.echo(h)
}

// word makes captures readable.
const word = "takeover"

// payload is the word and the number.
func (q *probe) payload() []byte { return binary.BigEndian.AppendUint64([]byte(word), q.number) }

// numberIn reads the number out of a payload.
func numberIn(b []byte) (n uint64, ok bool) {
	if len(b) < len(word)+8 || string(b[:len(word)]) != word {
		return 0, false // quotes are also cut short by what follows them (RFC 4884)
	}
	return binary.BigEndian.Uint64(b[len(word):]), true
}

// echo is an ICMP or ICMPv6 echo request (RFC 792, RFC 4443).
func (q *probe) echo(h wire.Headers) []byte {
	typ := byte(wire.ICMPEcho)
	h.Proto = wire.ProtoICMP
	if h.Src.Is6() {
		typ, h.Proto = wire.ICMPv6Echo, wire.ProtoICMPv6
	}
	m := []byte{0: typ, wire.ICMPHeader - 1: 0}
	binary.BigEndian.PutUint16(m[4:], Mark)
	binary.BigEndian.PutUint16(m[6:], q.seq)
	return h.Append(nil, append(m, q.payload()...))
}

// datagram is a UDP datagram to a closed port. Who refuses it quotes it, over IPv4
// perhaps no more than its first eight bytes (RFC 792): then identification and
// checksum have to do, which depend on the number.
func (q *probe) datagram(h wire.Headers) []byte {
	h.Proto, h.ID = wire.ProtoUDP, uint16(q.number>>48)
	b := h.AppendUDP(nil, Mark, closedPort, q.payload())
	var p wire.Packet
	if p.Parse(b) {
		q.quote = quoteOf(&p)
	}
	return b
}

// quoteOf returns what a short quote says of a datagram.
func quoteOf(p *wire.Packet) uint32 {
	return uint32(p.ID)<<16 | uint32(binary.BigEndian.Uint16(p.Payload[6:]))
}

// syn asks for a connection to a closed port.
func (q *probe) syn(h wire.Headers) []byte {
	h.Proto = wire.ProtoTCP
	m := make([]byte, 20)
	binary.BigEndian.PutUint16(m[0:], Mark)
	binary.BigEndian.PutUint16(m[2:], closedPort)
	binary.BigEndian.PutUint32(m[4:], uint32(q.number))
	m[12], m[13] = 5<<4, flagSYN
	binary.BigEndian.PutUint16(m[14:], 1024)
	return h.Append(nil, m)
}

// Answer is a packet that looks like the answer to a proof. Prover.Heard knows
// whether it is.
type Answer struct {
	From, To netip.Addr
	MAC      hello.MAC // where it arrived: the Ethernet destination
	Method   Method

	seq    uint16 // of an echo
	number uint64
	short  bool   // only quote is known of a datagram
	quote  uint32 // see probe
}

// isAnswered reports whether a is the answer to q.
func (q *probe) isAnswered(a *Answer) bool {
	switch {
	case q.method != a.Method:
		return false
	case a.Method == MethodTCP:
		return uint32(q.number) == uint32(a.number)
	case a.short:
		return q.quote == a.quote
	}
	return q.number == a.number && (q.method != MethodEcho || q.seq == a.seq)
}

// ParseAnswer reads a frame as the answer to a proof: an echo reply, a refusal
// of the UDP probe, or what acknowledges the SYN. It returns false for
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
		a.number = uint64(binary.BigEndian.Uint32(m[8:]) - 1) // it acknowledges the SYN
		return a, marked(m, 2) && m[13]&flagACK != 0
	case isICMP(&p, wire.ICMPEchoReply, wire.ICMPv6EchoReply):
		a.Method, a.seq = MethodEcho, binary.BigEndian.Uint16(m[6:])
		number, ok := numberIn(m[wire.ICMPHeader:])
		a.number = number
		return a, ok && marked(m, 4)
	case isICMP(&p, wire.ICMPUnreachable, wire.ICMPv6Unreachable):
		a.Method = MethodUDP
		return a, a.readQuote(m[wire.ICMPHeader:], p.Src.Is4())
	}
	return Answer{}, false
}

// readQuote reads the datagram that a refusal quotes, from its IP header on. It
// returns false when that cannot be a probe.
func (a *Answer) readQuote(m []byte, ipv4 bool) bool {
	typ, quoted := []byte{0x86, 0xdd}, wire.Packet{}
	if ipv4 {
		typ = []byte{0x08, 0x00}
	}
	if !quoted.Parse(slices.Concat(make([]byte, wire.EtherTypeAt), typ, m)) {
		return false
	}
	u := quoted.Payload
	if quoted.Proto != wire.ProtoUDP || len(u) < wire.UDPHeader || !marked(u, 0) || quoted.Src != a.To || quoted.Dst != a.From {
		return false
	}
	number, whole := numberIn(u[wire.UDPHeader:])
	a.number, a.short, a.quote = number, !whole, quoteOf(&quoted)
	return whole || ipv4
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
