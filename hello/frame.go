package hello

import (
	"net/netip"

	"github.com/fhrpd/fhrpd/hello/wire"
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
		SrcMAC: mac, DstMAC: wire.MulticastMAC(dst),
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
// HSRP in UDP with its checksum, VRRP directly in IP. The frame is not padded:
// the kernel or the network card does that. The IPv4 identification is zero
// and fragmentation is allowed, as Cisco does it.
func AppendFrame(b []byte, e *Envelope, payload []byte) []byte {
	h := wire.Headers{DstMAC: e.DstMAC, SrcMAC: e.SrcMAC, Src: e.Src, Dst: e.Dst, TOS: e.TOS, TTL: e.TTL, Proto: ProtoNumber}
	if e.Protocol == ProtocolHSRP {
		h.Proto = wire.ProtoUDP
		port := hsrpPort(FamilyOf(e.Src))
		return h.AppendUDP(b, port, port, payload)
	}
	return h.Append(b, payload)
}

// hsrpPort returns the port of HSRP in a family.
func hsrpPort(f Family) uint16 {
	if f == IPv6 {
		return PortHSRP6
	}
	return PortHSRP
}
