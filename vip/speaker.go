package vip

import (
	"fmt"
	"net/netip"
	"slices"
)

// SpeakAs says which link-local address of its own the host has on the interface,
// the zero Addr for none. Router advertisements that other programs send from a
// link-local virtual address, with the interface's MAC, leave from this one.
func (i *Interface) SpeakAs(own netip.Addr) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || own == i.own {
		return nil
	}
	i.own = own
	for _, vr := range i.routers {
		standing := vr.speakAs(own)
		if vr.stands {
			i.standing.use(vr.standing, -1)
			i.standing.use(standing, +1)
		}
		vr.standing = standing
	}
	if len(i.standing.touched) == 0 {
		return nil
	}
	lost, err := i.commit()
	i.lost = append(i.lost, lost...)
	if err != nil {
		return fmt.Errorf("link-local address %v of %s: %w", own, i.name, err)
	}
	return nil
}

// speakAs returns the standing elements of a router with this address of the host.
func (vr *virtualRouter) speakAs(own netip.Addr) []element {
	list := slices.DeleteFunc(slices.Clone(vr.standing), func(e element) bool { return e.kind == elementSpeaker })
	if !own.IsValid() || !vr.gated {
		return list
	}
	for _, a := range vr.Addrs {
		if vr.onInterface(a) && a.Is6() && a.IsLinkLocalUnicast() {
			e := newElement(elementSpeaker, a.AsSlice())
			copy(e.data[:], own.AsSlice())
			list = append(list, e)
		}
	}
	return list
}
