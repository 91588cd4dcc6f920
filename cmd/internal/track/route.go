package track

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// routeCheck is up while the main table has a route to exactly this prefix that
// leads somewhere. It must not refuse or swallow packets, and needs a next hop
// on a link that has a carrier.
func routeCheck(p netip.Prefix) check {
	return func(context.Context) (string, error) {
		routes, err := routesTo(p)
		trouble := fmt.Sprintf("no route to %s in the main table", p)
		for _, r := range routes {
			for _, hop := range hops(r) {
				text := p.String() + hop.String()
				if hop.trouble == "" {
					return text, nil
				}
				trouble = text + ": " + hop.trouble
			}
		}
		if err != nil {
			return "", fmt.Errorf("read routes: %w", bare(err))
		}
		return "", errors.New(trouble)
	}
}

// routesTo lists the routes to p in the main table. With an error some may be
// missing.
func routesTo(p netip.Prefix) ([]netlink.Route, error) {
	family := netlink.FAMILY_V4
	if p.Addr().Is6() {
		family = netlink.FAMILY_V6
	}
	filter := netlink.Route{
		Table: unix.RT_TABLE_MAIN,
		Dst:   &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())},
	}
	return dump.Whole(func() (routes []netlink.Route, err error) {
		err = netlink.RouteListFilteredIter(family, &filter, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_DST, func(r netlink.Route) bool {
			routes = append(routes, r)
			return true
		})
		return routes, err
	})
}

// hop is one next hop of a route.
type hop struct {
	via     netip.Addr
	iface   string
	trouble string // why it cannot be used; "" when it can
}

// String returns " via 192.0.2.1 on eth0", without what is not known.
func (h hop) String() string {
	var s string
	if h.via.IsValid() {
		s = " via " + h.via.String()
	}
	if h.iface != "" {
		s += " on " + h.iface
	}
	return s
}

func hops(r netlink.Route) []hop {
	if r.Type != unix.RTN_UNICAST {
		return []hop{{trouble: "the route leads nowhere (" + typeName(r.Type) + ")"}}
	}
	next := r.MultiPath
	if len(next) == 0 {
		next = []*netlink.NexthopInfo{{LinkIndex: r.LinkIndex, Gw: r.Gw, Flags: r.Flags}}
	}
	var out []hop
	for _, n := range next {
		out = append(out, newHop(n))
	}
	return out
}

func newHop(n *netlink.NexthopInfo) hop {
	var h hop
	if via, ok := netip.AddrFromSlice(n.Gw); ok {
		h.via = via.Unmap()
	}
	if ifi, err := net.InterfaceByIndex(n.LinkIndex); err == nil {
		h.iface = ifi.Name
	}
	switch {
	case n.Flags&unix.RTNH_F_LINKDOWN != 0:
		h.trouble = "no carrier"
	case n.Flags&unix.RTNH_F_DEAD != 0:
		h.trouble = "the next hop is dead"
	}
	return h
}

func typeName(routeType int) string {
	switch routeType {
	case unix.RTN_BLACKHOLE:
		return "blackhole"
	case unix.RTN_UNREACHABLE:
		return "unreachable"
	case unix.RTN_PROHIBIT:
		return "prohibit"
	case unix.RTN_THROW:
		return "throw"
	}
	return fmt.Sprintf("type %d", routeType)
}
