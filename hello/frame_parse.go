package hello

import (
	"errors"
	"net/netip"
)

// ErrNotFHRP is the error for a frame that has nothing to do with the
// protocols of this package: it is not to be counted as a rejected packet.
var ErrNotFHRP = errors.New("not a first-hop redundancy packet")

// datagram is an IP packet of which no more is known than that its header is
// there.
type datagram struct {
	Envelope
	family   Family // by the header: an IPv4-mapped address makes no IPv4
	proto    uint8
	header   []byte // IPv4: with the options
	body     []byte // what follows the header, as far as the frame goes
	size     int    // length of the body by the header; negative is a lie
	fragment bool
	later    bool // a fragment that is not the first
}

// ParseFrame returns the HSRP or VRRP payload of an Ethernet frame and fills e.
// It is part of frame. The error is ErrNotFHRP when the frame is something
// else, which includes VLAN tags and IPv6 extension headers; then e keeps its
// value. Otherwise the error is a Reject, and e names the sender.
//
// Lengths come from the IP header, as short frames are padded. Fragments are
// rejected (RejectLength), as is multicast VRRP without TTL 255 (RFC 9568
// section 7.1); HSRP may have any TTL. A unicast destination is accepted for
// VRRP only and marked in e: whether it is this host is for the caller to
// say. checksumReady tells that the UDP checksum is finished and to be
// verified: in frames of local senders the kernel may leave it undone.
func ParseFrame(frame []byte, e *Envelope, checksumReady bool) (payload []byte, err error) {
	var d datagram
	if !d.split(frame) || !d.identify() {
		return nil, ErrNotFHRP
	}
	*e = d.Envelope
	if err := d.check(); err != nil {
		return nil, err
	}
	body := d.body[:d.size:d.size]
	if d.Protocol == ProtocolVRRP {
		return body, nil
	}
	return d.udp(body, checksumReady)
}

// split reads the Ethernet and IP headers. It reports whether they are there.
func (d *datagram) split(frame []byte) bool {
	if len(frame) < etherHeader {
		return false
	}
	d.DstMAC, d.SrcMAC = MAC(frame[0:6]), MAC(frame[6:12])
	switch be.Uint16(frame[12:]) {
	case etherTypeIPv4:
		return d.split4(frame[etherHeader:])
	case etherTypeIPv6:
		return d.split6(frame[etherHeader:])
	}
	return false
}

func (d *datagram) split4(b []byte) bool {
	if len(b) < ipv4Header || b[0]>>4 != 4 {
		return false
	}
	header := int(b[0]&0x0f) * 4
	if header < ipv4Header || header > len(b) {
		return false
	}
	flags := be.Uint16(b[6:])
	d.fragment, d.later = flags&0x3fff != 0, flags&0x1fff != 0
	d.family, d.TOS, d.TTL, d.proto = IPv4, b[1], b[8], b[9]
	d.Src, d.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	d.header, d.body, d.size = b[:header], b[header:], int(be.Uint16(b[2:]))-header
	return true
}

func (d *datagram) split6(b []byte) bool {
	if len(b) < ipv6Header || b[0]>>4 != 6 {
		return false
	}
	d.family, d.TOS, d.TTL, d.proto = IPv6, b[0]<<4|b[1]>>4, b[7], b[6]
	d.Src, d.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	d.header, d.body, d.size = b[:ipv6Header], b[ipv6Header:], int(be.Uint16(b[4:]))
	return true
}

// identify tells the protocol, and whether it is one of ours. A datagram to
// HSRP's port is HSRP when it is multicast or comes from the same port: hosts
// may well use that number for something else.
func (d *datagram) identify() bool {
	switch d.proto {
	case ProtoNumber:
		d.Protocol = ProtocolVRRP
		d.Unicast = !d.Dst.IsMulticast()
		return true
	case protoUDP:
		port := hsrpPort(d.family)
		if d.later || len(d.body) < 4 || be.Uint16(d.body[2:]) != port {
			return false
		}
		d.Protocol = ProtocolHSRP
		return d.Dst.IsMulticast() || be.Uint16(d.body) == port
	}
	return false
}

// check makes the checks of the IP header, in the order of the Reject list.
func (d *datagram) check() error {
	switch {
	case d.size > len(d.body):
		return RejectShort
	case d.size < 0 || d.fragment:
		return RejectLength
	case d.Protocol == ProtocolVRRP && !d.Unicast && d.TTL != TTLVRRP:
		return RejectTTL
	case !d.destined():
		return RejectDestination
	case d.Src.IsUnspecified() || d.Src.IsMulticast() || d.Src == limitedBroadcast || d.Src.Is4In6():
		return RejectSource
	case d.family == IPv4 && sum16(0).add(d.header).fold() != 0xffff:
		return RejectChecksum
	}
	return nil
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// destined reports whether the destination is one that the protocol uses.
func (d *datagram) destined() bool {
	if d.Unicast {
		return !d.Dst.IsUnspecified() && d.Dst != limitedBroadcast && !d.Dst.Is4In6()
	}
	return d.Dst == GroupAddr(d.Protocol, 2, d.family) || d.Dst == GroupAddr(d.Protocol, 1, d.family)
}

// udp returns the payload of a UDP datagram. The length is taken from its
// header and may be less than IP's.
func (d *datagram) udp(b []byte, checksumReady bool) ([]byte, error) {
	if len(b) < udpHeader {
		return nil, RejectShort
	}
	size := int(be.Uint16(b[4:]))
	if size < udpHeader || size > len(b) {
		return nil, RejectLength
	}
	b = b[:size:size]
	if checksumReady && !d.udpChecksumOK(b) {
		return nil, RejectChecksum
	}
	return b[udpHeader:], nil
}

// udpChecksumOK verifies the checksum. Over IPv4 it may be absent (RFC 768).
func (d *datagram) udpChecksumOK(b []byte) bool {
	if be.Uint16(b[6:]) == 0 {
		return d.family == IPv4
	}
	return pseudoHeader(d.Src, d.Dst, protoUDP, len(b)).add(b).fold() == 0xffff
}
