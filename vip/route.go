package vip

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// RouteProtocol marks the routes of this package, as in
// `ip route show table all proto 112`. Leftovers are found by it.
const RouteProtocol = 112

const (
	loopbackIndex = 1 // in every network namespace

	// routesPerSend is so small that the refusals of all routes fit in the receive
	// buffer that an ordinary user gets.
	routesPerSend = 256
)

// route is one route of ours.
type route struct {
	addr  netip.Addr
	typ   byte
	table uint32
	scope byte
	oif   uint32
}

// routesOf returns the routes that the addresses of a router need while it is
// active. A local route makes the kernel take packets to the address but never
// answer ARP or neighbour solicitations for it.
func (i *Interface) routesOf(vr *virtualRouter) (list []route) {
	for _, a := range vr.Addrs {
		switch {
		case slices.Contains(vr.Owned, a):
		case vr.Accept:
			list = append(list, localRoutes(a, i.home)...)
		case a.IsLinkLocalUnicast() && a.Is6():
			// A blackhole route has no interface, so it would not be found. The
			// nftables table drops these packets.
		default:
			list = append(list, blackholeRoute(a, i.home))
		}
	}
	return list
}

// localRoutes make a local. The route goes through lo, where it survives when the
// interface goes down; that of a link-local IPv6 address would not be found there.
//
// In a VRF it is where the kernel has those of the interface's own addresses: what
// comes through the VRF would not find it elsewhere, or other VRFs would as well.
// IPv4 needs the other one too. The kernel sends from an address that no interface
// has only where the table local knows it.
func localRoutes(a netip.Addr, h home) []route {
	r := route{addr: a, typ: unix.RTN_LOCAL, table: unix.RT_TABLE_LOCAL, scope: unix.RT_SCOPE_HOST, oif: loopbackIndex}
	inside := r
	inside.table, inside.oif = h.table, uint32(h.index)
	switch {
	case h.table != 0 && a.Is4():
		return []route{inside, r}
	case h.table != 0:
		return []route{inside}
	case a.Is6() && a.IsLinkLocalUnicast():
		r.oif = uint32(h.index)
	}
	return []route{r}
}

func blackholeRoute(a netip.Addr, h home) route {
	return route{addr: a, typ: unix.RTN_BLACKHOLE, table: h.or(unix.RT_TABLE_MAIN), scope: unix.RT_SCOPE_UNIVERSE}
}

// anyRoutes returns the routes that an address may have had.
func anyRoutes(a netip.Addr, h home) []route {
	return append(localRoutes(a, h), blackholeRoute(a, h))
}

func (r route) write(b *batch, typ, flags uint16) {
	b.begin(typ, flags)
	family := byte(unix.AF_INET)
	if r.addr.Is6() {
		family = unix.AF_INET6
	}
	b.raw(family, byte(r.addr.BitLen()), 0, 0, unix.RT_TABLE_UNSPEC, RouteProtocol, r.scope, r.typ, 0, 0, 0, 0)
	b.u32(unix.RTA_TABLE, r.table)
	b.attr(unix.RTA_DST, r.addr.AsSlice())
	if r.oif != 0 {
		b.u32(unix.RTA_OIF, r.oif)
	}
}

// Address adds the routes for the addresses of the routers in add, which makes the
// addresses local (or dropped, without Accept), and removes those of the routers in
// remove. It takes about 10 µs for a route. It may run beside Gate and Renew, and
// no demotion should wait for it.
//
// The host's own addresses stay as they are in either case, and so do addresses
// that another active router has too. After an error Address goes on with the
// other routes. Restore tries again those to be added. Unknown ids are an error in
// add only.
func (i *Interface) Address(add, remove []ID) error {
	i.routeMu.Lock()
	defer i.routeMu.Unlock()
	gone, _ := i.lookup(remove)
	here, err := i.lookup(add)
	if err != nil {
		return fmt.Errorf("addresses on %s: %w", i.name, err)
	}
	del, list := i.releaseRoutes(gone), i.acquireRoutes(here)
	del = slices.DeleteFunc(del, func(r route) bool { return i.routeUsers[r] > 0 })
	_, delErr := i.routes.changeRoutes(unix.RTM_DELROUTE, del)
	_, addErr := i.routes.changeRoutes(unix.RTM_NEWROUTE, list)
	if err := errors.Join(delErr, addErr); err != nil {
		return fmt.Errorf("addresses on %s: %w", i.name, err)
	}
	return nil
}

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
			out = append(out, vr)
		} else {
			err = errors.Join(err, fmt.Errorf("router %d was never added", id))
		}
	}
	return out, err
}

// acquireRoutes counts the routers' routes as used and returns them all.
func (i *Interface) acquireRoutes(routers []*virtualRouter) (list []route) {
	for _, vr := range routers {
		routes := i.routesOf(vr)
		list = append(list, routes...)
		if vr.routed {
			continue
		}
		vr.routed = true
		for _, r := range routes {
			i.routeUsers[r]++
		}
	}
	return list
}

