package vip

import (
	"cmp"
	"fmt"

	"github.com/vishvananda/netlink"
)

// vrfTable returns the routing table of the VRF that an interface is a member of,
// 0 when it is in none.
func vrfTable(a *netlink.LinkAttrs, byIndex func(int) (netlink.Link, error)) (uint32, error) {
	if a.MasterIndex == 0 {
		return 0, nil
	}
	master, err := byIndex(a.MasterIndex)
	if err != nil {
		return 0, fmt.Errorf("find the master of %s: %w", a.Name, err)
	}
	if vrf, ok := master.(*netlink.Vrf); ok {
		return vrf.Table, nil
	}
	return 0, nil
}

// home is where the routes of an interface's addresses belong.
type home struct {
	index int
	table uint32 // of the interface's VRF, 0 without one
}

// homeOf finds an interface as it is now. One that has gone has no VRF.
func homeOf(index int) home {
	h := home{index: index}
	if link, err := netlink.LinkByIndex(index); err == nil {
		h.table, _ = vrfTable(link.Attrs(), netlink.LinkByIndex)
	}
	return h
}

// Table returns the table of the VRF that the interface was a member of at Open, 0
// without one. When it has joined or left a VRF since, the routes of its addresses
// are gone: close it and open it again.
func (i *Interface) Table() uint32 { return i.home.table }

// or returns the table of the VRF, or the one that is used without.
func (h home) or(table uint32) uint32 { return cmp.Or(h.table, table) }
