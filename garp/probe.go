package garp

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Probe asks whether an address is in use without claiming it: an ARP probe
// (RFC 5227 section 2.1.1) or a solicitation of duplicate address detection
// (RFC 4862 section 5.4.2). Its source is always 0.0.0.0 or ::, so that it
// teaches nobody; there is no parameter for it. The zero value has no frame.
type Probe struct {
	target netip.Addr
	mac    hello.MAC
}

// NewProbe returns the probe for target from mac, which must be the
// interface's own MAC: a probe is sent before the role is held, and until then
// no frame may carry the virtual MAC. It returns an error when target or mac
// is not unicast.
func NewProbe(target netip.Addr, mac hello.MAC) (Probe, error) {
	if err := checkSender(hello.FamilyOf(target), target, mac); err != nil {
		return Probe{}, fmt.Errorf("probe %s: %w", target, err)
	}
	return Probe{target: plain(target), mac: mac}, nil
}

// Frame returns the probe's bytes.
func (p Probe) Frame() []byte {
	switch {
	case p.target.Is4():
		a := ARP{Op: OpRequest, SenderMAC: p.mac, SenderIP: netip.IPv4Unspecified(), TargetIP: p.target}
		return a.frame(hello.Broadcast)
	case p.target.Is6():
		group := wire.SolicitedNode(p.target)
		ns := ND{Type: NeighborSolicitation, Src: netip.IPv6Unspecified(), Dst: group, Target: p.target}
		return ns.frame(wire.MulticastMAC(group), p.mac)
	}
	return nil
}

// Nudge returns the frame that moves a neighbour which ignores gratuitous
// forms: an ARP request or a Neighbor Solicitation for the neighbour's address
// from ip at mac. It is unicast to neighborMAC; when that is zero, it goes to
// everybody (ARP) or to the neighbour's solicited-node group. The answer
// proves that the neighbour is alive, not that its entry moved. It returns an
// error when the addresses are not two unicast addresses of one family.
func Nudge(ip netip.Addr, mac hello.MAC, neighbor netip.Addr, neighborMAC hello.MAC) ([]byte, error) {
	if hello.FamilyOf(ip) == hello.IPv4 {
		a, err := NewAnnouncement(ip, mac)
		if err != nil {
			return nil, err
		}
		return a.Directed(neighbor, neighborMAC)
	}
	a, err := NewAdvertisement(ip, mac)
	if err != nil {
		return nil, err
	}
	return a.Directed(neighbor, neighborMAC)
}
