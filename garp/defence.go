package garp

import (
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/hello"
)

// Observation is a claim read from the wire: a station says that IP is at MAC.
type Observation struct {
	IP     netip.Addr
	MAC    hello.MAC // where the claim says the address is
	Source hello.MAC // who sent the frame
}

// ObserveARP returns what a says about its sender (RFC 5227 section 2.4 counts
// requests and replies alike). It returns false for a probe: a probe claims
// nothing.
func ObserveARP(h Header, a ARP) (Observation, bool) {
	if !a.SenderIP.IsValid() || a.SenderIP.IsUnspecified() {
		return Observation{}, false
	}
	return Observation{IP: a.SenderIP, MAC: a.SenderMAC, Source: h.Src}, true
}

// ObserveND returns what an advertisement says about its target, or a
// solicitation about its source. It returns false for a solicitation from ::
// or without a link-layer address: neither claims anything.
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
type Owner string

// The owners.
const (
	Ours    Owner = "ours"    // this router, or a station that tells the truth about it
	Peer    Owner = "peer"    // another router of the group
	Foreign Owner = "foreign" // a station outside the group
)

// Reason is why a claim has its owner. The words are a closed list, so that
// they serve as a counter's label.
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

// Classify tells whose claim o is. It assumes that this router does not receive
// its own frames (PACKET_IGNORE_OUTGOING). A claim at the virtual MAC then comes
// from another router of the group, unless its Ethernet source tells otherwise.
// Only Peer and Foreign are conflicts, and a Peer's only while this router is
// active. Claims for other addresses have no owner.
func (r Routers) Classify(o Observation) (Owner, Reason) {
	switch {
	case !r.has(o.IP):
		return "", ReasonNotOurs
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

// ownReason explains a claim at the real MAC. In interface-MAC mode it is an
// echo. Otherwise this host's kernel has answered for a virtual address with the
// wrong MAC.
func (r Routers) ownReason(o Observation) Reason {
	switch {
	case o.Source != r.RealMAC:
		return ReasonRelayed
	case r.VirtualMAC == r.RealMAC:
		return ReasonEcho
	}
	return ReasonRealMAC
}

// classifyVirtual judges a claim that names the right MAC. It is a peer's when it
// comes from the virtual MAC or from a peer's own MAC. From any other station it
// is true and moves no switch's entry, as when an access point answers ARP for
// its stations.
func (r Routers) classifyVirtual(o Observation) (Owner, Reason) {
	switch {
	case o.Source == r.RealMAC:
		return Ours, ReasonEcho
	case o.Source == r.VirtualMAC, slices.Contains(r.PeerMACs, o.Source):
		return Peer, ReasonPeerVirtualMAC
	}
	return Ours, ReasonRelayed
}