// releaseRoutes undoes acquireRoutes and returns the routes that nobody uses any
// more, with those that the last process may have made for the routers.
func (i *Interface) releaseRoutes(routers []*virtualRouter) (list []route) {
	for _, vr := range routers {
		for _, a := range vr.Addrs {
			if i.inherited[a] {
				delete(i.inherited, a)
				list = append(list, anyRoutes(a, i.home)...)
			}
		}
		if !vr.routed {
			continue
		}
		vr.routed = false
		for _, r := range i.routesOf(vr) {
			if i.routeUsers[r]--; i.routeUsers[r] == 0 {
				delete(i.routeUsers, r)
				list = append(list, r)
			}
		}
	}
	return list
}

// Restore puts back the routes that ought to be there and returns the addresses
// that had none. A link flap removes those of link-local addresses. They cannot be
// put back while the interface is down; that is no error. It is an error if the
// interface was deleted, even if it was created again since: an Interface keeps the
// index that it had at Open.
func (i *Interface) Restore() (missing []netip.Addr, err error) {
	i.routeMu.Lock()
	defer i.routeMu.Unlock()
	if !linkExists(i.routes, i.index) {
		return nil, fmt.Errorf("restore addresses on %s: interface is gone", i.name)
	}
	want := slices.SortedFunc(maps.Keys(i.routeUsers), func(a, b route) int { return a.addr.Compare(b.addr) })
	made, err := i.routes.changeRoutes(unix.RTM_NEWROUTE, want)
	for _, r := range made {
		missing = append(missing, r.addr)
	}
	if err != nil {
		return missing, fmt.Errorf("restore addresses on %s: %w", i.name, err)
	}
	return missing, nil
}

// changeRoutes adds or deletes routes and returns those for which that changed
// something. It is no error if a route is there, or gone, already.
func (c *conn) changeRoutes(typ uint16, list []route) (done []route, err error) {
	var b batch
	for len(list) > 0 {
		n := min(len(list), routesPerSend)
		b.reset()
		for _, r := range list[:n] {
			r.write(&b, typ, r.flags(typ))
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

// flags returns those for adding, which never replaces. A refusal of an IPv4 local
// route with EEXIST means that the host has the address. IPv6 routes of one address
// may differ in their interface, which NLM_F_EXCL would not allow.
func (r route) flags(typ uint16) uint16 {
	switch {
	case typ != unix.RTM_NEWROUTE:
		return 0
	case r.addr.Is4():
		return unix.NLM_F_CREATE | unix.NLM_F_EXCL
	}
	return unix.NLM_F_CREATE
}

// outcome returns the routes that were changed, and the refusals that are errors.
func outcome(list []route, refused []*messageError) (done []route, err error) {
	unchanged := make(map[int]bool, len(refused))
	for _, e := range refused {
		unchanged[e.index] = true
		err = errors.Join(err, list[e.index].explain(e))
	}
	for n, r := range list {
		if !unchanged[n] {
			done = append(done, r)
		}
	}
	return done, err
}

// explain returns nil for a refusal that is no error.
func (r route) explain(err error) error {
	switch {
	case errors.Is(err, unix.EEXIST), errors.Is(err, unix.ESRCH):
		return nil
	case r.oif > loopbackIndex && (errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENODEV)):
		return nil // the interface is down or gone, and its routes with it
	case errors.Is(err, unix.ENETDOWN):
		return fmt.Errorf("route to %v: %w (lo is down: ip link set lo up)", r.addr, err)
	}
	return fmt.Errorf("route to %v: %w", r.addr, err)
}

// purgeRoutes deletes all routes that carry our protocol number.
func (c *conn) purgeRoutes() error {
	found, listErr := listRoutes()
	_, err := c.changeRoutes(unix.RTM_DELROUTE, found)
	return errors.Join(listErr, err)
}

// listRoutes returns the routes in the calling thread's namespace that carry our
// protocol number; after an error those that were found.
func listRoutes() (all []route, err error) {
	h, err := strictHandle()
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	defer h.Close()
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump.Whole(func() (list []route, err error) {
			err = h.RouteListFilteredIter(family, &netlink.Route{Protocol: RouteProtocol}, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE,
				func(r netlink.Route) bool {
					if r, ours := listed(r); ours {
						list = append(list, r)
					}
					return true
				})
			return list, err
		})
		all = append(all, list...)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return all, fmt.Errorf("list routes: %w", err)
		}
	}
	return all, nil
}

// listed converts a route that carries our protocol number. It is ours if it is to
// a single address.
func listed(r netlink.Route) (out route, ours bool) {
	if r.Dst == nil {
		return out, false
	}
	a, ok := netip.AddrFromSlice(r.Dst.IP)
	ones, bits := r.Dst.Mask.Size()
	out = route{addr: a, typ: byte(r.Type), table: uint32(r.Table), scope: byte(r.Scope)}
	if r.Type == unix.RTN_LOCAL {
		out.oif = uint32(r.LinkIndex)
	}
	return out, ok && ones == bits
}
