package macs

import (
	"fmt"
	"slices"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// Roles is what is known of virtual routers. The zero value is a host without
// a daemon: no virtual MAC is announced.
type Roles struct {
	Active  []Active    // groups that are active here and have their address
	Standby []hello.MAC // virtual MACs, also chosen ones, of groups that are not
}

// Active is a group that is active on this host.
type Active struct {
	Name      string
	Interface string
	MAC       hello.MAC
}

// RolesOf reads them from what a daemon tells of itself. A group that uses its
// interface's own MAC has no virtual one to speak of.
func RolesOf(s *status.Status) Roles {
	var r Roles
	for i := range s.Groups {
		g := &s.Groups[i]
		mac, err := hello.ParseMAC(g.VirtualMAC)
		switch {
		case err != nil, g.MACMode == "interface":
		case g.State == hello.Active.String() && g.HasAddress():
			r.Active = append(r.Active, Active{Name: g.Ref(), Interface: g.Interface, MAC: mac})
		default:
			r.Standby = append(r.Standby, mac)
		}
	}
	return r
}

// forbid returns why a MAC that was found on an interface or behind a bridge
// must not be announced, "" when it may.
func (r Roles) forbid(mac hello.MAC) string {
	if slices.Contains(r.Standby, mac) {
		return "virtual MAC of a group that is not active here, or waits for its address"
	}
	if v, ok := hello.VirtualRouterOf(mac); ok {
		return fmt.Sprintf("virtual MAC of %s group %d: only announced where the group is active", v.Protocol, v.Group)
	}
	return ""
}
