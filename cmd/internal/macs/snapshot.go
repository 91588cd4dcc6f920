package macs

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// readSnapshot takes a snapshot of the calling thread's network namespace.
func readSnapshot() (snapshot, error) {
	list, err := links.List()
	if err != nil {
		return snapshot{}, err
	}
	entries, err := dump.Whole(func() ([]netlink.Neigh, error) { return netlink.NeighList(0, unix.AF_BRIDGE) })
	if err != nil {
		return snapshot{}, fmt.Errorf("list forwarding entries of bridges: %w", err)
	}
	vlans, err := dump.Whole(netlink.BridgeVlanList)
	if err != nil {
		return snapshot{}, fmt.Errorf("list VLANs of bridges: %w", err)
	}
	s := snapshot{Links: list, VLANs: map[int][]portVLAN{}}
	// Entries of an interface's own filter have no bridge and fit none. In the
	// kernel's words a bridge's own MACs are permanent; an entry that was set by
	// hand for a guest is "noarp".
	for _, e := range entries {
		s.FDB = append(s.FDB, entry{
			MAC: hello.MACFrom(e.HardwareAddr), VLAN: uint16(e.Vlan), Bridge: e.MasterIndex, Port: e.LinkIndex,
			Local: e.State&unix.NUD_PERMANENT != 0,
		})
	}
	for index, infos := range vlans {
		for _, v := range infos {
			s.VLANs[int(index)] = append(s.VLANs[int(index)], portVLAN{ID: v.Vid, Untagged: v.EngressUntag(), PVID: v.PortVID()})
		}
	}
	return s, nil
}
