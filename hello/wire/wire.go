// Package wire holds what the protocols on an Ethernet LAN have in common: the
// headers of Ethernet, IPv4 and IPv6, their numbers and offsets, the Internet
// checksum, and where multicast goes. It imports the standard library only and
// does not allocate beyond what it appends.
//
// A hardware address is a [6]byte. A hello.MAC can be assigned to it, and the
// other way round.
package wire

import (
	"encoding/binary"
	"net/netip"
)

// be is the byte order of every field.
var be = binary.BigEndian

// EtherTypes.
const (
	EtherTypeIPv4 = 0x0800
	EtherTypeARP  = 0x0806
	EtherTypeIPv6 = 0x86dd

	// EtherTypeAgreement is for what two fhrpd agree on about a hand-over: one of those
	// that IEEE 802 leaves to local experiments (RFC 9542 section 3).
	EtherTypeAgreement = 0x88b5
)

// IP protocols, which are next headers over IPv6.
const (
	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58
)

// Types of ICMP (RFC 792) and ICMPv6 (RFC 4443, RFC 4861).
const (
	ICMPEchoReply   = 0
	ICMPUnreachable = 3
	ICMPEcho        = 8

	ICMPv6Unreachable           = 1
	ICMPv6Echo                  = 128
	ICMPv6EchoReply             = 129
	ICMPv6RouterSolicitation    = 133
	ICMPv6RouterAdvertisement   = 134
	ICMPv6NeighborSolicitation  = 135
	ICMPv6NeighborAdvertisement = 136
)

// Lengths of headers in bytes, and offsets into them.
const (
	EthernetHeader = 14 // without a VLAN tag
	IPv4Header     = 20 // without options
	IPv6Header     = 40 // without extension headers
	UDPHeader      = 8
	ICMPHeader     = 8 // with the four bytes whose meaning depends on the type

	EtherTypeAt    = 12 // in the Ethernet header
	IPv4FragmentAt = 6  // in the IPv4 header: flags and fragment offset
	IPv4ProtoAt    = 9
	IPv6ProtoAt    = 6
)

// FragmentOffset masks the fragment offset out of the field at IPv4FragmentAt.
const FragmentOffset = 0x1fff

// EtherType returns the type of an Ethernet frame, 0 when the frame ends within
// its header.
func EtherType(frame []byte) uint16 {
	if len(frame) < EthernetHeader {
		return 0
	}
	return be.Uint16(frame[EtherTypeAt:])
}

// Addr4 returns the bytes of an IPv4 address, and 0.0.0.0 for any other. An
// IPv4-mapped address counts as IPv4.
func Addr4(a netip.Addr) [4]byte {
	if a.Is4() || a.Is4In6() {
		return a.As4()
	}
	return [4]byte{}
}

// Addr16 returns the bytes of an IPv6 address, and :: for any other.
func Addr16(a netip.Addr) [16]byte {
	if a.Is6() {
		return a.As16()
	}
	return [16]byte{}
}

// MulticastMAC returns the Ethernet address of an IP multicast group (RFC 1112
// section 6.4, RFC 2464 section 7), or zeros when a is not multicast.
func MulticastMAC(a netip.Addr) [6]byte {
	a = a.Unmap()
	if !a.IsMulticast() {
		return [6]byte{}
	}
	b := a.As16()
	if a.Is4() {
		return [6]byte{0x01, 0x00, 0x5e, b[13] & 0x7f, b[14], b[15]}
	}
	return [6]byte{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// SolicitedNode returns the group on which solicitations for the IPv6 address
// a arrive (RFC 4291 section 2.7.1), or the zero Addr when a is not IPv6.
func SolicitedNode(a netip.Addr) netip.Addr {
	if !a.Is6() || a.Is4In6() {
		return netip.Addr{}
	}
	b := a.As16()
	return netip.AddrFrom16([16]byte{
		0: 0xff, 1: 0x02, 11: 0x01, 12: 0xff, 13: b[13], 14: b[14], 15: b[15],
	})
}
