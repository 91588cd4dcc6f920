package e2e

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestRemovedAddressIsPutBackAndReported(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		events, err := l.a.Subscribe(ctx)
		must(t, err)

		handle := l.a.NS.Netlink()
		filter := &netlink.Route{Table: unix.RT_TABLE_LOCAL, Dst: &net.IPNet{IP: vip.AsSlice(), Mask: net.CIDRMask(32, 32)}}
		find := func() []netlink.Route {
			list, err := handle.RouteListFiltered(unix.AF_INET, filter, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_DST)
			must(t, err)
			return list
		}
		routes := find()
		if len(routes) != 1 {
			t.Fatalf("local routes to the virtual address: %v", routes)
		}
		must(t, handle.RouteDel(&routes[0]))
		l.Eventually("route back", func() bool { return len(find()) == 1 })
		for ev := range events {
			if ev.Kind == "address" && strings.Contains(ev.Message, vip.String()) && strings.Contains(ev.Message, "put back") {
				break
			}
		}
		if ctx.Err() != nil {
			t.Error("no event says that the address was put back")
		}
		l.mustPing(vip)
		if g := l.a.Group("v4"); g.State != "Active" {
			t.Errorf("state %s afterwards", g.State)
		}
	})
}
