package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// SpeakAs says which link-local address of its own the host has on the interface,
// the zero Addr for none. Router advertisements that other programs send from a
// link-local virtual address, with the interface's MAC, leave from this one.
//
// While the host has none, the link-local virtual addresses are local routes alone:
// the kernel would take one that is on the interface for the source of its reports
// of memberships, deprecated or not. It may take as long as Address.
func (i *Interface) SpeakAs(own netip.Addr) error {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	was, err := i.setOwn(own)
	if was.IsValid() == own.IsValid() {
		return err
	}
	return errors.Join(err, i.moveLinkLocal(!own.IsValid()))
}

// moveLinkLocal makes the link-local virtual addresses local routes, or addresses
// of the interface again. The old places go first: the kernel has one local route
// for an address at a time.
func (i *Interface) moveLinkLocal(mute bool) error {
	users, closed := i.placedRouters()
	if closed {
		return nil
	}
	i.mute = mute
	want := map[place]use{}
	moved := map[netip.Addr]bool{}
	for _, vr := range users {
		for _, p := range i.placesOf(vr) {
			u := want[p]
			want[p] = use{routers: u.routers + 1, lifetime: max(u.lifetime, vr.lifetime)}
		}
		for _, a := range vr.Addrs {
			if vr.speaksFor(a) {
				moved[a] = true
			}
		}
	}
	var del, list []place
	for a := range moved {
		for _, p := range append(localRoutes(a, i.home), ifAddr{a, i.index}) {
			had, used := i.uses[p]
			u, wanted := want[p]
			switch {
			case used == wanted:
			case used:
				delete(i.uses, p)
				if had.ours {
					del = append(del, p)
				}
			default:
				_, isAddr := p.(ifAddr)
				u.ours = !isAddr // as in acquirePlaces
				i.uses[p] = u
				list = append(list, p)
			}
		}
	}
	_, delErr := i.rtnl.delete(del)
	_, addErr := i.make(list)
	if err := errors.Join(delErr, addErr); err != nil {
		return fmt.Errorf("link-local addresses on %s: %w", i.name, err)
	}
	return nil
}

// placedRouters returns the routers that have their places in the kernel.
func (i *Interface) placedRouters() (list []*virtualRouter, closed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, vr := range i.routers {
		if vr.placed {
			list = append(list, vr)
		}
	}
	return list, i.closed
}

// speaksFor reports whether the kernel might speak from a, an address of r.
func (r Router) speaksFor(a netip.Addr) bool {
	return a.Is6() && a.IsLinkLocalUnicast() && r.onInterface(a)
}

// setOwn notes the host's link-local address and returns the last one.
func (i *Interface) setOwn(own netip.Addr) (was netip.Addr, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	was = i.own
	if i.closed || own == i.own {
		return own, nil
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
		return was, nil
	}
	lost, err := i.commit()
	i.lost = append(i.lost, lost...)
	if err != nil {
		return was, fmt.Errorf("link-local address %v of %s: %w", own, i.name, err)
	}
	return was, nil
}

// speakAs returns the standing elements of a router with this address of the host.
func (vr *virtualRouter) speakAs(own netip.Addr) []element {
	list := slices.DeleteFunc(slices.Clone(vr.standing), func(e element) bool { return e.kind == elementSpeaker })
	if !own.IsValid() || !vr.gated {
		return list
	}
	for _, a := range vr.Addrs {
		if vr.speaksFor(a) {
			e := newElement(elementSpeaker, a.AsSlice())
			copy(e.data[:], own.AsSlice())
			list = append(list, e)
		}
	}
	return list
}
