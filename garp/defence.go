package garp

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/hello"
)

// Observation is a claim read from the wire: somebody says that IP is at MAC.
type Observation struct {
	IP     netip.Addr
	MAC    hello.MAC // where the claim says the address is
	Source hello.MAC // who sent the frame
}

// ObserveARP returns what a says about its sender (RFC 5227 section 2.4 counts
// requests and replies alike). It returns false for a probe, which claims
// nothing.
func ObserveARP(h Header, a ARP) (Observation, bool) {
	if !a.SenderIP.IsValid() || a.SenderIP.IsUnspecified() {
		return Observation{}, false
	}
	return Observation{IP: a.SenderIP, MAC: a.SenderMAC, Source: h.Src}, true
}

// ObserveND returns what an advertisement says about its target, or a
// solicitation about its source. It returns false for a solicitation from ::
// or without a link-layer address, which claims nothing.
func ObserveND(h Header, nd ND) (Observation, bool) {
	o := Observation{IP: nd.Src, MAC: nd.LinkAddr, Source: h.Src}
	if nd.Type == NeighborAdvertisement {
		o.IP = nd.Target
		if o.MAC.IsZero() {
			o.MAC = h.Src
		}
		return o, true
	}
	return o, !nd.Src.IsUnspecified() && !o.MAC.IsZero()
}

// Owner says whose claim an observation is. The zero value is nobody's.
type Owner uint8

// The owners.
const (
	_       Owner = iota
	Ours          // this router, or somebody who speaks the truth about it
	Peer          // another router of the group
	Foreign       // nobody who has to do with the group
)

// String returns ours, peer or foreign.
func (o Owner) String() string {
	switch o {
	case Ours:
		return "ours"
	case Peer:
		return "peer"
	case Foreign:
		return "foreign"
	}
	return fmt.Sprintf("owner(%d)", uint8(o))
}

// Reason is why a claim has its owner, in words for an event and of a closed
// list, so that it serves as a counter's label.
type Reason string

// The reasons.
const (
	ReasonNotOurs        Reason = "not-an-address-of-the-group"
	ReasonEcho           Reason = "own-frame-came-back"
	ReasonRelayed        Reason = "told-by-another-station"
	ReasonRealMAC        Reason = "own-interface-mac"
	ReasonPeerMAC        Reason = "interface-mac-of-a-peer"
	ReasonPeerVirtualMAC Reason = "virtual-mac-of-the-group"
	ReasonOtherGroup     Reason = "virtual-mac-of-another-group"
	ReasonStranger       Reason = "unknown-mac"
)

// Routers are the routers of one group, as far as this one knows them.
type Routers struct {
	VirtualIPs []netip.Addr
	VirtualMAC hello.MAC
	RealMAC    hello.MAC   // of this router
	PeerMACs   []hello.MAC // interface MACs of the group's other routers
}

// Classify tells whose claim o is. The rules assume that frames this router
// sends are not received again (PACKET_IGNORE_OUTGOING): a claim at the
// virtual MAC then comes from another router of the group, unless its Ethernet
// source tells otherwise. Only Peer and Foreign are conflicts, and a Peer's
// only while this router is active; claims for other addresses have no owner.
func (r Routers) Classify(o Observation) (Owner, Reason) {
	switch {
	case !r.has(o.IP):
		return 0, ReasonNotOurs
	case o.MAC == r.RealMAC:
		return Ours, r.ownReason(o)
	case o.MAC == r.VirtualMAC:
		return r.classifyVirtual(o)
	case slices.Contains(r.PeerMACs, o.MAC):
		return Peer, ReasonPeerMAC
	}
	if _, virtual := hello.VirtualRouterOf(o.MAC); virtual {
		return Foreign, ReasonOtherGroup
	}
	return Foreign, ReasonStranger
}

func (r Routers) has(ip netip.Addr) bool {
	return slices.ContainsFunc(r.VirtualIPs, func(v netip.Addr) bool { return plain(v) == plain(ip) })
}

// ownReason tells an echo in interface-MAC mode from this host's kernel
// answering for a virtual address with the wrong MAC.
func (r Routers) ownReason(o Observation) Reason {
	switch {
	case o.Source != r.RealMAC:
		return ReasonRelayed
	case r.VirtualMAC == r.RealMAC:
		return ReasonEcho
	}
	return ReasonRealMAC
}

// classifyVirtual judges a claim that names the right MAC. From the virtual
// MAC or a peer's own it is a peer's; from anybody else it is true and moves no
// switch's entry, as when an access point answers ARP for its stations.
func (r Routers) classifyVirtual(o Observation) (Owner, Reason) {
	switch {
	case o.Source == r.RealMAC:
		return Ours, ReasonEcho
	case o.Source == r.VirtualMAC, slices.Contains(r.PeerMACs, o.Source):
		return Peer, ReasonPeerVirtualMAC
	}
	return Ours, ReasonRelayed
}
