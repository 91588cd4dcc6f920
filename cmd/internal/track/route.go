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
// leads somewhere: not one that refuses or swallows packets, and with a next
// hop on a link that has a carrier.
func routeCheck(p netip.Prefix) check {
	return func(context.Context) (string, error) {
		var found, useless string
		err := eachRoute(p, func(r netlink.Route) bool {
			for _, hop := range hops(r) {
				text := p.String() + hop.String()
				if hop.why == "" {
					found = text
					return false
				}
				useless = text + ": " + hop.why
			}
			return true
		})
		switch {
		case found != "":
			return found, nil
		case err != nil:
			return "", fmt.Errorf("read routes: %w", bare(err))
		case useless != "":
			return "", errors.New(useless)
		}
		return "", fmt.Errorf("no route to %s in the main table", p)
	}
}

// eachRoute calls fn with the routes to p in the main table until it returns
// false. After an interrupted reading, which may have missed some, it begins
// again.
func eachRoute(p netip.Prefix, fn func(netlink.Route) bool) error {
	family := netlink.FAMILY_V4
	if p.Addr().Is6() {
		family = netlink.FAMILY_V6
	}
	filter := netlink.Route{Table: unix.RT_TABLE_MAIN}
	_, err := dump.Whole(func() (more bool, err error) {
		more = true
		err = netlink.RouteListFilteredIter(family, &filter, netlink.RT_FILTER_TABLE, func(r netlink.Route) bool {
			more = destination(r.Dst) != p || fn(r)
			return more
		})
		if !more { // what follows does not matter
			err = nil
		}
		return more, err
	})
	return err
}

func destination(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	addr, _ := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), ones) // 0.0.0.0 comes in 16 bytes
}

// hop is one next hop of a route, and why it is of no use.
type hop struct {
	via  netip.Addr
	link string
	why  string
}

// String returns " via 192.0.2.1 on eth0", without what is not known.
func (h hop) String() string {
	var s string
	if h.via.IsValid() {
		s = " via " + h.via.String()
	}
	if h.link != "" {
		s += " on " + h.link
	}
	return s
}

func hops(r netlink.Route) []hop {
	if r.Type != unix.RTN_UNICAST {
		return []hop{{why: "the route leads nowhere (" + kind(r.Type) + ")"}}
	}
	if len(r.MultiPath) == 0 {
		return []hop{newHop(r.LinkIndex, r.Gw, r.Flags)}
	}
	var out []hop
	for _, n := range r.MultiPath {
		out = append(out, newHop(n.LinkIndex, n.Gw, n.Flags))
	}
	return out
}

func newHop(index int, gw net.IP, flags int) hop {
	var h hop
	if via, ok := netip.AddrFromSlice(gw); ok {
		h.via = via.Unmap()
	}
	if link, err := net.InterfaceByIndex(index); err == nil {
		h.link = link.Name
	}
	switch {
	case flags&unix.RTNH_F_LINKDOWN != 0:
		h.why = "no carrier"
	case flags&unix.RTNH_F_DEAD != 0:
		h.why = "the next hop is dead"
	}
	return h
}

func kind(routeType int) string {
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
