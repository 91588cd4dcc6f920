package vip

import (
	"slices"

	"golang.org/x/sys/unix"
)

// elementKind is what an element is for. Each kind has a set of its own, in each
// lease class or, of the last kinds, one in the table.
type elementKind uint8

const (
	// elementMAC admits a virtual MAC.
	elementMAC elementKind = iota
	// elementARP and elementND keep questions for the host's own addresses, which
	// are the virtual ones, from the kernel. It would answer with the interface's
	// own MAC, beside the caller's answer with the virtual one (RFC 9568 sections
	// 8.1.2 and 8.2.2). Packet sockets hear the questions all the same.
	elementARP
	elementND
	// elementDropped drops packets to a link-local address that is not accepted.
	// The kernel would take it for the address of a neighbour, look for that on
	// the LAN and send redirects.
	elementDropped
	// elementOver4 and elementOver6 drop packets to virtual addresses on the
	// interface once the lease is over: the kernel takes the addresses away some
	// time later.
	elementOver4
	elementOver6
	// elementProxy is the virtual MAC that the kernel's answers for others have in
	// place of the interface's.
	elementProxy

	leasedKinds
)

// The kinds that hold in every role, and after the end of the process.
const (
	// elementSilent4 and elementSilent6 are the virtual addresses that are put on
	// the interface. The kernel must not answer for them.
	elementSilent4 = leasedKinds + iota
	elementSilent6
	// elementGuarded4 and elementGuarded6 are those of them that have a MAC of
	// their own. The kernel must not announce them either, as it does with every
	// address when a bond changes its port or a virtual machine moves.
	elementGuarded4
	elementGuarded6
	// elementSource is the MAC that a solicitation from a virtual address gives as
	// the sender's. The kernel asks from the address that its packet is from.
	elementSource
	// elementSpeaker is the host's own address for a link-local virtual one. Daemons
	// that advertise the host as a router take the first link-local address they
	// find for theirs, and give the interface's MAC with it.
	elementSpeaker
	// elementOurs are the virtual MACs, whose frames are the caller's.
	elementOurs
	// elementProxying is the interface's MAC while the kernel answers ARP for
	// others, and elementOwn an address that it answers for as its own.
	elementProxying
	elementOwn

	elementKinds
)

// element is a key of one of a class's sets.
type element struct {
	kind elementKind
	key  [16]byte // the first bytes, as many as the set of the kind has
	data [16]byte // the same of a map
}

// elementSpec is the set of a kind and the rule about it.
type elementSpec struct {
	name string
	keys keyType
	rule rule
}

// flags returns those of the set.
func (s *elementSpec) flags() uint32 {
	if s.keys.data != nil {
		return unix.NFT_SET_MAP
	}
	return 0
}

var elementSpecs = [elementKinds]elementSpec{
	elementMAC: {"active", keyEther, rule{
		chain: ingressChain, tests: []test{isForOthers, onEthernet}, key: etherDst, lease: whileAlive, then: admit,
	}},
	elementARP: {"arp", keyIPv4, rule{
		chain: ingressChain, tests: []test{isARP, isRequest}, key: arpTarget, last: untagged(isARP), lease: whileAlive, then: drop,
	}},
	elementND: {"nd", keyND, rule{
		chain: ingressChain, tests: []test{isIPv6, isICMPv6, isSolicitation}, key: ndTarget, last: untagged(isIPv6), lease: whileAlive, then: drop,
	}},
	elementDropped: {"deaf", keyIPv6, rule{
		chain: ingressChain, tests: []test{isIPv6}, key: ip6Dst, last: untagged(isIPv6), lease: whileAlive, then: drop,
	}},
	elementOver4: {"over4", keyIPv4, rule{
		chain: ingressChain, tests: []test{isIPv4}, key: ipDst, last: untagged(isIPv4), lease: onceOver, then: drop,
	}},
	elementOver6: {"over6", keyIPv6, rule{
		chain: ingressChain, tests: []test{isIPv6}, key: ip6Dst, last: untagged(isIPv6), lease: onceOver, then: drop,
	}},
	elementProxy: {"proxy", mapEther, rule{
		chain: egressChain, first: true, tests: proxied, last: []test{etherType.is(isARP.value)}, lease: whileAlive,
		key: etherSrc, then: rewrite, what: []field{arpMAC, etherSrc},
	}},
	elementSilent4:  {name: "silent4", keys: keyIPv4},
	elementSilent6:  {name: "silent6", keys: keyND},
	elementGuarded4: {name: "guarded4", keys: keyIPv4},
	elementGuarded6: {name: "guarded6", keys: keyND},
	elementSource:   {name: "source6", keys: mapND},
	elementSpeaker:  {name: "speaker6", keys: mapIPv6},
	elementOurs:     {name: macsName, keys: keyEther},
	elementProxying: {name: "proxying", keys: keyEther},
	elementOwn:      {name: ownName, keys: keyIPv4},
}

