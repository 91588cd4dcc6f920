package vip

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Route is a route that a router brings along while it is active.
type Route struct {
	To        netip.Prefix `json:"to"`
	Via       netip.Addr   `json:"via,omitzero"`       // the next hop, of To's family; invalid: none
	Interface string       `json:"interface,omitzero"` // "": the kernel finds it by Via
	Table     uint32       `json:"table,omitzero"`     // 0: that of the VRF of the router's interface, or main
	Metric    uint32       `json:"metric,omitzero"`    // 0: the kernel's own, which is 1024 in IPv6
	Src       netip.Addr   `json:"src,omitzero"`       // what the host's own packets come from; invalid: the kernel chooses
	Type      string       `json:"type,omitzero"`      // "" is unicast; or blackhole, unreachable, prohibit
	OnLink    bool         `json:"onlink,omitzero"`    // Via is reached through Interface, whatever its subnets
}

// roleRoute is a Route in the table that it goes to.
type roleRoute struct{ Route }

var routeTypes = map[string]byte{
	"": unix.RTN_UNICAST, "blackhole": unix.RTN_BLACKHOLE, "unreachable": unix.RTN_UNREACHABLE, "prohibit": unix.RTN_PROHIBIT,
}

func familyOf(a netip.Addr) byte {
	if a.Is6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

func (r roleRoute) device() string { return r.Interface }

// write never replaces a route, and never adds one beside that of somebody else:
// NLM_F_EXCL refuses a second route of the same prefix and metric.
func (r roleRoute) write(b *batch, add bool, index uint32) {
	if add {
		b.begin(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	} else {
		b.begin(unix.RTM_DELROUTE, 0)
	}
	scope, flags := byte(unix.RT_SCOPE_UNIVERSE), uint32(0)
	if r.To.Addr().Is4() && r.Type == "" && !r.Via.IsValid() {
		scope = unix.RT_SCOPE_LINK
	}
	if r.OnLink {
		flags = unix.RTNH_F_ONLINK
	}
	b.raw(familyOf(r.To.Addr()), byte(r.To.Bits()), 0, 0, unix.RT_TABLE_UNSPEC, RouteProtocol, scope, routeTypes[r.Type])
	b.raw(binary.NativeEndian.AppendUint32(nil, flags)...)
	b.u32(unix.RTA_TABLE, r.Table)
	b.attr(unix.RTA_DST, r.To.Addr().AsSlice())
	if r.Via.IsValid() {
		b.attr(unix.RTA_GATEWAY, r.Via.AsSlice())
	}
	if r.Src.IsValid() {
		b.attr(unix.RTA_PREFSRC, r.Src.AsSlice())
	}
	if r.Metric != 0 {
		b.u32(unix.RTA_PRIORITY, r.Metric)
	}
	if index != 0 {
		b.u32(unix.RTA_OIF, index)
	}
}

// entry is what tells the route from others that carry our mark.
func (r roleRoute) entry() companion {
	return roleRoute{Route{To: r.To, Table: r.Table, Metric: r.kernelMetric(), Type: r.Type}}
}

func (r roleRoute) kernelMetric() uint32 {
	if r.To.Addr().Is6() {
		return cmp.Or(r.Metric, 1024)
	}
	return r.Metric
}

func (r roleRoute) explain(err error) error {
	switch {
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("somebody else has a route to %v with metric %d in table %d: give this one another metric", r.To, r.kernelMetric(), r.Table)
	case errors.Is(err, unix.ENETDOWN):
		return fmt.Errorf("%s is down", cmp.Or(r.Interface, "the interface of "+r.Via.String()))
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
		return fmt.Errorf("%v is in no subnet of %s: give it an address there, or set onlink = true", r.Via, cmp.Or(r.Interface, "this host"))
	case errors.Is(err, unix.EINVAL) && r.Src.IsValid():
		return fmt.Errorf("%w (is %v an address of this host?)", err, r.Src)
	}
	return err
}

// markedRoleRoutes returns those of the routes with our mark that a Route can be.
func markedRoleRoutes(l *lister) (marks, error) {
	found := marks{}
	err := l.marked(func(r netlink.Route) {
		dst, ok := prefixOf(r.Dst)
		for name, typ := range routeTypes {
			if ok && typ == byte(r.Type) {
				src, _ := netip.AddrFromSlice(r.Src)
				found[roleRoute{Route{To: dst, Table: uint32(r.Table), Metric: uint32(r.Priority), Type: name}}] = src.Unmap()
			}
		}
	})
	return found, err
}
