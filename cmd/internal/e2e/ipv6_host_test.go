package e2e

import (
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// neighbor is what a host knows of a router.
type neighbor struct {
	MAC    hello.MAC
	Router bool
}

// neighbor returns the client's entry for an address, zero for none.
func (l *lan) neighbor(a netip.Addr) neighbor {
	l.t.Helper()
	list, err := l.Client.Neighbors(0, netlink.FAMILY_V6)
	must(l.t, err)
	for _, e := range list {
		if ip, _ := netip.AddrFromSlice(e.IP); ip == a && len(e.HardwareAddr) == 6 {
			return neighbor{hello.MAC(e.HardwareAddr), e.Flags&netlink.NTF_ROUTER != 0}
		}
	}
	return neighbor{}
}

// defaultRouters returns the next hops of a node's default routes through its
// first interface that router advertisements have made.
func (l *lan) defaultRouters(ns *netlab.NS) []netip.Addr {
	l.t.Helper()
	link, err := ns.Netlink().LinkByName(lanDev)
	must(l.t, err)
	list, err := dump.Whole(func() ([]netlink.Route, error) { return ns.Netlink().RouteList(link, netlink.FAMILY_V6) })
	must(l.t, err)
	var out []netip.Addr
	for _, r := range list {
		if r.Dst != nil && !r.Dst.IP.IsUnspecified() || r.Protocol != unix.RTPROT_RA {
			continue
		}
		for _, gw := range append([]*netlink.NexthopInfo{{Gw: r.Gw}}, r.MultiPath...) {
			if a, ok := netip.AddrFromSlice(gw.Gw); ok {
				out = append(out, a)
			}
		}
	}
	return out
}

// waitDefaultRouter waits until the client, a host that takes its router from
// router advertisements, has a and no other.
func (l *lan) waitDefaultRouter(a netip.Addr) {
	l.t.Helper()
	l.Eventually("default route through "+a.String(), func() bool { return slices.Equal(l.defaultRouters(l.Client), []netip.Addr{a}) })
}

// lostRoutes counts the default routes that the client loses from now on.
func (l *lan) lostRoutes() (count func() int) {
	l.t.Helper()
	updates, done := make(chan netlink.RouteUpdate, 1024), make(chan struct{})
	must(l.t, l.Client.Do(func() error {
		return netlink.RouteSubscribe(updates, done)
	}))
	l.t.Cleanup(func() { close(done) })
	n := 0
	return func() int {
		for {
			select {
			case u := <-updates:
				if u.Type == unix.RTM_DELROUTE && (u.Dst == nil || u.Dst.IP.IsUnspecified()) && u.Gw != nil {
					n++
				}
			default:
				return n
			}
		}
	}
}
