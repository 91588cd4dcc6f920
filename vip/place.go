package vip

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// place is one entry of the kernel's tables that an address needs while its router
// is active: a route, or an address of the interface. It can be compared.
type place interface {
	// write appends the request to make the place, or to delete it. lifetime is
	// in seconds.
	write(b *batch, add bool, lifetime uint32)
	// explain returns nil for a refusal that is no error.
	explain(err error) error
	address() netip.Addr
	// needsUp says that the place does not work if it is made while the interface
	// is down.
	needsUp() bool
}

// placesPerSend is so small that the refusals of all fit in the receive buffer that
// an ordinary user gets.
const placesPerSend = 256

// placeSize is about as many bytes as a request for a place has.
const placeSize = 96

// use is how many active routers need a place, and for how long.
type use struct {
	routers  int
	lifetime uint32
	ours     bool // an address that was there before is left alone
}

// placesOf returns what the addresses of a router need while it is active. In any
// case the kernel takes packets to the address and never answers ARP or neighbour
// solicitations for it: it does not for a local route, and the table keeps it from
// doing so for an address.
func (i *Interface) placesOf(vr *virtualRouter) (list []place) {
	for _, a := range vr.Addrs {
		switch {
		case slices.Contains(vr.Owned, a):
			continue
		case vr.onInterface(a) && !i.mute.of(vr.Router, a):
			list = append(list, ifAddr{a, i.index})
		case vr.Accept:
			list = append(list, localRoutes(a, i.home)...)
		case a.IsLinkLocalUnicast() && a.Is6():
			// A blackhole route has no interface, so it would not be found. The
			// nftables table drops these packets.
		default:
			list = append(list, blackholeRoute(a, i.home))
		}
		if n := slices.IndexFunc(vr.Prefixes, func(p netip.Prefix) bool { return p.Addr() == a }); n >= 0 {
			list = append(list, connectedRoute(vr.Prefixes[n], i.home))
		}
	}
	return list
}

// onInterface reports whether an address of r becomes one of the interface's.
func (r Router) onInterface(a netip.Addr) bool {
	return r.Accept && !r.RouteOnly && !slices.Contains(r.Owned, a)
}

// Address makes the addresses of the routers in add this host's own (or has packets
// to them dropped, without Accept), and removes those of the routers in remove. A
// place in the kernel takes some 10 µs, an IPv6 address more. It may run beside
// Gate and Renew, and no demotion should wait for it.
//
// The host's own addresses stay as they are in either case, and so do addresses
// that another active router has too. After an error Address goes on with the
// other routers. Restore tries again those to be added. Unknown ids are an error
// in add only.
func (i *Interface) Address(add, remove []ID) error {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	gone, _ := i.lookup(remove)
	here, err := i.lookup(add)
	if err != nil {
		return fmt.Errorf("addresses on %s: %w", i.name, err)
	}
	i.wantRoutes(here) // first, so that what both need stays
	list := i.acquirePlaces(here)
	del := i.releasePlaces(gone)
	routeErr := i.dismissRoutes(gone)
	deleted, delErr := i.rtnl.delete(del)
	made, addErr := i.make(list)
	i.owner.routes.readdress(slices.Concat(deleted, made))
	i.bringRoutes(here)
	if len(here) > 0 {
		addErr = errors.Join(addErr, i.noteLosses())
	}
	if err := errors.Join(routeErr, delErr, addErr); err != nil {
		return fmt.Errorf("addresses on %s: %w", i.name, err)
	}
	return nil
}

// lookup returns the routers with the ids. It brings along the lifetimes of their
// addresses.
func (i *Interface) lookup(ids []ID) ([]*virtualRouter, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []*virtualRouter
	var err error
	if i.closed {
		err = os.ErrClosed
	}
	for _, id := range ids {
		if vr := i.routers[id]; vr != nil {
			vr.lifetime = lifetime(vr.lease)
			out = append(out, vr)
		} else {
			err = errors.Join(err, fmt.Errorf("router %d was never added", id))
		}
	}
	return out, err
}

// acquirePlaces counts the routers' places as used and returns them all.
func (i *Interface) acquirePlaces(routers []*virtualRouter) (list []place) {
	for _, vr := range routers {
		places := i.placesOf(vr)
		list = append(list, places...)
		for _, p := range places {
			u := i.uses[p]
			if _, isAddr := p.(ifAddr); !isAddr || i.inherited[p] {
				u.ours = true // the protocol number tells, or the journal
			}
			if u.lifetime = vr.lifetime; !vr.placed {
				u.routers++
			}
			i.uses[p] = u
		}
		vr.placed = true
	}
	return list
}

