package netlab

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// Neighbors lists neighbour entries of a family as netlink.NeighList does: those
// of an interface, or all for index 0. The family unix.AF_BRIDGE means forwarding
// entries.
func (n *NS) Neighbors(index, family int) ([]netlink.Neigh, error) {
	return dump.Whole(func() ([]netlink.Neigh, error) { return n.handle.NeighList(index, family) })
}

// ARPEntry returns what an interface's neighbour table (ARP or neighbour
// discovery) holds for an address; ok is false when it holds no usable MAC.
func (n *NS) ARPEntry(dev string, ip netip.Addr) (mac hello.MAC, ok bool, err error) {
	l, err := n.link(dev)
	if err != nil {
		return mac, false, err
	}
	list, err := n.Neighbors(l.Attrs().Index, family(ip))
	if err != nil {
		return mac, false, fmt.Errorf("list neighbours on %s: %w", dev, err)
	}
	for _, e := range list {
		a, _ := netip.AddrFromSlice(e.IP)
		usable := e.State&(unix.NUD_FAILED|unix.NUD_INCOMPLETE|unix.NUD_NOARP) == 0
		if a.Unmap() == ip.Unmap() && usable && len(e.HardwareAddr) == len(mac) {
			return hello.MACFrom(e.HardwareAddr), true, nil
		}
	}
	return mac, false, nil
}

// SetNeighbor sets the entry for an address in an interface's neighbour table. state is one of unix.NUD_REACHABLE, NUD_STALE, …
func (n *NS) SetNeighbor(dev string, ip netip.Addr, mac hello.MAC, state int) error {
	return n.onLink(dev, "set neighbour "+ip.String()+" on", func(l netlink.Link) error {
		return n.handle.NeighSet(&netlink.Neigh{
			LinkIndex: l.Attrs().Index, IP: ip.AsSlice(), HardwareAddr: mac.HardwareAddr(), State: state,
		})
	})
}

// FlushNeighbors empties the neighbour table of an interface.
func (n *NS) FlushNeighbors(dev string) error {
	l, err := n.link(dev)
	if err != nil {
		return err
	}
	list, err := n.Neighbors(l.Attrs().Index, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list neighbours on %s: %w", dev, err)
	}
	for _, e := range list {
		if e.State&unix.NUD_NOARP != 0 || e.Family == unix.AF_BRIDGE {
			continue
		}
		// One that is gone by now is as good as deleted.
		if err := n.handle.NeighDel(&e); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("delete neighbour %s on %s: %w", e.IP, dev, err)
		}
	}
	return nil
}

// FDBPort returns the port behind which a bridge has learned a MAC; ok is false
// when it has not.
func (n *NS) FDBPort(bridge string, mac hello.MAC) (port string, ok bool, err error) {
	br, err := n.link(bridge)
	if err != nil {
		return "", false, err
	}
	list, err := n.Neighbors(0, unix.AF_BRIDGE)
	if err != nil {
		return "", false, fmt.Errorf("list forwarding entries of %s: %w", bridge, err)
	}
	for _, e := range list {
		if e.MasterIndex != br.Attrs().Index || hello.MACFrom(e.HardwareAddr) != mac {
			continue
		}
		l, err := n.handle.LinkByIndex(e.LinkIndex)
		if err != nil {
			return "", false, fmt.Errorf("find bridge port %d: %w", e.LinkIndex, err)
		}
		return l.Attrs().Name, true, nil
	}
	return "", false, nil
}

// FlushFDB makes a bridge forget what it has learned, as a switch does when its
// topology changes.
func (n *NS) FlushFDB(bridge string) error {
	br, err := n.link(bridge)
	if err != nil {
		return err
	}
	list, err := n.Neighbors(0, unix.AF_BRIDGE)
	if err != nil {
		return fmt.Errorf("list forwarding entries of %s: %w", bridge, err)
	}
	for _, e := range list {
		if e.MasterIndex != br.Attrs().Index || e.State&unix.NUD_PERMANENT != 0 {
			continue
		}
		e.Flags = unix.NTF_MASTER
		// One that is gone by now is as good as deleted.
		if err := n.handle.NeighDel(&e); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("delete forwarding entry %s of %s: %w", e.HardwareAddr, bridge, err)
		}
	}
	return nil
}

func family(ip netip.Addr) int {
	if ip.Unmap().Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}
