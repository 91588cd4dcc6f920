package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Link is the state of an interface.
type Link struct {
	Name  string
	Index int // 0 while it does not exist
	MAC   [6]byte
	Up    bool // administratively up and with carrier
	MTU   int  // bytes of the largest IP packet
	// PortOf is the bridge, bond, team, datapath of Open vSwitch or HSR device that
	// takes the interface's frames, with its kind, as in "bridge br0" or "openvswitch
	// ovs-system"; "" without one. Of an HSR device Linux tells it from 6.18 on.
	PortOf string
	// Promiscuous says that somebody has made it so, such as an Interface that is
	// a bridge.
	Promiscuous bool

	// Off4 and Off6 name the settings that keep the kernel from forwarding what
	// arrives in a family, as in net/ipv4/ip_forward; "" where it does.
	Off4, Off6 string
	// ProxyARP says that the kernel answers ARP for addresses of other networks
	// (proxy_arp of the interface or of all).
	ProxyARP bool
	// Kind is what the kernel calls such interfaces, as in "vlan"; "" for
	// hardware. Passthru says that a macvlan has the interface below it for itself.
	Kind     string
	Passthru bool
	// Table is the routing table of the VRF that the interface is a member of, 0
	// without one.
	Table uint32

	Addr4     netip.Addr     // primary IPv4 address; invalid while there is none
	LinkLocal netip.Addr     // link-local IPv6 address, without zone; likewise
	Addrs     []netip.Prefix // all usable addresses of the host itself, IPv6 ones once they are known to be unique
	Checked   []netip.Addr   // those that are being checked for that
	// VirtualFirst says that the kernel has an IPv4 address of this package before
	// those of the host. [Interface.SpeakAs] puts it behind them.
	VirtualFirst bool
}

// Except returns l with Addr4 and LinkLocal chosen among the addresses that are
// not virtual. Somebody may have configured a virtual
// address on the interface, and a router must not speak for itself from it.
func (l Link) Except(virtual func(netip.Addr) bool) Link {
	l.choose(func(a netip.Addr) bool { return !virtual(a) })
	return l
}

// choose picks the first address of each kind that is allowed.
func (l *Link) choose(allowed func(netip.Addr) bool) {
	l.Addr4, l.LinkLocal = netip.Addr{}, netip.Addr{}
	for _, p := range l.Addrs {
		switch a := p.Addr(); {
		case !allowed(a):
		case a.Is4() && !l.Addr4.IsValid():
			l.Addr4 = a
		case a.Is6() && a.IsLinkLocalUnicast() && !l.LinkLocal.IsValid():
			l.LinkLocal = a
		}
	}
}

// equal reports whether o is no news after l. An address that is first is news until it
// is so no longer, which the Watcher is not told: it is the doing of this package.
func (l Link) equal(o Link) bool {
	return !l.VirtualFirst && l.Name == o.Name && l.Index == o.Index && l.MAC == o.MAC && l.Up == o.Up && l.MTU == o.MTU && l.PortOf == o.PortOf && l.Promiscuous == o.Promiscuous &&
		l.Kind == o.Kind && l.Passthru == o.Passthru && l.Table == o.Table && l.Off4 == o.Off4 && l.Off6 == o.Off6 && l.ProxyARP == o.ProxyARP && slices.Equal(l.Addrs, o.Addrs) && slices.Equal(l.Checked, o.Checked)
}

// readLink returns the present state of an interface. One that does not exist is
// down; an error means that the state could not be learnt.
func readLink(h *lister, name string) (Link, error) {
	l := Link{Name: name}
	link, err := h.LinkByName(name)
	if _, none := errors.AsType[netlink.LinkNotFoundError](err); none {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	a := link.Attrs()
	l.Index, l.Up, l.MTU = a.Index, usableNow(a), a.MTU
	if len(a.HardwareAddr) == len(l.MAC) {
		l.MAC = [6]byte(a.HardwareAddr)
	}
	l.Promiscuous = a.RawFlags&unix.IFF_PROMISC != 0
	l.Kind, l.Passthru = kindOf(link)
	if l.PortOf, err = portOf(a, h.LinkByIndex); err != nil {
		return l, err
	}
	if l.Table, err = vrfTable(a, h.LinkByIndex); err != nil {
		return l, err
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		addrs, err := h.addrs(family, a.Index)
		if err != nil && !errors.Is(err, unix.ENODEV) { // which says: deleted meanwhile
			return l, err
		}
		l.Addrs = append(l.Addrs, usableAddrs(addrs, family)...)
		l.Checked = append(l.Checked, checkedAddrs(addrs)...)
		l.VirtualFirst = l.VirtualFirst || family == netlink.FAMILY_V4 && virtualFirst(addrs)
	}
	l.choose(func(netip.Addr) bool { return true })
	return l, nil
}

// kindOf returns Link.Kind and Link.Passthru.
func kindOf(link netlink.Link) (kind string, passthru bool) {
	if kind = link.Type(); kind == "device" { // the library's word for none
		return "", false
	}
	m, ok := link.(*netlink.Macvlan)
	return kind, ok && m.Mode == netlink.MACVLAN_MODE_PASSTHRU
}

// portOf returns what takes the frames of an interface: see Link.PortOf. Other
// masters, such as a VRF, leave it what it is.
func portOf(a *netlink.LinkAttrs, byIndex func(int) (netlink.Link, error)) (string, error) {
	if a.MasterIndex == 0 {
		return "", nil
	}
	master, err := byIndex(a.MasterIndex)
	if err != nil {
		return "", fmt.Errorf("find the master of %s: %w", a.Name, err)
	}
	switch kind := master.Type(); kind {
	case "bridge", "bond", "team", "openvswitch", "hsr":
		return kind + " " + master.Attrs().Name, nil
	}
	return "", nil
}

// usableNow tells "up" from administratively up: an interface without carrier,
// or whose lower device is down, reaches nobody.
func usableNow(a *netlink.LinkAttrs) bool {
	if a.RawFlags&unix.IFF_UP == 0 || a.RawFlags&unix.IFF_LOWER_UP == 0 {
		return false
	}
	return a.OperState == netlink.OperUp || a.OperState == netlink.OperUnknown
}

// virtualFirst reports whether the first of an interface's IPv4 addresses is one of this
// package, though the host has its own.
func virtualFirst(addrs []foundAddr) bool {
	return len(addrs) > 0 && addrs[0].ours && slices.ContainsFunc(addrs, func(a foundAddr) bool { return !a.ours })
}

// checkedAddrs lists the addresses for which the kernel looks for duplicates.
func checkedAddrs(addrs []foundAddr) (out []netip.Addr) {
	const state = unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED | unix.IFA_F_OPTIMISTIC
	for _, a := range addrs {
		if !a.ours && a.flags&state == unix.IFA_F_TENTATIVE {
			out = append(out, a.Addr())
		}
	}
	return out
}

// usableAddrs lists the host's own addresses oldest first: not those that this
// package put there. The kernel lists IPv4 ones so, primaries before secondaries,
// and IPv6 ones of a scope newest first; the oldest is the one that stays when
// others come.
func usableAddrs(addrs []foundAddr, family int) []netip.Prefix {
	const notYet = unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED
	var out []netip.Prefix
	for _, a := range addrs {
		if !a.ours && (a.flags&notYet == 0 || a.flags&unix.IFA_F_OPTIMISTIC != 0) {
			out = append(out, a.Prefix)
		}
	}
	if family == netlink.FAMILY_V6 {
		slices.Reverse(out)
	}
	return out
}
