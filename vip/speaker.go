package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// SpeakAs says which addresses of its own the host speaks from on the interface: its
// first IPv4 address and its link-local one, the zero Addr for none. Router
// advertisements that other programs send from a link-local virtual address, with the
// interface's MAC, leave from own6.
//
// While the host has none of a family, the virtual addresses that the kernel would
// speak from in its place are local routes alone. IPv4 ones come after the host's own
// again where they do not: the kernel and many a program take the first of an
// interface. It may take as long as Address.
func (i *Interface) SpeakAs(own4, own6 netip.Addr) error {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	was4 := i.own4
	was6, err := i.setOwn(own6)
	i.own4 = own4
	first, listErr := i.virtualFirst()
	err = errors.Join(err, listErr)
	if was4 == own4 && was6.IsValid() == own6.IsValid() && !first {
		return err
	}
	mute := mute{ipv4: !own4.IsValid(), ipv6: !own6.IsValid()}
	return errors.Join(err, i.moveAddresses(mute, first))
}

// virtualFirst reports whether a virtual address stands before those of the host.
func (i *Interface) virtualFirst() (bool, error) {
	l, err := newLister()
	if err != nil {
		return false, fmt.Errorf("list addresses of %s: %w", i.name, err)
	}
	defer l.close()
	addrs, err := l.addrs(netlink.FAMILY_V4, i.index)
	if err != nil && !errors.Is(err, unix.ENODEV) { // which says: deleted meanwhile
		return false, fmt.Errorf("list addresses of %s: %w", i.name, err)
	}
	return virtualFirst(addrs), nil
}

// mute says of which families the host has no address to speak from.
type mute struct{ ipv4, ipv6 bool }

// of reports whether the kernel would speak from an address of r, because the host
// has no other.
func (m mute) of(r Router, a netip.Addr) bool {
	return r.speaksFor(a) && (a.Is4() && m.ipv4 || a.Is6() && m.ipv6)
}

// moveAddresses makes virtual addresses local routes, or addresses of the interface
// again, or puts the IPv4 ones behind all others. The old places go first: the kernel
// has one local route for an address at a time.
func (i *Interface) moveAddresses(m mute, last bool) error {
	users, closed := i.placedRouters()
	if closed {
		return nil
	}
	i.mute = m
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
			_, isAddr := p.(ifAddr)
			switch {
			case used && wanted && isAddr && last && a.Is4() && had.ours:
				del, list = append(del, p), append(list, p)
			case used == wanted:
			case used:
				delete(i.uses, p)
				if had.ours {
					del = append(del, p)
				}
			default:
				u.ours = !isAddr // as in acquirePlaces
				i.uses[p] = u
				list = append(list, p)
			}
		}
	}
	list = append(list, i.droppedRoutes()...)
	deleted, delErr := i.rtnl.delete(del)
	made, addErr := i.make(list)
	i.owner.routes.readdress(slices.Concat(deleted, made))
	if err := errors.Join(delErr, addErr); err != nil {
		return fmt.Errorf("addresses on %s: %w", i.name, err)
	}
	return nil
}

// droppedRoutes returns the routes that are gone if the interface was without an IPv4
// address: the kernel drops those through it with the last one, and tells nobody.
func (i *Interface) droppedRoutes() (list []place) {
	for p := range i.uses {
		if r, ok := p.(route); ok && r.oif > loopbackIndex && r.address().Is4() {
			list = append(list, p)
		}
	}
	return list
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

// speaksFor reports whether the kernel might speak from a, an address of r. It does
// from other deprecated IPv6 addresses only while the host has no global one of its own.
func (r Router) speaksFor(a netip.Addr) bool {
	return (a.Is4() || a.IsLinkLocalUnicast()) && r.onInterface(a)
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
	if err := i.commitTouched(); err != nil {
		return was, fmt.Errorf("link-local address %v of %s: %w", own, i.name, err)
	}
	return was, nil
}

// commitTouched sends a transaction that nobody asked for by Gate or Renew, if there
// is anything in it. What was taken over from another process waits for those.
func (i *Interface) commitTouched() error {
	touched := len(i.standing.touched) > 0 || slices.ContainsFunc(i.classes, func(c *leaseClass) bool { return len(c.touched) > 0 })
	if !touched || i.takenOver {
		return nil
	}
	lost, err := i.commit()
	i.lost = append(i.lost, lost...)
	return err
}

// speakAs returns the standing elements of a router with this address of the host.
func (vr *virtualRouter) speakAs(own netip.Addr) []element {
	list := slices.DeleteFunc(slices.Clone(vr.standing), func(e element) bool { return e.kind == elementSpeaker })
	if !own.IsValid() || !vr.gated {
		return list
	}
	for _, a := range vr.Addrs {
		if a.Is6() && vr.speaksFor(a) {
			e := newElement(elementSpeaker, a.AsSlice())
			copy(e.data[:], own.AsSlice())
			list = append(list, e)
		}
	}
	return list
}
