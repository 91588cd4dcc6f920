package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func contains(list []netip.Addr, a netip.Addr) bool { return slices.Contains(list, a.WithZone("")) }

// covers reports whether any of the addresses is in a network of i. A single
// address is no network: no neighbour is reached by it.
func (i Interface) covers(list []netip.Addr) bool {
	for _, p := range i.Addresses {
		if !p.IsSingleIP() && slices.ContainsFunc(list, p.Masked().Contains) {
			return true
		}
	}
	return false
}

// checkRoutes looks for the interfaces of routes that follow the role.
func checkRoutes(e *exam) {
	seen := map[string]bool{}
	for _, g := range e.groups {
		for _, r := range g.Routes {
			if r.Interface == "" || seen[r.Interface] {
				continue
			}
			seen[r.Interface] = true
			if _, ok := e.byName(r.Interface); ok {
				e.fine("route-interface", r.Interface, "exists")
			} else {
				e.wrong("route-interface", r.Interface, fmt.Sprintf("does not exist, and %s has a route through it", g.Ref), "INTERFACE", r.Interface)
			}
		}
	}
}

func checkInterfaces(e *exam) {
	for _, dev := range e.devices() {
		i, ok := e.byName(dev)
		if !ok {
			e.wrong("interface-missing", dev, "does not exist", "INTERFACE", dev)
			continue
		}
		e.fine("interface-missing", dev, "exists")
		e.state(i)
		if m, ok := e.byIndex(i.Master); ok && m.TakesFrames() {
			id := "enslaved"
			if m.Kind == links.OpenVSwitch {
				id = "openvswitch"
			}
			e.wrong(id, dev, fmt.Sprintf("is a port of %s %s", m.Kind, m.Name), "INTERFACE", dev, "OTHER", m.Name)
		}
		e.families(i)
	}
}

func (e *exam) state(i Interface) {
	switch {
	case !i.Up:
		e.wrong("interface-down", i.Name, "is switched off", "INTERFACE", i.Name)
	case !i.Carrier:
		e.wrong("interface-down", i.Name, "has no carrier", "INTERFACE", i.Name)
	default:
		e.fine("interface-down", i.Name, "is up")
	}
}

// families looks at the addresses of an interface with groups.
func (e *exam) families(i Interface) {
	for _, f := range []hello.Family{hello.IPv4, hello.IPv6} {
		if !e.has(i.Name, f) {
			continue
		}
		from, virtual := e.source(i, f)
		switch {
		case from.IsValid():
			e.fine("no-address", i.Name, fmt.Sprintf("sends from %s", from))
		case virtual.IsValid():
			e.wrong("no-address", i.Name, fmt.Sprintf("has no address to send IPv%d from but %s, a virtual one", f, virtual), "INTERFACE", i.Name)
		default:
			e.wrong("no-address", i.Name, fmt.Sprintf("has no address to send IPv%d from", f), "INTERFACE", i.Name)
		}
	}
	for _, g := range e.on(i.Name) {
		e.networks(g, i)
	}
}

// checkGlobals looks for virtual addresses that the host itself would speak from. They
// are deprecated, but to the kernel an address of the right scope comes before one that
// is not deprecated (RFC 6724 section 5, rules 2 and 3).
func checkGlobals(e *exam) {
	for _, g := range e.groups {
		global := slices.IndexFunc(g.VirtualIPs, isGlobal6)
		i, ok := e.byName(g.Interface)
		if !ok || global < 0 || e.NoEgress || g.RouteOnly || !g.Accepts() || g.OwnsAddress() {
			continue
		}
		ref, vrf, on := g.Ref.String(), e.vrf(i), "lo"
		if vrf != 0 { // where the kernel prefers the addresses of the interface that a packet leaves by
			on = i.Name
		}
		if own := e.ownGlobal(vrf); own.IsValid() {
			e.fine("no-global-address", ref, fmt.Sprintf("the host itself speaks from others than virtual addresses, such as %s", own))
		} else {
			e.wrong("no-global-address", ref, fmt.Sprintf("%s is put on %s, and the host has no global IPv6 address of its own", g.VirtualIPs[global], i.Name),
				"ADDRESS", g.VirtualIPs[global].String(), "GROUP", ref, "OTHER", on)
		}
	}
}

func isGlobal6(a netip.Addr) bool { return a.Is6() && a.IsGlobalUnicast() }

