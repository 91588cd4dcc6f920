package e2e

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// stacker makes interfaces in one namespace, and skips the test where the kernel
// has none of a kind.
type stacker struct {
	t  testing.TB
	ns *netlab.NS
}

func named(name string) netlink.LinkAttrs {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	return attrs
}

// on is named for an interface that is stacked on another one.
func (s stacker) on(name, below string) netlink.LinkAttrs {
	attrs := named(name)
	attrs.ParentIndex = s.link(below).Attrs().Index
	return attrs
}

func (s stacker) link(name string) netlink.Link {
	s.t.Helper()
	l, err := s.ns.Netlink().LinkByName(name)
	must(s.t, err)
	return l
}

// add makes an interface that is switched off.
func (s stacker) add(l netlink.Link) {
	s.t.Helper()
	err := s.ns.Netlink().LinkAdd(l)
	if errors.Is(err, unix.EOPNOTSUPP) {
		skip.Regardless(s.t, fmt.Sprintf("this kernel has no %s interfaces", l.Type()))
	}
	must(s.t, err)
}

// enslave gives master a port. Bonds and teams take only one that is down.
func (s stacker) enslave(port, master string) {
	s.t.Helper()
	must(s.t, s.ns.LinkDown(port))
	must(s.t, s.ns.Netlink().LinkSetMaster(s.link(port), s.link(master)))
	must(s.t, s.ns.LinkUp(port))
}

func (s stacker) up(list ...string) {
	s.t.Helper()
	for _, name := range list {
		must(s.t, s.ns.LinkUp(name))
	}
}

func (s stacker) vlan(name, below string, id int) {
	s.t.Helper()
	s.add(&netlink.Vlan{LinkAttrs: s.on(name, below), VlanId: id})
	s.up(name)
}

// bridge is one that has addresses of both families.
func (s stacker) bridge(name string, filters bool, ports ...string) {
	s.t.Helper()
	s.add(&netlink.Bridge{LinkAttrs: named(name), MulticastSnooping: new(bool)})
	if filters {
		err := s.ns.FilterVLANs(name)
		if errors.Is(err, unix.EOPNOTSUPP) {
			skip.Regardless(s.t, "this kernel has no bridges that filter VLANs")
		}
		must(s.t, err)
	}
	for _, p := range ports {
		must(s.t, s.ns.Join(p, name))
	}
	s.up(name)
}

// tagged lets a bridge that filters VLANs, and a port of it, carry one.
func (s stacker) tagged(bridge, port string, id uint16) {
	s.t.Helper()
	h := s.ns.Netlink()
	must(s.t, h.BridgeVlanAdd(s.link(port), id, false, false, false, true))
	must(s.t, h.BridgeVlanAdd(s.link(bridge), id, false, false, true, false))
}

// bond has its ports in order of preference, of which it uses one.
func (s stacker) bond(name string, ports ...string) {
	s.t.Helper()
	b := netlink.NewLinkBond(named(name))
	b.Mode, b.Miimon = netlink.BOND_MODE_ACTIVE_BACKUP, 50
	s.add(b)
	for _, p := range ports {
		s.enslave(p, name)
	}
	s.up(name)
}

// choose makes a bond use another port.
func (s stacker) choose(bond, port string) {
	s.t.Helper()
	b := netlink.NewLinkBond(named(bond))
	b.ActiveSlave = s.link(port).Attrs().Index
	must(s.t, s.ns.Netlink().LinkModify(b))
}

// genericTeam is a link of kind team, which the library does not know.
func genericTeam(name string) netlink.Link {
	return &netlink.GenericLink{LinkAttrs: named(name), LinkType: "team"}
}

// team passes frames through whatever port it has, by turns.
func (s stacker) team(name string, ports ...string) {
	s.t.Helper()
	s.add(genericTeam(name))
	err := s.ns.Do(func() error { return teamMode(s.link(name).Attrs().Index, "roundrobin") })
	if errors.Is(err, unix.EINVAL) {
		skip.Regardless(s.t, "this kernel has no teams that send by turns")
	}
	must(s.t, err)
	for _, p := range ports {
		s.enslave(p, name)
	}
	s.up(name)
}

// teamMode sets the mode of a team, which teamd does elsewhere.
func teamMode(index int, mode string) error {
	family, err := netlink.GenlFamilyGet("team")
	if err != nil {
		return fmt.Errorf("find the team family: %w", err)
	}
	// linux/if_team.h
	const (
		optionsSet                          = 1
		teamIfindex, listOption, itemOption = 1, 2, 1
		optionName, optionType, optionData  = 1, 3, 4
		typeString                          = 5
	)
	req := nl.NewNetlinkRequest(int(family.ID), unix.NLM_F_ACK)
	req.AddData(&nl.Genlmsg{Command: optionsSet, Version: 1})
	req.AddData(nl.NewRtAttr(teamIfindex, nl.Uint32Attr(uint32(index))))
	list := nl.NewRtAttr(listOption|unix.NLA_F_NESTED, nil)
	item := list.AddRtAttr(itemOption|unix.NLA_F_NESTED, nil)
	item.AddRtAttr(optionName, nl.ZeroTerminated("mode"))
	item.AddRtAttr(optionType, []byte{typeString})
	item.AddRtAttr(optionData, nl.ZeroTerminated(mode))
	req.AddData(list)
	_, err = req.Execute(unix.NETLINK_GENERIC, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil // it is set, and nobody listens to the news
	}
	return err
}

// vxlan joins a segment that the interface below carries in a multicast group.
func (s stacker) vxlan(name, below string, id int) {
	s.t.Helper()
	s.add(&netlink.Vxlan{
		LinkAttrs: named(name), VxlanId: id, VtepDevIndex: s.link(below).Attrs().Index,
		Group: net.IPv4(239, 1, 1, 1), Port: 4789, Learning: true, TTL: 4,
	})
	s.up(name)
}

func (s stacker) macvlan(name, below string, mode netlink.MacvlanMode) {
	s.t.Helper()
	s.add(&netlink.Macvlan{LinkAttrs: s.on(name, below), Mode: mode})
	s.up(name)
}

func (s stacker) ipvlan(name, below string) {
	s.t.Helper()
	s.add(&netlink.IPVlan{LinkAttrs: s.on(name, below), Mode: netlink.IPVLAN_MODE_L2})
	s.up(name)
}

// vrf puts interfaces into a VRF with a table of its own.
func (s stacker) vrf(name string, table uint32, members ...string) {
	s.t.Helper()
	s.add(&netlink.Vrf{LinkAttrs: named(name), Table: table})
	s.up(name)
	for _, m := range members {
		s.enslave(m, name)
	}
}

// localLast moves the rule for local addresses behind those of VRFs, as Cumulus
// and FRR tell to do.
func (s stacker) localLast() {
	s.t.Helper()
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		r := netlink.NewRule()
		r.Family, r.Table, r.Priority = family, unix.RT_TABLE_LOCAL, 32765
		must(s.t, s.ns.Netlink().RuleAdd(r))
		r.Priority = 0
		must(s.t, s.ns.Netlink().RuleDel(r))
	}
}
