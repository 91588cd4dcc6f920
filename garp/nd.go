package garp

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Neighbor Discovery constants (RFC 4861). The traffic class is that of
// Cisco's ND packets, network control (CS7).
const (
	optSourceLink = 1
	optTargetLink = 2
	optMTU        = 5

	flagRouter    = 0x80
	flagSolicited = 0x40
	flagOverride  = 0x20

	trafficClass = 0xe0
	hopLimit     = 255
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
	return a.to(allNodes, wire.MulticastMAC(allNodes), false)
}

// Directed returns a Neighbor Solicitation from the address for a neighbour's,
// with the MAC as source link-layer address: the counterpart of
// Announcement.Directed. It goes to mac, or to the neighbour's solicited-node
// group when mac is zero. It returns an error when neighbor is not another
// IPv6 unicast address.
func (a Advertisement) Directed(neighbor netip.Addr, mac hello.MAC) ([]byte, error) {
	neighbor, err := checkNeighbor(hello.IPv6, a.ip, neighbor)
	if err != nil {
		return nil, err
	}
	dst := neighbor
	if mac.IsZero() {
		dst = wire.SolicitedNode(neighbor)
		mac = wire.MulticastMAC(dst)
	}
	ns := ND{Type: NeighborSolicitation, Src: a.ip, Dst: dst, Target: neighbor, LinkAddr: a.mac}
	return ns.frame(mac, a.mac), nil
}

// to returns the advertisement to one destination.
func (a Advertisement) to(dst netip.Addr, mac hello.MAC, solicited bool) []byte {
	na := ND{
		Type: NeighborAdvertisement, Src: a.ip, Dst: dst, Target: a.ip, LinkAddr: a.mac,
		Router: true, Solicited: solicited, Override: true,
	}
	return na.frame(mac, a.mac)
}

// NDReply returns the answer to a Neighbor Solicitation for a virtual address:
// from its target at mac, R=1, S=1, O=1, unicast to the asker. A solicitation
// from :: is duplicate address detection and is answered to ff02::1 with S=0 (RFC
// 4861 section 7.2.4). It returns false when there is nothing to answer: ns is no
// solicitation, or it comes from mac or from the target itself, and so from
// another router of the group.
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
	return a.to(ns.Src, dst, true), true
}

// frame returns nd as an Ethernet frame. The option with the link-layer address
// is left out when that is zero, as it must be when Src is unspecified.
func (nd ND) frame(dst, src hello.MAC) []byte {
	var m [ndLen + linkOptLen]byte
	m[0] = byte(nd.Type)
	m[4] = flag(flagRouter, nd.Router) | flag(flagSolicited, nd.Solicited) | flag(flagOverride, nd.Override)
	target := nd.Target.As16()
	copy(m[8:24], target[:])
	if nd.LinkAddr.IsZero() {
		return icmpFrame(dst, src, nd.Src, nd.Dst, m[:ndLen])
	}
	putLinkOption(m[24:32], nd.Type.linkOption(), nd.LinkAddr)
	return icmpFrame(dst, src, nd.Src, nd.Dst, m[:])
}

func flag(bit byte, set bool) byte {
	if set {
		return bit
	}
	return 0
}

func putLinkOption(b []byte, kind byte, mac hello.MAC) {
	b[0], b[1] = kind, 1
	copy(b[2:8], mac[:])
}

// icmpFrame returns the ICMPv6 message m, without its checksum, as a frame.
func icmpFrame(dstMAC, srcMAC hello.MAC, src, dst netip.Addr, m []byte) []byte {
	h := wire.Headers{
		DstMAC: dstMAC, SrcMAC: srcMAC, Src: src, Dst: dst,
		TOS: trafficClass, TTL: hopLimit, Proto: wire.ProtoICMPv6,
	}
	return h.Append(nil, m)
}
