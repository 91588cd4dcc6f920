package vip

import (
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// readdress looks after the routes that go out from addresses which have come or
// gone. With an address the kernel drops the IPv4 routes from it, and leaves those of
// IPv6 in without it and without a word; Linux 6.1 does so only where they leave through
// the interface that had the address.
func (r *roleRoutes) readdress(changed []place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var there marks // as the kernel has them now, once one is of interest
	for c, u := range r.uses {
		route, ok := c.(roleRoute)
		if !ok || !slices.ContainsFunc(changed, func(p place) bool { return p.address() == route.Src }) {
			continue
		}
		if !u.in || !route.Src.Is6() {
			u.err = r.make(c)
			u.in = u.err == nil
			continue
		}
		if there == nil {
			if there, u.err = r.marked(); u.err != nil {
				return
			}
		}
		if u.err = nil; there.stripped(c) {
			r.dress(u, route)
		}
	}
}

// dress makes an IPv6 route anew that the kernel has taken the source address out of.
// While the host has not that address, or checks it for duplicates, the kernel refuses
// it, and the route leads on without it.
func (r *roleRoutes) dress(u *bringing, c roleRoute) {
	list, err := r.lists.addrs(netlink.FAMILY_V6, 0)
	switch {
	case err != nil:
		u.err = err
	case !slices.ContainsFunc(list, func(a foundAddr) bool { return a.Addr() == c.Src && a.flags&unix.IFA_F_TENTATIVE == 0 }):
		u.err = fmt.Errorf("the kernel has it without src, as %v is no usable address of this host", c.Src)
	default:
		if u.err = r.delete(c); u.err == nil {
			u.err = r.make(c)
		}
		u.in = u.err == nil
	}
}

// stripped reports whether the kernel has taken the address out of a route.
func (m marks) stripped(c companion) bool {
	route, ok := c.(roleRoute)
	return ok && route.Src.Is6() && m[c.entry()] != route.Src
}