const (
	macsName = "macs"
	ownName  = "own4"
)

// proxied are the tests for an answer of the kernel for others. What somebody
// announces to all is not one, and neither is what has a virtual MAC, which spares the
// caller's announcements the rest.
var proxied = []test{isARP, isReply, onEthernet, toOne, unforged, arpSender.notIn(ownName)}

// standingRules are those about the kinds without a lease.
var standingRules = []struct {
	about elementKind
	rule  rule
}{
	{elementSilent4, rule{
		chain: ingressChain, tests: []test{isARP, isRequest}, key: arpTarget, last: untagged(isARP), then: drop,
	}},
	{elementSilent6, rule{
		chain: ingressChain, tests: []test{isIPv6, isICMPv6, isSolicitation}, key: ndTarget, last: untagged(isIPv6), then: drop,
	}},
	{elementGuarded4, rule{
		chain: egressChain, tests: []test{isARP, onEthernet, unforged}, key: arpSender, last: []test{etherType.is(isARP.value)}, then: drop,
	}},
	{elementGuarded6, rule{
		chain: egressChain, tests: []test{isIPv6, isICMPv6, isAdvertised}, key: ndTarget, last: append(untagged(isIPv6), unforged), then: drop,
	}},
	{elementSource, rule{
		chain: egressChain, tests: []test{isIPv6, isICMPv6, isSolicitation}, key: ip6Src, then: rewrite, what: []field{ndSource},
	}},
	{elementSpeaker, rule{
		chain: egressChain, tests: []test{isIPv6, isICMPv6, isRouterAdvert, onEthernet}, key: ip6Src, last: []test{unforged}, then: rewrite, what: []field{ip6Src},
	}},
	{elementProxying, rule{
		chain: egressChain, tests: proxied, key: etherSrc, last: []test{etherType.is(isARP.value)}, then: drop,
	}},
}

// elements returns what is in the sets of a class while r's gate is open: the MAC
// first, if it has one of its own.
func (r Router) elements(gated bool) (list []element) {
	if gated {
		list = append(list, newElement(elementMAC, r.MAC[:]))
	}
	for _, a := range r.Addrs {
		owned := gated && slices.Contains(r.Owned, a)
		switch {
		case owned && a.Is4():
			list = append(list, newElement(elementARP, a.AsSlice()))
		case owned:
			list = append(list, newElement(elementND, a.AsSlice()))
		case r.onInterface(a) && a.Is4():
			list = append(list, newElement(elementOver4, a.AsSlice()))
		case r.onInterface(a):
			list = append(list, newElement(elementOver6, a.AsSlice()))
		case !r.Accept && a.Is6() && a.IsLinkLocalUnicast():
			list = append(list, newElement(elementDropped, a.AsSlice()))
		}
	}
	return list
}

// forwardElements returns what is in the sets of a class while r's gate is open only for
// what is on its way to others. Packets to an IPv6 address of r are dropped, where the
// table has a set for that: the kernel would send redirects for them.
func (r Router) forwardElements(gated, addresses bool) (list []element) {
	if !gated {
		return nil
	}
	list = append(list, newElement(elementMAC, r.MAC[:]))
	for _, a := range r.Addrs {
		if a.Is6() && addresses {
			list = append(list, newElement(elementDropped, a.AsSlice()))
		}
	}
	return list
}

// standing returns what stays in the table's other sets from the first time that
// r's gate is opened. With the interface's own MAC the kernel may announce the
// addresses, but it must not answer beside the caller.
func (r Router) standing(gated bool) (list []element) {
	for _, a := range r.Addrs {
		if !r.onInterface(a) {
			continue
		}
		silent, guarded := elementSilent4, elementGuarded4
		if a.Is6() {
			silent, guarded = elementSilent6, elementGuarded6
		}
		list = append(list, newElement(silent, a.AsSlice()))
		if !gated {
			continue
		}
		list = append(list, newElement(guarded, a.AsSlice()), newElement(elementOurs, r.MAC[:]))
		if a.Is6() {
			source := newElement(elementSource, a.AsSlice())
			copy(source.data[:], r.MAC[:])
			list = append(list, source)
		}
	}
	return list
}

func newElement(k elementKind, key []byte) element {
	e := element{kind: k}
	copy(e.key[:], key)
	return e
}
