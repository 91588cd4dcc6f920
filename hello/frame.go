package hello

import "net/netip"

const (
	etherHeader   = 14
	etherTypeIPv4 = 0x0800
	etherTypeIPv6 = 0x86dd
	ipv4Header    = 20 // without options
	ipv6Header    = 40
	udpHeader     = 8
	protoUDP      = 17
)

// Envelope is what a message travels in: the parts of the Ethernet and IP
// headers that matter to the protocols.
type Envelope struct {
	SrcMAC, DstMAC MAC
	Src, Dst       netip.Addr // of one family, without zone
	TTL            uint8      // IPv6: hop limit
	TOS            uint8      // IPv6: traffic class
	Protocol       Protocol
	Unicast        bool // Dst is one router, not the group; VRRP only
}

// GroupEnvelope returns the envelope in which the protocol is sent to its
// multicast group from the address src and the MAC mac, with the TTL and TOS
// that Cisco, keepalived and FRR send.
func GroupEnvelope(p Protocol, version uint8, src netip.Addr, mac MAC) Envelope {
	src = src.Unmap().WithZone("")
	dst := GroupAddr(p, version, FamilyOf(src))
	e := Envelope{
		SrcMAC: mac, DstMAC: MulticastMAC(dst),
		Src: src, Dst: dst,
		TTL: TTLVRRP, TOS: TOSControl,
		Protocol: p,
	}
	switch {
	case p == ProtocolHSRP && src.Is4():
		e.TTL = TTLHSRP
	case p == ProtocolHSRP:
		e.TTL, e.TOS = TTLHSRP6, TOSHSRP6
	}
	return e
}

// AppendFrame appends to b an Ethernet frame with payload in the envelope e:
// HSRP in UDP with its checksum, VRRP directly in IP. The frame is not padded;
// the kernel or the network card does that. The IPv4 identification is zero
// and fragmentation allowed, as Cisco sends it.
func AppendFrame(b []byte, e *Envelope, payload []byte) []byte {
	size := len(payload)
	if e.Protocol == ProtocolHSRP {
		size += udpHeader
	}
	b = append(b, e.DstMAC[:]...)
	b = append(b, e.SrcMAC[:]...)
	if FamilyOf(e.Src) == IPv4 {
		b = appendIPv4(b, e, size)
	} else {
		b = appendIPv6(b, e, size)
	}
	if e.Protocol == ProtocolHSRP {
		b = appendUDP(b, e, payload)
	}
	return append(b, payload...)
}

// ipProto returns the IP protocol or next header of e.
func (e *Envelope) ipProto() uint8 {
	if e.Protocol == ProtocolHSRP {
		return protoUDP
	}
	return ProtoNumber
}

// appendIPv4 appends the EtherType and a header for size bytes (RFC 791).
func appendIPv4(b []byte, e *Envelope, size int) []byte {
	src, dst := get4(e.Src), get4(e.Dst)
	b = be.AppendUint16(b, etherTypeIPv4)
	start := len(b)
	b = append(b, 0x45, e.TOS)
	b = be.AppendUint16(b, uint16(ipv4Header+size))
	b = append(b, 0, 0, 0, 0, e.TTL, e.ipProto(), 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	be.PutUint16(b[start+10:], sum16(0).add(b[start:]).checksum())
	return b
}

// appendIPv6 appends the EtherType and a header for size bytes (RFC 8200).
func appendIPv6(b []byte, e *Envelope, size int) []byte {
	src, dst := get16(e.Src), get16(e.Dst)
	b = be.AppendUint16(b, etherTypeIPv6)
	b = be.AppendUint32(b, 6<<28|uint32(e.TOS)<<20)
	b = be.AppendUint16(b, uint16(size))
	b = append(b, e.ipProto(), e.TTL)
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// hsrpPort returns the port of HSRP in a family.
func hsrpPort(f Family) uint16 {
	if f == IPv6 {
		return PortHSRP6
	}
	return PortHSRP
}

// appendUDP appends a header for payload (RFC 768).
func appendUDP(b []byte, e *Envelope, payload []byte) []byte {
	start, port, size := len(b), hsrpPort(FamilyOf(e.Src)), udpHeader+len(payload)
	b = be.AppendUint16(b, port)
	b = be.AppendUint16(b, port)
	b = be.AppendUint16(b, uint16(size))
	b = append(b, 0, 0)
	sum := pseudoHeader(e.Src, e.Dst, protoUDP, size).add(b[start:]).add(payload)
	check := sum.checksum()
	if check == 0 {
		check = 0xffff // 0 would mean that there is none
	}
	be.PutUint16(b[start+6:], check)
	return b
}
