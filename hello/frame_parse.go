package hello

import (
	"errors"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// ErrNotFHRP is the error for a frame that has nothing to do with the
// protocols of this package. It does not count as a rejected packet.
var ErrNotFHRP = errors.New("not a first-hop redundancy packet")

// ParseFrame returns the HSRP or VRRP payload of an Ethernet frame and fills e.
// The payload is part of frame. The error is ErrNotFHRP when the frame has no such
// payload, or has it behind a VLAN tag or an IPv6 extension header: then e keeps
// its value. Otherwise the error is a Reject, and e names the sender.
//
// Lengths come from the IP header, as short frames are padded. Fragments are
// rejected (RejectLength), as is multicast VRRP without TTL 255 (RFC 9568
// section 7.1). HSRP may have any TTL. A unicast destination is accepted for VRRP
// only and marked in e: the caller decides whether it is this host.
// checksumReady says that the UDP checksum is complete and to be verified. In
// frames of local senders the kernel may leave it incomplete.
func ParseFrame(frame []byte, e *Envelope, checksumReady bool) (payload []byte, err error) {
	var p wire.Packet
	if !p.Parse(frame) {
		return nil, ErrNotFHRP
	}
	protocol := identify(&p)
	if protocol == 0 {
		return nil, ErrNotFHRP
	}
	e.SrcMAC, e.DstMAC = p.SrcMAC, p.DstMAC
	e.Src, e.Dst = p.Src, p.Dst
	e.TTL, e.TOS = p.TTL, p.TOS
	e.Protocol, e.Unicast = protocol, protocol == ProtocolVRRP && !p.Dst.IsMulticast()
	if err := checkIP(&p, e); err != nil {
		return nil, err
	}
	body := p.Payload[:p.Size:p.Size]
	if protocol == ProtocolVRRP {
		return body, nil
	}
	return parseUDP(&p, body, checksumReady)
}

// headerFamily is that of the IP header: an IPv4-mapped address makes no IPv4.
func headerFamily(p *wire.Packet) Family {
	if p.Src.Is4() {
		return IPv4
	}
	return IPv6
}

// identify returns the protocol, 0 when it is none of this package. A datagram to
// HSRP's port is HSRP when it is multicast or comes from the same port: hosts may
// use that number for another purpose.
func identify(p *wire.Packet) Protocol {
	switch p.Proto {
	case ProtoNumber:
		return ProtocolVRRP
	case wire.ProtoUDP:
		port, b := hsrpPort(headerFamily(p)), p.Payload
		if p.Fragment&wire.FragmentOffset != 0 || len(b) < 4 || be.Uint16(b[2:]) != port {
			return 0
		}
		if p.Dst.IsMulticast() || be.Uint16(b) == port {
			return ProtocolHSRP
		}
	}
	return 0
}

// checkIP makes the checks of the IP header, in the order of the Reject list.
func checkIP(p *wire.Packet, e *Envelope) error {
	switch {
	case p.Size > len(p.Payload):
		return RejectShort
	case p.Size < 0 || p.Fragment != 0:
		return RejectLength
	case e.Protocol == ProtocolVRRP && !e.Unicast && e.TTL != TTLVRRP:
		return RejectTTL
	case !e.destined(headerFamily(p)):
		return RejectDestination
	case e.Src.IsUnspecified() || e.Src.IsMulticast() || e.Src == limitedBroadcast || e.Src.Is4In6():
		return RejectSource
	case headerFamily(p) == IPv4 && !wire.Sum(0).Add(p.IP).OK():
		return RejectChecksum
	}
	return nil
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// destined reports whether the destination is one that the protocol uses.
func (e *Envelope) destined(f Family) bool {
	if e.Unicast {
		return !e.Dst.IsUnspecified() && e.Dst != limitedBroadcast && !e.Dst.Is4In6()
	}
	return e.Dst == GroupAddr(e.Protocol, 2, f) || e.Dst == GroupAddr(e.Protocol, 1, f)
}

// parseUDP returns the payload of the UDP datagram b. The length is taken from
// its header and may be less than IP's.
func parseUDP(p *wire.Packet, b []byte, checksumReady bool) ([]byte, error) {
	if len(b) < wire.UDPHeader {
		return nil, RejectShort
	}
	size := int(be.Uint16(b[4:]))
	if size < wire.UDPHeader || size > len(b) {
		return nil, RejectLength
	}
	b = b[:size:size]
	if checksumReady && !udpChecksumOK(p, b) {
		return nil, RejectChecksum
	}
	return b[wire.UDPHeader:], nil
}

// udpChecksumOK verifies the checksum. Over IPv4 it may be absent (RFC 768).
func udpChecksumOK(p *wire.Packet, b []byte) bool {
	if be.Uint16(b[6:]) == 0 {
		return headerFamily(p) == IPv4
	}
	return wire.PseudoHeader(p.Src, p.Dst, wire.ProtoUDP, len(b)).Add(b).OK()
}
