package garp

import (
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

// Unsolicited returns the Neighbor Advertisement from the address to ff02::1
// with flags R=1, S=0, O=1 and the MAC as target link-layer address (RFC 4861
// section 7.2.6, RFC 9568 section 6.4.2). R is always set: without it hosts
// drop the address from their default routers.
func (a Announcement) Unsolicited() []byte {
	if !a.ip.Is6() {
		return nil
	}
	return a.to(allNodes, wire.MulticastMAC(allNodes), false)
}

// to returns the Neighbor Advertisement to one destination.
func (a Announcement) to(dst netip.Addr, mac hello.MAC, solicited bool) []byte {
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
	a, err := NewAnnouncement(ns.Target, mac)
	if err != nil || !a.ip.Is6() {
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
