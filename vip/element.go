package vip

import (
	"slices"

	"golang.org/x/sys/unix"
)

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

// elementSpec is the set of a kind and what its rule compares.
type elementSpec struct {
	name         string
	typ, size    uint32  // of the set's keys
	match        []match // what a packet must be
	base, offset uint32  // where the key is in it
}

// match is a piece of a packet with its value.
type match struct {
	base, offset uint32
	value        string
}

const (
	inEther   = unix.NFT_PAYLOAD_LL_HEADER
	inNetwork = unix.NFT_PAYLOAD_NETWORK_HEADER
)

var elementSpecs = [elementKinds]elementSpec{
	elementMAC: {name: "active", typ: keyEther, size: 6, base: inEther, offset: 0},
	elementARP: {
		name: "arp", typ: keyIPv4, size: 4, base: inNetwork, offset: 24, // target
		match: []match{{inEther, 12, "\x08\x06"}, {inNetwork, 6, "\x00\x01"}}, // a request
	},
	elementND: {
		name: "nd", typ: keyIPv6, size: 16, base: inNetwork, offset: 40 + 8, // target
		match: []match{{inEther, 12, "\x86\xdd"}, {inNetwork, 6, "\x3a"}, {inNetwork, 40, "\x87"}}, // a solicitation
	},
	elementDropped: {
		name: "deaf", typ: keyIPv6, size: 16, base: inNetwork, offset: 24, // destination
		match: []match{{inEther, 12, "\x86\xdd"}},
	},
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
