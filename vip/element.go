package vip

import "slices"

// elementKind is what an element of a lease class is for. Each kind has a set and
// a rule of its own. The rule does nothing once the lease has run out.
type elementKind int

const (
	// elementMAC admits a virtual MAC.
	elementMAC elementKind = iota
	// elementARP and elementND keep questions for addresses that are configured
	// on the interface from the kernel. It would answer with the interface's own
	// MAC, beside the caller's answer with the virtual one (RFC 9568 sections
	// 8.1.2 and 8.2.2). Packet sockets hear the questions all the same.
	elementARP
	elementND
	// elementDropped drops packets to a link-local address that is not accepted.
	// The kernel would take it for the address of a neighbour, look for that on
	// the LAN and send redirects.
	elementDropped

	elementKinds
)

// element is a key of one of a class's sets.
type element struct {
	kind elementKind
	key  [16]byte // the first bytes, as many as the set of the kind has
}

// elementSpec is the set of a kind and the rule about it.
type elementSpec struct {
	name string
	keys keyType
	rule rule
}

var elementSpecs = [elementKinds]elementSpec{
	elementMAC: {"active", keyEther, rule{
		tests: []test{isForOthers, onEthernet}, key: etherDst, leased: true, then: admit,
	}},
	elementARP: {"arp", keyIPv4, rule{
		tests: []test{isARP, isRequest}, key: arpTarget, last: untagged(isARP), leased: true, then: drop,
	}},
	elementND: {"nd", keyND, rule{
		tests: []test{isIPv6, isICMPv6, isSolicitation}, key: ndTarget, last: untagged(isIPv6), leased: true, then: drop,
	}},
	elementDropped: {"deaf", keyIPv6, rule{
		tests: []test{isIPv6}, key: ip6Dst, last: untagged(isIPv6), leased: true, then: drop,
	}},
}

// elements returns what is in the sets of a class while r's gate is open: the MAC
// first.
func (r Router) elements() []element {
	list := []element{newElement(elementMAC, r.MAC[:])}
	for _, a := range r.Addrs {
		owned := slices.Contains(r.Owned, a)
		switch {
		case owned && a.Is4():
			list = append(list, newElement(elementARP, a.AsSlice()))
		case owned:
			list = append(list, newElement(elementND, a.AsSlice()))
		case !r.Accept && a.Is6() && a.IsLinkLocalUnicast():
			list = append(list, newElement(elementDropped, a.AsSlice()))
		}
	}
	return list
}

func newElement(k elementKind, key []byte) element {
	e := element{kind: k}
	copy(e.key[:], key)
	return e
}
