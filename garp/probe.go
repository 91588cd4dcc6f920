package garp

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Probe returns the frame that asks whether target is in use without claiming
// it: an ARP probe (RFC 5227 section 2.1.1) or a solicitation of duplicate address
// detection (RFC 4862 section 5.4.2). Its source is always 0.0.0.0 or ::, so that
// it teaches nobody. mac must be the interface's own MAC: a probe is sent before
// the role is held, and until then no frame may carry the virtual MAC. It returns
// an error when target or mac is not unicast.
func Probe(target netip.Addr, mac hello.MAC) ([]byte, error) {
	if err := checkSender(hello.FamilyOf(target), target, mac); err != nil {
		return nil, fmt.Errorf("probe %s: %w", target, err)
	}
	target = plain(target)
	if target.Is4() {
		return ARP{Op: OpRequest, SenderMAC: mac, SenderIP: netip.IPv4Unspecified(), TargetIP: target}.frame(hello.Broadcast), nil
	}
	group := wire.SolicitedNode(target)
	ns := ND{Type: NeighborSolicitation, Src: netip.IPv6Unspecified(), Dst: group, Target: target}
	return ns.frame(wire.MulticastMAC(group), mac), nil
}

// Request returns an ordinary ARP request (RFC 826) to everybody: who has target,
// tell ip at mac. Both are the interface's own, so the question claims no role and
// teaches the others nothing that is not true. It returns an error when the
// addresses are not two IPv4 unicast addresses, or mac is not unicast.
func Request(ip netip.Addr, mac hello.MAC, target netip.Addr) ([]byte, error) {
	if err := checkSender(hello.IPv4, ip, mac); err != nil {
		return nil, fmt.Errorf("ask for %s from %s: %w", target, ip, err)
	}
	return Nudge(ip, mac, target, hello.MAC{})
}

// Nudge returns the frame that moves a neighbour's entry where gratuitous forms
// are ignored: an ARP request or a Neighbor Solicitation for the neighbour's
// address from ip at mac. Every host must learn from a question that it answers
// (RFC 826). The frame goes to neighborMAC. When that is zero, it goes to everybody
// (ARP) or to the neighbour's solicited-node group. The answer proves that the
// neighbour is alive, not that its entry moved. It returns an error when the
// addresses are not two unicast addresses of one family, or mac is not unicast.
func Nudge(ip netip.Addr, mac hello.MAC, neighbor netip.Addr, neighborMAC hello.MAC) ([]byte, error) {
	family := hello.FamilyOf(ip)
	if err := checkSender(family, ip, mac); err != nil {
		return nil, fmt.Errorf("ask neighbour %s from %s: %w", neighbor, ip, err)
	}
	if err := checkUnicast(family, neighbor); err != nil {
		return nil, fmt.Errorf("ask neighbour %s: %w", neighbor, err)
	}
	ip, neighbor = plain(ip), plain(neighbor)
	dst, dstMAC := neighbor, neighborMAC
	switch {
	case neighbor == ip:
		return nil, fmt.Errorf("ask neighbour %s from itself: want two addresses", neighbor)
	case family == hello.IPv4:
		if dstMAC.IsZero() {
			dstMAC = hello.Broadcast
		}
		return ARP{Op: OpRequest, SenderMAC: mac, SenderIP: ip, TargetIP: neighbor}.frame(dstMAC), nil
	case dstMAC.IsZero():
		dst = wire.SolicitedNode(neighbor)
		dstMAC = wire.MulticastMAC(dst)
	}
	ns := ND{Type: NeighborSolicitation, Src: ip, Dst: dst, Target: neighbor, LinkAddr: mac}
	return ns.frame(dstMAC, mac), nil
}
