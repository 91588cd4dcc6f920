// Package show renders the status of the daemon for people: HSRP groups, VRRP
// routers and tracked objects in the layout of Cisco IOS, which operators and
// their parsers already read, and the rest in tables of the same make. Every
// function is pure: values and a time in, text out.
package show

import (
	"fmt"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// AnyID in a Filter lets every group number through.
const AnyID = -1

// Filter chooses groups.
type Filter struct {
	Protocol  string // hsrp or vrrp
	Interface string // empty for all
	ID        int    // AnyID for all
}

// Groups returns the groups that f lets through, in their order.
func (f Filter) Groups(groups []status.Group) []status.Group {
	var out []status.Group
	for _, g := range groups {
		if f.passes(&g) {
			out = append(out, g)
		}
	}
	return out
}

func (f Filter) passes(g *status.Group) bool {
	return g.Protocol == f.Protocol &&
		(f.Interface == "" || g.Interface == f.Interface) &&
		(f.ID == AnyID || g.ID == f.ID)
}

// NoMatch is the error of a filter that lets nothing through.
func (f Filter) NoMatch() error {
	what := map[string]string{"hsrp": "HSRP group", "vrrp": "VRRP router"}[f.Protocol]
	if f.ID == AnyID {
		return fmt.Errorf("no %s on %s", what, f.Interface)
	}
	return fmt.Errorf("no %s %d on %s", what, f.ID, f.Interface)
}