// ownGlobal returns a global IPv6 address of the host itself in a VRF, or outside of
// all for 0. The kernel takes one of any interface, but not of another VRF.
func (e *exam) ownGlobal(vrf int) netip.Addr {
	for _, i := range e.Interfaces {
		for _, p := range i.Addresses {
			if a := p.Addr(); e.vrf(i) == vrf && isGlobal6(a) && !e.borrowed(a) {
				return a
			}
		}
	}
	return netip.Addr{}
}

// vrf returns the index of the VRF that an interface is, or is a member of, 0 when it
// is in none.
func (e *exam) vrf(i Interface) int {
	m, _ := e.byIndex(i.Master)
	switch {
	case i.Kind == "vrf":
		return i.Index
	case m.Kind == "vrf":
		return m.Index
	}
	return 0
}

// source returns the address that hellos of a family come from: IPv6 uses a
// link-local one. No router speaks from a virtual address, unless it owns that; where
// there is no other it is returned beside none.
func (e *exam) source(i Interface, f hello.Family) (from, virtual netip.Addr) {
	for _, p := range i.Addresses {
		a := p.Addr()
		if hello.FamilyOf(a) != f || f == hello.IPv6 && !a.IsLinkLocalUnicast() {
			continue
		}
		if !e.borrowed(a) {
			return a, netip.Addr{}
		}
		virtual = a
	}
	return netip.Addr{}, virtual
}

// borrowed reports whether an address is a virtual one that this router does not own.
func (e *exam) borrowed(a netip.Addr) bool {
	return slices.ContainsFunc(e.groups, func(g *engine.Group) bool { return !g.OwnsAddress() && contains(g.VirtualIPs, a) })
}

func (e *exam) networks(g *engine.Group, i Interface) {
	link := engine.Link{Name: i.Name, MAC: i.MAC, Addrs: i.Addresses, MTU: i.MTU, Kind: i.Kind, Passthru: i.Passthru}
	if why := g.Misfit(&link, g.VirtualIPs); why != "" {
		e.wrong("misfit", g.Ref.String(), why, "GROUP", g.Ref.String(), "INTERFACE", i.Name)
	}
	for _, vip := range g.VirtualIPs {
		brought := slices.ContainsFunc(g.Prefixes, func(p netip.Prefix) bool { return p.Addr() == vip })
		if brought || i.covers([]netip.Addr{vip}) || vip.Is6() && vip.IsLinkLocalUnicast() {
			continue
		}
		e.wrong("other-network", g.Ref.String(), fmt.Sprintf("%s is in no network of %s", vip, i.Name),
			"INTERFACE", i.Name, "ADDRESS", vip.String(), "GROUP", g.Ref.String())
	}
}

// bridgeOf returns the bridge that frames of an interface pass: itself, the one
// it is a port of, or the one below.
func (e *exam) bridgeOf(dev string) (Interface, bool) {
	i, ok := e.byName(dev)
	for range len(e.Interfaces) {
		if !ok || i.Bridge != nil {
			return i, ok
		}
		if m, ok := e.byIndex(i.Master); ok && m.Bridge != nil {
			return m, true
		}
		i, ok = e.byIndex(i.Parent)
	}
	return Interface{}, false
}

func checkBridges(e *exam) {
	for _, dev := range e.devices() {
		b, ok := e.bridgeOf(dev)
		if !ok {
			continue
		}
		switch br := b.Bridge; {
		case !br.Snooping:
			e.fine("snooping", b.Name, "multicast snooping is off")
		case br.Querier || br.Querier6:
			e.fine("snooping", b.Name, "multicast snooping has a querier")
		case !e.has(dev, hello.IPv6):
			e.fine("snooping", b.Name, "multicast snooping has no querier, and IPv4 hellos (224.0.0.x) need none")
		default:
			e.wrong("snooping", b.Name, "multicast snooping is on, and there is no querier", "BRIDGE", b.Name)
		}
	}
}

func checkRefresh(e *exam) {
	for _, g := range e.groups {
		b, ok := e.bridgeOf(g.Interface)
		if !ok || b.Bridge.Ageing == 0 {
			continue
		}
		refresh, every := g.Announce.Refresh, "off"
		if refresh > 0 {
			every = short(refresh)
		}
		found := fmt.Sprintf("refresh is %s, %s forgets after %s", every, b.Name, short(b.Bridge.Ageing))
		if refresh == 0 || refresh >= b.Bridge.Ageing {
			e.wrong("refresh", g.Ref.String(), found, "GROUP", g.Ref.String(), "BRIDGE", b.Name)
		} else {
			e.fine("refresh", g.Ref.String(), found)
		}
	}
}

// short writes a duration without its zero parts.
func short(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", int(d/time.Second))
	}
	return d.String()
}

