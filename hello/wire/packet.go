package wire

import (
	"net/netip"
	"slices"
)

// Headers are the parts of the Ethernet and IP headers that matter to the routers
// of one LAN.
type Headers struct {
	DstMAC, SrcMAC [6]byte
	Src, Dst       netip.Addr // of one family, without zone
	TOS            uint8      // IPv6: traffic class
	TTL            uint8      // IPv6: hop limit
	Proto          uint8      // IPv6: next header
	ID             uint16     // IPv4: identification; of no meaning over IPv6
}

// Append appends to b an untagged Ethernet frame with one IP packet around the
// message m: over IPv4 when Src is an IPv4 address, mapped or not, and over IPv6
// otherwise. For ICMP, ICMPv6 and TCP it fills in the checksum of m, which must
// hold the whole header and zeros for the checksum; messages of other protocols
// bring their own. The frame is not padded: the kernel or the network card does
// that. Fragmentation is allowed.
func (h *Headers) Append(b, m []byte) []byte {
	b = append(h.appendIP(b, len(m)), m...)
	m = b[len(b)-len(m):]
	switch h.Proto {
	case ProtoICMP:
		be.PutUint16(m[2:], Sum(0).Add(m).Checksum())
	case ProtoICMPv6:
		be.PutUint16(m[2:], PseudoHeader(h.Src, h.Dst, h.Proto, len(m)).Add(m).Checksum())
	case ProtoTCP:
		be.PutUint16(m[16:], PseudoHeader(h.Src, h.Dst, h.Proto, len(m)).Add(m).Checksum())
	}
	return b
}

// AppendUDP does the same with a UDP datagram (RFC 768) between two ports. h.Proto
// must be ProtoUDP.
func (h *Headers) AppendUDP(b []byte, from, to uint16, payload []byte) []byte {
	size := UDPHeader + len(payload)
	ports, length := uint32(from)<<16|uint32(to), uint32(size)<<16
	sum := PseudoHeader(h.Src, h.Dst, ProtoUDP, size) + Sum(ports) + Sum(length)
	check := sum.Add(payload).Checksum()
	if check == 0 {
		check = 0xffff // 0 would mean that there is none
	}
	b = h.appendIP(b, size)
	b = be.AppendUint32(b, ports)
	b = be.AppendUint32(b, length|uint32(check))
	return append(b, payload...)
}

// appendIP appends the Ethernet and IP headers for size bytes.
func (h *Headers) appendIP(b []byte, size int) []byte {
	b = slices.Grow(b, EthernetHeader+IPv6Header+size)
	b = append(b, h.DstMAC[:]...)
	b = append(b, h.SrcMAC[:]...)
	if h.Src.Is4() || h.Src.Is4In6() {
		return h.appendIPv4(b, size)
	}
	return h.appendIPv6(b, size)
}

// appendIPv4 appends the EtherType and a header (RFC 791).
func (h *Headers) appendIPv4(b []byte, size int) []byte {
	src, dst := Addr4(h.Src), Addr4(h.Dst)
	first := 0x45<<24 | uint32(h.TOS)<<16 | uint32(uint16(IPv4Header+size))
	third := uint32(h.TTL)<<24 | uint32(h.Proto)<<16
	second := uint32(h.ID) << 16
	sum := Sum(first) + Sum(second) + Sum(third) + Sum(be.Uint32(src[:])) + Sum(be.Uint32(dst[:]))
	b = be.AppendUint16(b, EtherTypeIPv4)
	b = be.AppendUint32(b, first)
	b = be.AppendUint32(b, second)
	b = be.AppendUint32(b, third|uint32(sum.Checksum()))
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// appendIPv6 appends the EtherType and a header (RFC 8200).
func (h *Headers) appendIPv6(b []byte, size int) []byte {
	src, dst := Addr16(h.Src), Addr16(h.Dst)
	b = be.AppendUint16(b, EtherTypeIPv6)
	b = be.AppendUint32(b, 6<<28|uint32(h.TOS)<<20)
	b = be.AppendUint32(b, uint32(size)<<16|uint32(h.Proto)<<8|uint32(h.TTL))
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// Packet is an IP packet in a received frame. Only the presence of its headers has
// been checked. Its slices are part of the frame.
type Packet struct {
	Headers
	IP       []byte // the IP header, over IPv4 with its options
	Payload  []byte // what follows it, as far as the frame goes
	Size     int    // length of the payload by the IP header, negative when that contradicts itself
	Fragment uint16 // IPv4: more-fragments flag and offset, 0 in a whole packet
}

// Parse reads the headers of an Ethernet frame. It returns false when they are
// not there: a short frame, a VLAN tag, neither IPv4 nor IPv6, or an IP version
// that is not the EtherType's. An IPv6 extension header stays in the payload, with
// its own number in Proto.
func (p *Packet) Parse(frame []byte) bool {
	typ := EtherType(frame)
	if typ == 0 {
		return false
	}
	p.DstMAC, p.SrcMAC = [6]byte(frame[0:6]), [6]byte(frame[6:12])
	switch b := frame[EthernetHeader:]; typ {
	case EtherTypeIPv4:
		return p.parseIPv4(b)
	case EtherTypeIPv6:
		return p.parseIPv6(b)
	}
	return false
}

func (p *Packet) parseIPv4(b []byte) bool {
	if len(b) < IPv4Header || b[0]>>4 != 4 {
		return false
	}
	header := int(b[0]&0x0f) * 4
	if header < IPv4Header || header > len(b) {
		return false
	}
	p.TOS, p.TTL, p.Proto, p.ID = b[1], b[8], b[IPv4ProtoAt], be.Uint16(b[4:])
	p.Src, p.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.IP, p.Payload, p.Size = b[:header], b[header:], int(be.Uint16(b[2:]))-header
	p.Fragment = be.Uint16(b[IPv4FragmentAt:]) & 0x3fff // without "don't fragment"
	return true
}

func (p *Packet) parseIPv6(b []byte) bool {
	if len(b) < IPv6Header || b[0]>>4 != 6 {
		return false
	}
	p.TOS, p.TTL, p.Proto, p.ID = b[0]<<4|b[1]>>4, b[7], b[IPv6ProtoAt], 0
	p.Src, p.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	p.IP, p.Payload, p.Size = b[:IPv6Header], b[IPv6Header:], int(be.Uint16(b[4:]))
	p.Fragment = 0
	return true
}
