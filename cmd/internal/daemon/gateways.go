package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// gatewayPoll is how often default routes are read without a change. A lost
// event costs no more than this.
const gatewayPoll = 30 * time.Second

// followGateways tells the engine the next hops of the default routes. Every
// takeover is proven to them, as to all neighbours.
func (d *Daemon) followGateways(ctx context.Context) {
	changes := make(chan netlink.RouteUpdate, 64)
	if err := netlink.RouteSubscribeWithOptions(changes, ctx.Done(), netlink.RouteSubscribeOptions{
		ErrorCallback: func(err error) { d.log.Debug("watch routes", "error", err) },
	}); err != nil {
		d.log.Warn("default gateways are looked for only now and then", "error", err)
	}
	poll := time.NewTicker(gatewayPoll)
	defer poll.Stop()
	for {
		d.updateGateways()
		for changed := false; !changed; {
			select {
			case <-ctx.Done():
				return
			case <-poll.C:
				changed = true
			case <-d.places.gateways:
				changed = true
			case u, open := <-changes:
				if changed = open && isDefault(u.Dst); !open {
					changes = nil
				}
			}
		}
	}
}

// routesIn returns how to list the routes of a family in some tables.
func routesIn(tables []int) func(family int) ([]netlink.Route, error) {
	return func(family int) (all []netlink.Route, err error) {
		for _, table := range tables {
			list, err := dump.Whole(func() ([]netlink.Route, error) {
				return netlink.RouteListFiltered(family, &netlink.Route{Table: table}, netlink.RT_FILTER_TABLE)
			})
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		return all, nil
	}
}

// nextHops returns the next hops of the default routes by interface. An error in
// either family is one of the whole: half of the gateways must not pass for all.
func nextHops(list func(family int) ([]netlink.Route, error)) (map[int][]netip.Addr, error) {
	byIndex := map[int][]netip.Addr{}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		routes, err := list(family)
		if err != nil {
			return nil, fmt.Errorf("list routes: %w", err)
		}
		for _, r := range routes {
			if isDefault(r.Dst) {
				collectHops(byIndex, r)
			}
		}
	}
	return byIndex, nil
}

// updateGateways reads the routes. When that fails, the gateways stay as they
// were.
func (d *Daemon) updateGateways() {
	byIndex, err := nextHops(routesIn(tables(d.places.now())))
	if err != nil {
		d.log.Debug("default gateways stay as they were", "error", err)
		return
	}
	byName := map[string][]netip.Addr{}
	for index, hops := range byIndex {
		if ifi, err := net.InterfaceByIndex(index); err == nil {
			byName[ifi.Name] = hops
		}
	}
	d.setGateways(byName)
}

// setGateways uses the names of interfaces, which the engine knows before the
// ports are open. Nobody reports a route again once they are.
func (d *Daemon) setGateways(byName map[string][]netip.Addr) {
	d.loop.Post(func() {
		for name := range d.ports {
			d.engine.GatewaysChanged(time.Now(), name, byName[name])
		}
	})
}

func isDefault(dst *net.IPNet) bool {
	if dst == nil {
		return true
	}
	ones, _ := dst.Mask.Size()
	return ones == 0
}

func collectHops(byIndex map[int][]netip.Addr, r netlink.Route) {
	for _, hop := range append(r.MultiPath, &netlink.NexthopInfo{LinkIndex: r.LinkIndex, Gw: r.Gw}) {
		if a, ok := netip.AddrFromSlice(hop.Gw); ok {
			byIndex[hop.LinkIndex] = append(byIndex[hop.LinkIndex], a.Unmap())
		}
	}
}