// drivers are those of network cards behind which something may filter MACs.
var drivers = map[string]string{
	"virtio_net": "virtio", "vmxnet3": "vmware", "hv_netvsc": "hyper-v", "ena": "cloud", "gve": "cloud",
}

// slots is how many virtual MACs most network cards can filter by.
const slots = 16

func checkDrivers(e *exam) {
	for _, dev := range e.devices() {
		card := e.hardware(dev)
		n := len(e.virtualMACs(dev))
		if card.Driver == "" || n == 0 {
			continue
		}
		id, virtual := drivers[card.Driver]
		switch {
		case virtual && slices.Contains(e.Proven, dev):
			e.fine(id, dev, "driver "+card.Driver+"; neighbours are proven to reach the virtual MAC")
		case virtual:
			e.wrong(id, dev, "driver "+card.Driver, "GROUP", e.on(dev)[0].Ref.String())
		case n > slots:
			e.wrong("filter-slots", dev, fmt.Sprintf("%d virtual MACs, driver %s", n, card.Driver), "INTERFACE", dev)
		default:
			e.fine("filter-slots", dev, fmt.Sprintf("virtual MACs: %d, driver %s", n, card.Driver))
		}
	}
}

// hardware returns what is at the bottom of an interface, unless that is several
// cards.
func (e *exam) hardware(dev string) Interface {
	i, ok := e.byName(dev)
	for range len(e.Interfaces) {
		below, more := e.byIndex(i.Parent)
		if !ok || !more {
			break
		}
		i = below
	}
	return i
}

// virtualMACs returns those of the groups on an interface.
func (e *exam) virtualMACs(dev string) (macs []hello.MAC) {
	for _, g := range e.on(dev) {
		if mac := g.VirtualMAC(); !mac.IsZero() && !slices.Contains(macs, mac) {
			macs = append(macs, mac)
		}
	}
	return macs
}

func checkAddresses(e *exam) {
	for _, g := range e.groups {
		for _, i := range e.Interfaces {
			for _, p := range i.Addresses {
				own := g.OwnsAddress() && g.Interface == i.Name
				if contains(g.VirtualIPs, p.Addr()) && !own {
					e.wrong("leftover-address", i.Name, fmt.Sprintf("has %s, a virtual address of %s", p, g.Ref.String()),
						"INTERFACE", i.Name, "ADDRESS", p.String())
				}
			}
		}
	}
}

// checkOwners looks whether address owners are such.
func checkOwners(e *exam) {
	for _, g := range e.groups {
		if _, ok := e.byName(g.Interface); !ok || !g.OwnsAddress() || g.Follow != "" {
			continue
		}
		ref, all := g.Ref.String(), true
		for _, a := range g.VirtualIPs {
			if !e.own(g.Interface, a) {
				e.wrong("owner-address", ref, fmt.Sprintf("%s is no address of %s", a, g.Interface), "GROUP", ref, "INTERFACE", g.Interface, "ADDRESS", a.String())
				all = false
			}
		}
		if all {
			e.fine("owner-address", ref, g.Interface+" has the addresses")
		}
	}
}

// checkPeers looks at who may speak as a unicast peer.
func checkPeers(e *exam) {
	for _, g := range e.groups {
		i, ok := e.byName(g.Interface)
		far := func(peer netip.Addr) bool {
			return !peer.IsLinkLocalUnicast() && !slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Contains(peer) })
		}
		if !ok || len(g.Peers) == 0 || slices.ContainsFunc(g.Peers, far) {
			continue
		}
		ref := g.Ref.String()
		if g.MinTTL < hello.TTLVRRP {
			e.wrong("min-ttl", ref, fmt.Sprintf("min_ttl = %d, and %v on the link of %s", g.MinTTL, g.Peers, g.Interface), "GROUP", ref)
		} else {
			e.fine("min-ttl", ref, fmt.Sprintf("min_ttl = %d", g.MinTTL))
		}
	}
}

func checkManagers(e *exam) {
	ids := map[string]string{"systemd-networkd": "networkd", "NetworkManager": "networkmanager"}
	for _, dev := range e.devices() {
		i, _ := e.byName(dev)
		if id := ids[i.Manager]; id != "" {
			e.wrong(id, dev, "is managed by "+i.Manager, "INTERFACE", dev)
		}
	}
}

func checkOthers(e *exam) {
	for _, p := range e.Processes {
		found := fmt.Sprintf("runs (process %d)", p.PID)
		if p.Why != "" {
			found = fmt.Sprintf("holds %s (process %d)", p.Why, p.PID)
		}
		e.wrong("other-daemon", p.Name, found, "PROCESS", p.Name)
	}
}
