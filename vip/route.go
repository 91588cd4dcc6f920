package vip

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// RouteProtocol marks the routes of this package, as in
// `ip route show table all proto 112`. Leftovers are found by it.
const RouteProtocol = 112

const loopbackIndex = 1 // in every network namespace

// route is one route of ours.
type route struct {
	dst   netip.Prefix
	typ   byte
	table uint32
	scope byte
	oif   uint32
}

// localRoutes make a local. The route goes through lo, where it survives when the
// interface goes down; that of a link-local IPv6 address would not be found there.
//
// In a VRF it is where the kernel has those of the interface's own addresses: what
// comes through the VRF would not find it elsewhere, or other VRFs would as well.
// IPv4 needs the other one too. The kernel sends from an address that no interface
// has only where the table local knows it.
func localRoutes(a netip.Addr, h home) []place {
	r := route{dst: single(a), typ: unix.RTN_LOCAL, table: unix.RT_TABLE_LOCAL, scope: unix.RT_SCOPE_HOST, oif: loopbackIndex}
	inside := r
	inside.table, inside.oif = h.table, uint32(h.index)
	switch {
	case h.table != 0 && a.Is4():
		return []place{inside, r}
	case h.table != 0:
		return []place{inside}
	case a.Is6() && a.IsLinkLocalUnicast():
		r.oif = uint32(h.index)
	}
	return []place{r}
}

func blackholeRoute(a netip.Addr, h home) route {
	return route{dst: single(a), typ: unix.RTN_BLACKHOLE, table: h.or(unix.RT_TABLE_MAIN), scope: unix.RT_SCOPE_UNIVERSE}
}

// connectedRoute leads to the subnet of a virtual address. Packets that the host
// itself sends there carry its real address.
func connectedRoute(p netip.Prefix, h home) route {
	r := route{dst: p.Masked(), typ: unix.RTN_UNICAST, table: h.or(unix.RT_TABLE_MAIN), scope: unix.RT_SCOPE_LINK, oif: uint32(h.index)}
	if r.dst.Addr().Is6() {
		r.scope = unix.RT_SCOPE_UNIVERSE // IPv6 has no other
	}
	return r
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func (r route) needsUp() bool { return false } // the kernel refuses it, see explain

func (r route) address() netip.Addr { return r.dst.Addr() }

// write never replaces a route. The kernel's own IPv4 routes are other entries
// than ours, which NLM_F_EXCL keeps us from adding to. A connected route goes behind
// that of an address which the host has of the subnet, and is there when that goes.
// IPv6 routes to one destination may differ in their interface, which NLM_F_EXCL
// would not allow.
func (r route) write(b *batch, add bool, _ uint32) {
	family, flags := byte(unix.AF_INET), uint16(unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	switch {
	case r.dst.Addr().Is6():
		family, flags = unix.AF_INET6, unix.NLM_F_CREATE
	case r.typ == unix.RTN_UNICAST:
		flags = unix.NLM_F_CREATE | unix.NLM_F_APPEND
	}
	if add {
		b.begin(unix.RTM_NEWROUTE, flags)
	} else {
		b.begin(unix.RTM_DELROUTE, 0)
	}
	b.raw(family, byte(r.dst.Bits()), 0, 0, unix.RT_TABLE_UNSPEC, RouteProtocol, r.scope, r.typ, 0, 0, 0, 0)
	b.u32(unix.RTA_TABLE, r.table)
	b.attr(unix.RTA_DST, r.dst.Addr().AsSlice())
	if r.oif != 0 {
		b.u32(unix.RTA_OIF, r.oif)
	}
}

func (r route) explain(err error) error {
	switch {
	case errors.Is(err, unix.EEXIST), errors.Is(err, unix.ESRCH):
		return nil
	case r.oif > loopbackIndex && (errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENODEV)):
		return nil // the interface is down or gone, and its routes with it
	case r.oif > loopbackIndex && r.dst.Addr().Is6() && errors.Is(err, unix.EACCES):
		return nil // IPv6 is switched off there
	case errors.Is(err, unix.ENETDOWN):
		return fmt.Errorf("route to %v: %w (lo is down: ip link set lo up)", r.dst, err)
	}
	return fmt.Errorf("route to %v: %w", r.dst, err)
}
