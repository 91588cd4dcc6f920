package garp

import (
	"fmt"
	"net/netip"

	"github.com/mdlayher/ethernet"

	"github.com/fhrpd/fhrpd/hello"
)

// Form is a form of frame that teaches switches where a MAC is. No host changes
// an ARP or neighbour entry because of it.
type Form string

// The neutral forms.
const (
	// FormARP0 is a broadcast ARP request in which both addresses are 0.0.0.0.
	// Bridges that learn from ARP alone take it too.
	FormARP0 Form = "arp0"
	// FormRARP is a broadcast reverse ARP request for the MAC itself (RFC 903),
	// which hypervisors send after moving a guest.
	FormRARP Form = "rarp"
	// FormDummyMulticast is the packet of FormARP0 sent to 01:00:0c:cd:cd:cd.
	// It spares hosts the interrupt that a broadcast costs.
	FormDummyMulticast Form = "dummy-mcast"
)

const (
	etherTypeRARP ethernet.EtherType = 0x8035
	opRARPRequest Op                 = 3
)

// ParseForm reads arp0, rarp or dummy-mcast.
func ParseForm(s string) (Form, error) {
	switch f := Form(s); f {
	case FormARP0, FormRARP, FormDummyMulticast:
		return f, nil
	}
	return "", fmt.Errorf("form %q: want arp0, rarp or dummy-mcast", s)
}

// FDBRefresh returns the neutral frame of the given form from mac. vlan is
// 0 for an untagged frame, or 1 to 4094 for an 802.1Q tag of priority 0. It
// returns an error when mac is not unicast, or form or vlan is out of range.
func FDBRefresh(mac hello.MAC, form Form, vlan uint16) ([]byte, error) {
	if mac.IsZero() || mac.IsMulticast() {
		return nil, fmt.Errorf("refresh MAC %s: want a unicast address", mac)
	}
	if vlan > 4094 {
		return nil, fmt.Errorf("refresh MAC %s: VLAN %d: want 0 (untagged) to 4094", mac, vlan)
	}
	if _, err := ParseForm(string(form)); err != nil {
		return nil, fmt.Errorf("refresh MAC %s: %w", mac, err)
	}
	return neutral(mac, form, vlan), nil
}

func neutral(mac hello.MAC, form Form, vlan uint16) []byte {
	dst, typ := hello.Broadcast, ethernet.EtherTypeARP
	a := ARP{Op: OpRequest, SenderMAC: mac, SenderIP: netip.IPv4Unspecified(), TargetIP: netip.IPv4Unspecified()}
	switch form {
	case FormRARP:
		typ, a.Op, a.TargetMAC = etherTypeRARP, opRARPRequest, mac
	case FormDummyMulticast:
		dst = CiscoMulticast
	}
	return a.framed(dst, typ, vlan)
}
