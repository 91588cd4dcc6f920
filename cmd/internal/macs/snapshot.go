package macs

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// Read takes a snapshot of the calling thread's network namespace.
func Read() (Snapshot, error) {
	list, err := links.List()
	if err != nil {
		return Snapshot{}, err
	}
	entries, err := dump.Whole(func() ([]netlink.Neigh, error) { return netlink.NeighList(0, unix.AF_BRIDGE) })
	if err != nil {
		return Snapshot{}, fmt.Errorf("list forwarding entries of bridges: %w", err)
	}
	vlans, err := dump.Whole(netlink.BridgeVlanList)
	if err != nil {
		return Snapshot{}, fmt.Errorf("list VLANs of bridges: %w", err)
	}
	s := Snapshot{Links: list, VLANs: map[int][]PortVLAN{}}
	for _, e := range entries {
		s.FDB = append(s.FDB, entry(e))
	}
	for index, infos := range vlans {
		for _, v := range infos {
			s.VLANs[int(index)] = append(s.VLANs[int(index)], PortVLAN{ID: v.Vid, Untagged: v.EngressUntag(), PVID: v.PortVID()})
		}
	}
	return s, nil
}

// entry reads a forwarding entry. Those of an interface's own filter have no
// bridge and fit none. In the kernel's words a bridge's own MACs are permanent;
// an entry set by hand for a guest is "noarp".
func entry(e netlink.Neigh) Entry {
	return Entry{
		MAC: hello.MACFrom(e.HardwareAddr), VLAN: uint16(e.Vlan), Bridge: e.MasterIndex, Port: e.LinkIndex,
		Local: e.State&unix.NUD_PERMANENT != 0,
	}
}
