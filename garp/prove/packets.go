package prove

import (
	"encoding/binary"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
)

// Mark is the ICMP identifier and the UDP and TCP source port of all proofs,
// by which a packet filter finds their answers.
const Mark = 0xf48d

// closedPort is where nobody listens (tcpmux, unassigned in practice): a
// refusal is an answer as good as any.
const closedPort = 1

const (
	etherHeader = 14
	ipv4Header  = 20
	ipv6Header  = 40
	icmpHeader  = 8

	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58

	tcpSYNFlag = 0x02
	tcpRSTFlag = 0x04
	tcpACKFlag = 0x10
)

// path is where a proof goes.
type path struct {
	srcMAC, dstMAC hello.MAC
	src, dst       netip.Addr
}

func (p path) v6() bool { return p.src.Is6() }

// echoRequest is an ICMP or ICMPv6 echo request (RFC 792, RFC 4443).
func echoRequest(p path, seq uint16) []byte {
	m := make([]byte, icmpHeader, icmpHeader+8)
	m[0] = 8
	if p.v6() {
		m[0] = 128
	}
	binary.BigEndian.PutUint16(m[4:], Mark)
	binary.BigEndian.PutUint16(m[6:], seq)
	m = append(m, "takeover"...)
	if p.v6() {
		return p.frame(protoICMPv6, m, 2)
	}
	binary.BigEndian.PutUint16(m[2:], fold(sum(m)))
	return p.frame(protoICMP, m, -1)
}

// udpProbe is a datagram to a closed port.
func udpProbe(p path) []byte {
	m := make([]byte, 8)
	binary.BigEndian.PutUint16(m[0:], Mark)
	binary.BigEndian.PutUint16(m[2:], closedPort)
	binary.BigEndian.PutUint16(m[4:], uint16(len(m)))
	return p.frame(protoUDP, m, 6)
}

// tcpSYN asks for a connection that nobody wants.
func tcpSYN(p path) []byte {
	m := make([]byte, 20)
	binary.BigEndian.PutUint16(m[0:], Mark)
	binary.BigEndian.PutUint16(m[2:], closedPort)
	m[12], m[13] = 5<<4, tcpSYNFlag
	binary.BigEndian.PutUint16(m[14:], 1024)
	return p.frame(protoTCP, m, 16)
}

// frame puts m into IP and Ethernet. checksumAt is the offset of m's checksum
// over a pseudo-header, -1 when it has none.
func (p path) frame(proto byte, m []byte, checksumAt int) []byte {
	if checksumAt >= 0 {
		c := fold(p.pseudo(proto, len(m)) + sum(m))
		if c == 0 {
			c = 0xffff // a zero checksum means none in UDP
		}
		binary.BigEndian.PutUint16(m[checksumAt:], c)
	}
	b := make([]byte, 0, etherHeader+ipv6Header+len(m))
	b = append(b, p.dstMAC[:]...)
	b = append(b, p.srcMAC[:]...)
	if p.v6() {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(m)))
		b = append(b, proto, 64)
		b = append(b, p.src.AsSlice()...)
		b = append(b, p.dst.AsSlice()...)
		return append(b, m...)
	}
	b = append(b, 0x08, 0x00)
	h := make([]byte, ipv4Header)
	h[0], h[8], h[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(h[2:], uint16(ipv4Header+len(m)))
	copy(h[12:], p.src.AsSlice())
	copy(h[16:], p.dst.AsSlice())
	binary.BigEndian.PutUint16(h[10:], fold(sum(h)))
	return append(append(b, h...), m...)
}

func (p path) pseudo(proto byte, n int) uint32 {
	return sum(p.src.AsSlice()) + sum(p.dst.AsSlice()) + uint32(proto) + uint32(n)
}

func sum(b []byte) (s uint32) {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// Answer is a packet that answers a proof.
type Answer struct {
	From, To netip.Addr
	MAC      hello.MAC // where it arrived: the Ethernet destination
	Method   Method
}

// ParseAnswer reads a frame as the answer to a proof. It returns false for
// everything else, whatever its length.
func ParseAnswer(b []byte) (Answer, bool) {
	if len(b) < etherHeader {
		return Answer{}, false
	}
	a := Answer{MAC: hello.MAC(b[:6])}
	typ, p := binary.BigEndian.Uint16(b[12:]), b[etherHeader:]
	var ok bool
	switch typ {
	case 0x0800:
		ok = a.parseIPv4(p)
	case 0x86dd:
		ok = a.parseIPv6(p)
	}
	return a, ok
}

func (a *Answer) parseIPv4(p []byte) bool {
	if len(p) < ipv4Header || p[0]>>4 != 4 {
		return false
	}
	size := int(p[0]&0x0f) * 4
	if size < ipv4Header || len(p) < size {
		return false
	}
	a.From, _ = netip.AddrFromSlice(p[12:16])
	a.To, _ = netip.AddrFromSlice(p[16:20])
	return a.parsePayload(p[9], p[size:], ipv4Header)
}

func (a *Answer) parseIPv6(p []byte) bool {
	if len(p) < ipv6Header || p[0]>>4 != 6 {
		return false
	}
	a.From, _ = netip.AddrFromSlice(p[8:24])
	a.To, _ = netip.AddrFromSlice(p[24:40])
	return a.parsePayload(p[6], p[ipv6Header:], ipv6Header)
}

// parsePayload recognises an echo reply, a refusal of the UDP probe, and
// anything that answers the SYN. inner is the header length of the packet that
// an ICMP error quotes.
func (a *Answer) parsePayload(proto byte, m []byte, inner int) bool {
	switch {
	case proto == protoTCP && len(m) >= 14:
		a.Method = MethodTCP
		return binary.BigEndian.Uint16(m[2:]) == Mark && m[13]&(tcpRSTFlag|tcpACKFlag) != 0
	case (proto == protoICMP && len(m) >= icmpHeader && m[0] == 0) || (proto == protoICMPv6 && len(m) >= icmpHeader && m[0] == 129):
		a.Method = MethodEcho
		return binary.BigEndian.Uint16(m[4:]) == Mark
	case (proto == protoICMP && len(m) > 0 && m[0] == 3) || (proto == protoICMPv6 && len(m) > 0 && m[0] == 1):
		a.Method = MethodUDP
		return len(m) >= icmpHeader+inner+2 && binary.BigEndian.Uint16(m[icmpHeader+inner:]) == Mark
	}
	return false
}
