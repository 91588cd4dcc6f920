package show

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Neighbor is another router that is active or standby in HSRP groups of an
// interface. Routers in other states send nothing that would tell of them.
type Neighbor struct {
	Interface string `json:"interface"`
	Address   string `json:"address"`
	Active    []int  `json:"active"`  // group numbers, ascending
	Standby   []int  `json:"standby"` // the same
}

// NeighborRows returns the neighbours of groups by interface and address, and an
// empty list that is not nil when there are none.
func NeighborRows(groups []status.Group) []Neighbor {
	out := []Neighbor{}
	for i := range groups {
		g := &groups[i]
		if p := g.Active; p != nil && !local(p) {
			n := neighbor(&out, g.Interface, p.Address)
			n.Active = append(n.Active, g.ID)
		}
		if p := g.Standby; p != nil && !local(p) {
			n := neighbor(&out, g.Interface, p.Address)
			n.Standby = append(n.Standby, g.ID)
		}
	}
	for _, n := range out {
		slices.Sort(n.Active)
		slices.Sort(n.Standby)
	}
	slices.SortFunc(out, func(a, b Neighbor) int {
		return cmp.Or(strings.Compare(a.Interface, b.Interface), addr(a.Address).Compare(addr(b.Address)))
	})
	return out
}

// neighbor returns the one in list, to which it is added if need be.
func neighbor(list *[]Neighbor, iface, address string) *Neighbor {
	for i := range *list {
		if n := &(*list)[i]; n.Interface == iface && n.Address == address {
			return n
		}
	}
	*list = append(*list, Neighbor{Interface: iface, Address: address, Active: []int{}, Standby: []int{}})
	return &(*list)[len(*list)-1]
}

// addr returns the zero address for what is none.
func addr(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}

// Neighbors renders "show standby neighbors".
func Neighbors(groups []status.Group) string {
	var b block
	iface := ""
	for _, n := range NeighborRows(groups) {
		if n.Interface != iface {
			iface = n.Interface
			b.line(0, "HSRP neighbors on %s", iface)
		}
		b.line(1, "%s", n.Address)
		b.line(2, "%s", roleGroups("Active", n.Active))
		b.line(2, "%s", roleGroups("Standby", n.Standby))
	}
	return b.String()
}

func roleGroups(role string, ids []int) string {
	if len(ids) == 0 {
		return fmt.Sprintf("No %s groups", strings.ToLower(role))
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = fmt.Sprint(id)
	}
	return fmt.Sprintf("%s groups: %s", role, strings.Join(words, ", "))
}
