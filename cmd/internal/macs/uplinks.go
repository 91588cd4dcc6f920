package macs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// uplinksOf returns the interfaces that lead to the switches. devs are candidates
// by name; those that do not exist are left out and, unless bridge is empty,
// those that are not its ports. A bond stands for its ports. A bridge, and what is
// stacked on one, is replaced by those of its ports that are hardware, a bond or a
// VLAN. Without devs bridge
// is the candidate; without both it is the interface of the default route, whose
// index is route (0 when there is none). The error says what to name when nothing
// fits.
func uplinksOf(list []links.Link, devs []string, bridge string, route int) ([]string, error) {
	switch {
	case len(devs) > 0:
		return named(list, devs, bridge)
	case bridge != "":
		return portsOf(list, bridge)
	}
	l, ok := links.ByIndex(list, route)
	if !ok {
		return nil, fmt.Errorf("no default route to find the uplink by: name it with --dev")
	}
	return named(list, []string{l.Name}, "")
}

func named(list []links.Link, devs []string, bridge string) ([]string, error) {
	var out []string
	var none error
	for _, dev := range devs {
		names, err := resolve(list, dev)
		none = cmp.Or(err, none)
		for _, name := range names {
			l, _ := links.ByName(list, name)
			m, _ := links.ByIndex(list, l.Master)
			if (bridge == "" || m.Name == bridge) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case bridge != "":
		return nil, fmt.Errorf("uplink %s: no port of bridge %s", strings.Join(devs, ", "), bridge)
	case none != nil:
		return nil, none
	}
	return nil, fmt.Errorf("uplink %s: no such interface", strings.Join(devs, ", "))
}

// resolve returns what stands for an interface; nothing when it does not exist.
func resolve(list []links.Link, dev string) ([]string, error) {
	l, ok := links.ByName(list, dev)
	m, _ := links.ByIndex(list, l.Master)
	bridge := below(list, l, "bridge")
	switch {
	case !ok:
		return nil, nil
	case bridge.Bridge != nil:
		return portsOf(list, bridge.Name)
	case m.Kind == "bond":
		return []string{m.Name}, nil
	}
	return []string{dev}, nil
}

func portsOf(list []links.Link, bridge string) ([]string, error) {
	b, ok := links.ByName(list, bridge)
	if !ok || b.Bridge == nil {
		return nil, fmt.Errorf("bridge %s: no such bridge", bridge)
	}
	var out []string
	for _, l := range list {
		if l.Master == b.Index && slices.Contains([]string{"", "bond", "team", "vlan"}, l.Kind) {
			out = append(out, l.Name)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("bridge %s: no port is hardware, a bond or a VLAN: name the uplink with --dev", bridge)
	}
	return out, nil
}

// defaultRoute returns the index of the interface of the default route, IPv4
// first, or 0.
func defaultRoute() int {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		routes, err := dump.Whole(func() ([]netlink.Route, error) {
			return netlink.RouteListFiltered(family, &netlink.Route{}, netlink.RT_FILTER_DST)
		})
		if err != nil {
			continue
		}
		for _, r := range routes {
			if r.LinkIndex != 0 { // 0 where the route has several next hops
				return r.LinkIndex
			}
		}
	}
	return 0
}
