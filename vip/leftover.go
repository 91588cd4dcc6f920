package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// anyPlaces returns what the addresses of a router may have had in the kernel.
func (e entry) anyPlaces(h home) (list []place) {
	for _, a := range e.Addrs {
		list = append(append(list, ifAddr{a, h.index}, blackholeRoute(a, h)), localRoutes(a, h)...)
	}
	for _, p := range e.Prefixes {
		list = append(list, connectedRoute(p, h))
	}
	return list
}

// routesOnly leaves out the addresses, which do not say whose they are.
func routesOnly(list []place) []place {
	return slices.DeleteFunc(list, func(p place) bool { _, isAddr := p.(ifAddr); return isAddr })
}

// purge deletes all routes and addresses that carry our marks, except for those that
// stay.
func (c *conn) purge(stays *kept) error {
	addrs, addrErr := markedAddrs(0)
	routes, routeErr := markedRoutes()
	_, err := c.delete(slices.DeleteFunc(append(addrs, routes...), stays.has))
	return errors.Join(addrErr, routeErr, err)
}

// markedAddrs returns the addresses in the calling thread's namespace that carry
// our mark: those of the interface with the index, or of all when it is 0. After an
// error it returns those that were found.
func markedAddrs(index int) (found []place, err error) {
	l, err := newLister()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	defer l.close()
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, listErr := l.addrs(family, index)
		for _, a := range list {
			if a.ours {
				found = append(found, ifAddr{a.Addr(), a.index})
			}
		}
		if listErr != nil && !errors.Is(listErr, unix.ENODEV) {
			err = errors.Join(err, fmt.Errorf("list addresses: %w", listErr))
		}
	}
	return found, err
}

// markedRoutes returns the routes in the calling thread's namespace that carry our
// protocol number; after an error those that were found.
func markedRoutes() ([]place, error) { return markedLike(func(netlink.Route) bool { return true }) }

// markedOfAddresses returns those of them that belong to virtual addresses. A route
// that follows a role says nothing of the interface that its router is on.
func markedOfAddresses() ([]place, error) {
	return markedLike(func(r netlink.Route) bool {
		ones, bits := r.Dst.Mask.Size()
		connected := r.Type == unix.RTN_UNICAST && r.Gw == nil && r.Via == nil && len(r.MultiPath) == 0
		return ones > 0 && (ones == bits || connected)
	})
}

func markedLike(wanted func(netlink.Route) bool) (all []place, err error) {
	l, err := newLister()
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	defer l.close()
	err = l.marked(func(r netlink.Route) {
		if dst, ok := prefixOf(r.Dst); ok && wanted(r) {
			all = append(all, listed(r, dst))
		}
	})
	return all, err
}

// marked calls see with the routes that carry our protocol number; after an error
// with those that were found.
func (l *lister) marked(see func(netlink.Route)) error {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump.Whole(func() (list []netlink.Route, err error) {
			err = l.RouteListFilteredIter(family, &netlink.Route{Protocol: RouteProtocol}, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE,
				func(r netlink.Route) bool {
					list = append(list, r)
					return true
				})
			return list, err
		})
		for _, r := range list {
			see(r)
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("list routes: %w", err)
		}
	}
	return nil
}

// listed converts a route that carries our protocol number.
func listed(r netlink.Route, dst netip.Prefix) route {
	out := route{dst: dst, typ: byte(r.Type), table: uint32(r.Table), scope: byte(r.Scope)}
	if r.Type == unix.RTN_LOCAL || r.Type == unix.RTN_UNICAST {
		out.oif = uint32(r.LinkIndex)
	}
	return out
}
