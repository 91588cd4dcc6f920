package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Unheard is a router whose packets are not used, for one reason.
type Unheard struct {
	From        netip.Addr
	Protocol    hello.Protocol
	Reason      hello.Reject
	Group       Ref        // whose packets they would be; zero: they fit no group of this router
	Version     uint8      // what they say, when Reason is version or group
	Number      uint16     // likewise
	VirtualIP   netip.Addr // likewise
	Claims      bool       // the last one said that its sender is active
	Count       uint64
	First, Last time.Time
}

// maxUnheard is how many are remembered on an interface. Whoever forges more
// makes those forgotten that were not heard of for longest.
const maxUnheard = 32

// unheard are the routers of a segment that are not believed.
type unheard []Unheard

// note counts a packet.
func (list *unheard) note(now time.Time, u Unheard) {
	i := slices.IndexFunc(*list, func(have Unheard) bool {
		return have.From == u.From && have.Protocol == u.Protocol && have.Reason == u.Reason &&
			have.Group == u.Group && have.Version == u.Version && have.Number == u.Number
	})
	u.First = now
	switch {
	case i >= 0:
		u.First, u.Count = (*list)[i].First, (*list)[i].Count
	case len(*list) < maxUnheard:
		i = len(*list)
		*list = append(*list, u)
	default:
		i = 0
		for n := range *list {
			if (*list)[n].Last.Before((*list)[i].Last) {
				i = n
			}
		}
	}
	u.Count++
	u.Last = now
	(*list)[i] = u
}

// concerns reports whether u may be a router of g that g does not hear. One that
// speaks of another group is meant for this one if it has the same virtual address.
func (u *Unheard) concerns(g *group) bool {
	switch {
	case u.Protocol != g.Protocol || hello.FamilyOf(u.From) != g.Family:
		return false
	case u.Reason == hello.RejectReplay: // its sender is heard, or was
		return false
	case u.Group != (Ref{}):
		return u.Group == g.Ref
	case u.Reason == hello.RejectVersion:
		return u.Number == g.Number
	case u.Reason == hello.RejectGroup:
		return slices.Contains(g.vips, u.VirtualIP)
	}
	return false
}

// unheard returns the routers that g may be missing since a time, the one that was
// heard of last first.
func (g *group) unheard(since time.Time) (list []Unheard) {
	for _, u := range g.iface.unheard {
		if u.concerns(g) && !u.Last.Before(since) {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b Unheard) int { return b.Last.Compare(a.Last) })
	return list
}
