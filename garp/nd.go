package garp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/mdlayher/ethernet"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Neighbor Discovery constants (RFC 4861). The traffic class is that of
// Cisco's ND packets, network control (CS7).
const (
	typeRA = 134

	optSourceLink = 1
	optTargetLink = 2
	optMTU        = 5

	flagRouter    = 0x80
	flagSolicited = 0x40
	flagOverride  = 0x20

	trafficClass = 0xe0
	hopLimit     = 255
	protoICMPv6  = 58
	ipv6Len      = 40
	ndLen        = 24 // type to target
	linkOptLen   = 8
)

var allNodes = netip.IPv6LinkLocalAllNodes()

// Advertisement says that an IPv6 address of a router is at a MAC. It can only
// be made by NewAdvertisement, so its address is never ::. The zero value has
// no frames.
type Advertisement struct {
	ip  netip.Addr
	mac hello.MAC
}

// NewAdvertisement returns the advertisement of ip at mac. It returns an error
// when ip is not an IPv6 unicast address or mac not a unicast MAC.
func NewAdvertisement(ip netip.Addr, mac hello.MAC) (Advertisement, error) {
	if err := checkSender(hello.IPv6, ip, mac); err != nil {
		return Advertisement{}, fmt.Errorf("advertise %s: %w", ip, err)
	}
	return Advertisement{ip: plain(ip), mac: mac}, nil
}

// Unsolicited returns the Neighbor Advertisement from the address to ff02::1
// with flags R=1, S=0, O=1 and the MAC as target link-layer address (RFC 4861
// section 7.2.6, RFC 9568 section 6.4.2). R is always set: without it hosts
// drop the address from their default routers.
func (a Advertisement) Unsolicited() []byte {
	if !a.ip.IsValid() {
		return nil
	}
	h := Header{Dst: wire.MulticastMAC(allNodes), Src: a.mac}
	return advertisement(a.ip, allNodes, flagRouter|flagOverride, h)
}

// Directed returns a Neighbor Solicitation from the address for a neighbour's,
// with the MAC as source link-layer address: the counterpart of
// Announcement.Directed. It goes to mac, or to the neighbour's solicited-node
// group when mac is zero. It returns an error when neighbor is not another
// IPv6 unicast address.
func (a Advertisement) Directed(neighbor netip.Addr, mac hello.MAC) ([]byte, error) {
	if err := checkUnicast(hello.IPv6, neighbor); err != nil {
		return nil, fmt.Errorf("ask neighbour %s: %w", neighbor, err)
	}
	neighbor = plain(neighbor)
	if !a.ip.IsValid() || neighbor == a.ip {
		return nil, fmt.Errorf("ask neighbour %s from %s: want two addresses", neighbor, a.ip)
	}
	dst := neighbor
	if mac.IsZero() {
		dst = wire.SolicitedNode(neighbor)
		mac = wire.MulticastMAC(dst)
	}
	return solicitation(a.ip, dst, neighbor, a.mac, Header{Dst: mac, Src: a.mac}), nil
}

// NDReply returns the answer to a Neighbor Solicitation for a virtual address:
// from its target at mac, R=1, S=1, O=1, unicast to the asker. A solicitation
// from :: (somebody checks for a duplicate) is answered to ff02::1 with S=0
// (RFC 4861 section 7.2.4). It returns false when there is nothing to answer:
// no solicitation, or one from mac or from the target itself, which is another
// router of the group.
func NDReply(h Header, ns ND, mac hello.MAC) ([]byte, bool) {
	if ns.Type != NeighborSolicitation || ns.Src == ns.Target || h.Src == mac || ns.LinkAddr == mac {
		return nil, false
	}
	a, err := NewAdvertisement(ns.Target, mac)
	if err != nil {
		return nil, false
	}
	if ns.Src.IsUnspecified() {
		return a.Unsolicited(), true
	}
	dst := ns.LinkAddr
	if dst.IsZero() || dst.IsMulticast() {
		dst = h.Src
	}
	return advertisement(a.ip, ns.Src, flagRouter|flagSolicited|flagOverride, Header{Dst: dst, Src: mac}), true
}

// advertisement returns a Neighbor Advertisement (RFC 4861 section 4.4) for
// ip, from ip, with h.Src as target link-layer address.
func advertisement(ip, dst netip.Addr, flags byte, h Header) []byte {
	var m [ndLen + linkOptLen]byte
	m[0], m[4] = byte(NeighborAdvertisement), flags
	target := ip.As16()
	copy(m[8:24], target[:])
	putLinkOption(m[24:32], optTargetLink, h.Src)
	return icmpFrame(h, ip, dst, m[:])
}

// solicitation returns a Neighbor Solicitation (RFC 4861 section 4.3). The
// source link-layer address is left out when link is zero, as it must be when
// src is unspecified.
func solicitation(src, dst, target netip.Addr, link hello.MAC, h Header) []byte {
	var m [ndLen + linkOptLen]byte
	m[0] = byte(NeighborSolicitation)
	t := target.As16()
	copy(m[8:24], t[:])
	if link.IsZero() {
		return icmpFrame(h, src, dst, m[:ndLen])
	}
	putLinkOption(m[24:32], optSourceLink, link)
	return icmpFrame(h, src, dst, m[:])
}

func putLinkOption(b []byte, kind byte, mac hello.MAC) {
	b[0], b[1] = kind, 1
	copy(b[2:8], mac[:])
}

// icmpFrame fills in the checksum of m and returns it behind an IPv6 and an
// Ethernet header.
func icmpFrame(h Header, src, dst netip.Addr, m []byte) []byte {
	binary.BigEndian.PutUint16(m[2:4], checksum(src, dst, m))
	b := make([]byte, ipv6Len, ipv6Len+len(m))
	b[0], b[1] = 0x60|trafficClass>>4, trafficClass&0x0f<<4
	binary.BigEndian.PutUint16(b[4:6], uint16(len(m)))
	b[6], b[7] = protoICMPv6, hopLimit
	s, d := src.As16(), dst.As16()
	copy(b[8:24], s[:])
	copy(b[24:40], d[:])
	return build(h, ethernet.EtherTypeIPv6, append(b, m...))
}

// checksum returns the ICMPv6 checksum of m with its pseudo-header (RFC 4443
// section 2.3): the value to send when m's checksum field is zero, and zero
// when it is filled in and right.
func checksum(src, dst netip.Addr, m []byte) uint16 {
	s, d := src.As16(), dst.As16()
	sum := uint32(len(m)) + protoICMPv6 + sum16(s[:]) + sum16(d[:]) + sum16(m)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// sum16 adds up b as big-endian 16-bit words. b is shorter than a jumbogram,
// so 32 bits suffice.
func sum16(b []byte) (sum uint32) {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}