// releasePlaces undoes acquirePlaces and returns the places that nobody uses any more, with
// those that the last process may have made for the routers.
func (i *Interface) releasePlaces(routers []*virtualRouter) (list []place) {
	for _, vr := range routers {
		for _, p := range newEntry(vr).anyPlaces(i.home) {
			if i.inherited[p] {
				delete(i.inherited, p)
				list = append(list, p)
			}
		}
		if !vr.placed {
			continue
		}
		vr.placed = false
		for _, p := range i.placesOf(vr) {
			u := i.uses[p]
			if u.routers--; u.routers > 0 {
				i.uses[p] = u
				continue
			}
			delete(i.uses, p)
			if u.ours {
				list = append(list, p)
			}
		}
	}
	return list
}

// Restore puts back the places that ought to be there and returns the addresses
// that had none. A link flap removes those of IPv6 addresses, and so does what takes
// IPv6 from the interface: an MTU below 1280, disable_ipv6. They cannot be put back
// while the interface is down or without IPv6; that is no error. There is nothing to put
// back on an interface that was deleted, even if it was created again since: an
// Interface keeps the index that it had at Open.
func (i *Interface) Restore() (missing []netip.Addr, err error) {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	exists, flags := linkState(i.rtnl, i.index)
	if !exists {
		return nil, nil // of which the Watcher tells
	}
	want := slices.SortedFunc(maps.Keys(i.uses), func(a, b place) int { return a.address().Compare(b.address()) })
	if flags&unix.IFF_UP == 0 {
		want = slices.DeleteFunc(want, place.needsUp)
	}
	made, err := i.make(want)
	for _, p := range made {
		missing = append(missing, p.address())
	}
	i.owner.routes.readdress(made)
	if err != nil {
		return missing, fmt.Errorf("restore addresses on %s: %w", i.name, err)
	}
	return missing, nil
}

// KeepDue reports whether it is time for Keep.
func (i *Interface) KeepDue() bool { return i.keep.due() }

// Keep has the kernel keep the addresses on the interface for another lease, and
// whole seconds more. It is called when KeepDue says so, as long as the leases are
// renewed; it may take as long as Address.
func (i *Interface) Keep() error {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	i.keep.at.Store(0)
	list := make([]place, 0, len(i.uses))
	for p, u := range i.uses {
		if keeps(p, u) {
			list = append(list, p)
			i.keep.within(u.lifetime)
		}
	}
	if _, err := i.rtnl.alter(list, func(b *batch, p place) { p.(ifAddr).extend(b, i.uses[p].lifetime) }); err != nil {
		return fmt.Errorf("keep addresses on %s: %w", i.name, err)
	}
	return nil
}

// keeps reports whether a place ends unless Keep extends it.
func keeps(p place, u use) bool {
	_, isAddr := p.(ifAddr)
	return isAddr && u.ours && u.lifetime != endless
}

// make makes places and returns those that were not there.
func (i *Interface) make(list []place) (made []place, err error) {
	if err = i.renewInherited(list); err != nil {
		return nil, err
	}
	made, err = i.rtnl.alter(list, func(b *batch, p place) { p.write(b, true, i.uses[p].lifetime) })
	for _, p := range made {
		u := i.uses[p]
		u.ours = true
		i.uses[p] = u
	}
	for _, p := range list {
		if u := i.uses[p]; keeps(p, u) {
			i.keep.within(u.lifetime)
		}
	}
	i.rtnl.awaitLocal(made)
	return made, err
}

// delete deletes places and returns those that were there.
func (c *conn) delete(list []place) ([]place, error) {
	return c.alter(list, func(b *batch, p place) { p.write(b, false, 0) })
}

// alter has write append a request for each place and returns those for which that
// changed something. It is no error if a place is there, or gone, already.
func (c *conn) alter(list []place, write func(*batch, place)) (done []place, err error) {
	b := batch{b: make([]byte, 0, placeSize*min(len(list), placesPerSend))}
	for len(list) > 0 {
		n := min(len(list), placesPerSend)
		b.reset()
		for _, p := range list[:n] {
			write(&b, p)
		}
		b.ack()
		refused, sendErr := c.exec(&b)
		if sendErr != nil {
			return done, errors.Join(err, sendErr)
		}
		ok, refusedErr := outcome(list[:n], refused)
		done, err = append(done, ok...), errors.Join(err, refusedErr)
		list = list[n:]
	}
	return done, err
}

// outcome returns the places that were changed, and the refusals that are errors.
func outcome(list []place, refused []*messageError) (done []place, err error) {
	unchanged := make(map[int]bool, len(refused))
	for _, e := range refused {
		unchanged[e.index] = true
		err = errors.Join(err, list[e.index].explain(e))
	}
	done = make([]place, 0, len(list)-len(unchanged))
	for n, p := range list {
		if !unchanged[n] {
			done = append(done, p)
		}
	}
	return done, err
}
