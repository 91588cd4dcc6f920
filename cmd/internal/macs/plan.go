package macs

import (
	"cmp"
	"slices"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/hello"
)

// entry is one entry of a bridge's forwarding table.
type entry struct {
	MAC    hello.MAC
	VLAN   uint16 // 0 when the bridge does not filter VLANs
	Bridge int    // index
	Port   int    // index of the port behind which the MAC is
	Local  bool   // the bridge's or a port's own MAC, not one learned or set
}

// portVLAN is a VLAN that a bridge passes through a port.
type portVLAN struct {
	ID       uint16
	Untagged bool // frames leave without tag
	PVID     bool // frames without tag are taken as of this VLAN
}

// snapshot is what a plan is made from.
type snapshot struct {
	Links []links.Link
	FDB   []entry
	VLANs map[int][]portVLAN // by index of port or bridge; only of VLAN-aware bridges
}

// Item is one frame to send.
type Item struct {
	MAC  hello.MAC `json:"mac"`
	VLAN uint16    `json:"vlan"` // 0 = untagged
	Out  string    `json:"out"`  // interface
	Of   string    `json:"of"`   // whose MAC it is, for a person
}

// Skip is a MAC that is not announced, and why.
type Skip struct {
	MAC hello.MAC `json:"mac"`
	Of  string    `json:"of"`
	Why string    `json:"why"`
}

// plan returns the frames that teach the switches behind the uplinks every MAC
// that is reached through them: those of the uplink itself and of what is
// stacked on it (bridges, VLAN and macvlan interfaces), those that a bridge has
// learned behind its other ports, and the virtual MACs of groups that are
// active on any of these. Each (MAC, VLAN) leaves once through each uplink.
//
// MACs of other hardware are left out, as a switch would look for them in the
// wrong place, and so are those that were learned from the uplink, and every
// virtual MAC of a group that is not active here.
func plan(s snapshot, uplinks []string, r Roles) ([]Item, []Skip) {
	p := planner{snapshot: s, roles: r, planned: map[Item]bool{}, visited: map[visit]bool{}}
	for _, name := range uplinks {
		if l, ok := links.ByName(s.Links, name); ok {
			p.walk(l, exit{out: l.Name, port: l.Index})
		}
	}
	slices.SortStableFunc(p.skipped, func(a, b Skip) int { return cmp.Compare(a.MAC.String(), b.MAC.String()) })
	return p.items, slices.Compact(p.skipped)
}

type planner struct {
	snapshot
	roles   Roles
	items   []Item
	skipped []Skip
	planned map[Item]bool // without Of: the same frame is sent once, whoever's it is
	visited map[visit]bool
}

// visit is an interface whose frames leave by an exit. It is planned once, also
// where a stack reaches it twice.
type visit struct {
	index int
	exit  exit
}

// exit is how the frames of an interface leave.
type exit struct {
	out  string
	vlan uint16
	port int // index of the interface that out names, which may be a bridge's port
}

// walk plans the MAC of l and everything above it.
func (p *planner) walk(l links.Link, x exit) {
	at := visit{l.Index, x}
	if p.visited[at] {
		return
	}
	p.visited[at] = true
	p.station(l.MAC, x, "interface "+l.Name)
	p.groups(l, x)
	if m, ok := links.ByIndex(p.Links, l.Master); ok && m.Bridge != nil && l.Index == x.port {
		p.bridge(m, l, x)
	}
	p.uppers(l, x)
}

// groups plans the virtual MACs of the groups that are active on l. This is
// the only way a virtual MAC gets into a plan: the same one may be a standby's
// on another interface.
func (p *planner) groups(l links.Link, x exit) {
	for _, g := range p.roles.Active {
		if g.Interface == l.Name {
			p.frame(g.MAC, x, "group "+g.Name)
		}
	}
}

// uppers plans what is stacked on l, whose frames leave by x.
func (p *planner) uppers(l links.Link, x exit) {
	for _, up := range p.Links {
		switch {
		case up.Parent != l.Index:
		case up.Kind == "vlan":
			p.vlan(up, l, x)
		case l.Bridge == nil:
			p.walk(up, x)
		default:
			if x, ok := p.untagged(l, x); ok {
				p.walk(up, x)
			}
		}
	}
}

// vlan plans a VLAN interface on l. On a bridge its frames are given to the
// uplink with the tag that the bridge would send: the bridge itself would send
// them to its guests too. Elsewhere it puts the tag on itself.
func (p *planner) vlan(up, l links.Link, x exit) {
	tag, ok := p.tag(x.port, l.Index, up.VLAN)
	switch {
	case x.vlan != 0:
		p.skip(up.MAC, "interface "+up.Name, "one tag inside another on "+x.out)
	case l.Kind != "bridge":
		p.walk(up, exit{out: up.Name, port: up.Index})
	case !ok:
		p.skip(up.MAC, "interface "+up.Name, "its VLAN does not leave through "+x.out)
	default:
		p.walk(up, exit{out: x.out, vlan: tag, port: x.port})
	}
}

// tag returns how frames of a VLAN of a bridge leave through a port; ok is
// false when they do not. vlan 0 is a bridge without VLANs.
func (p *planner) tag(port, bridge int, vlan uint16) (tag uint16, ok bool) {
	b, _ := links.ByIndex(p.Links, bridge)
	if b.Bridge == nil || !b.Bridge.VLANFiltering || vlan == 0 {
		return vlan, true
	}
	for _, v := range p.VLANs[port] {
		switch {
		case v.ID != vlan:
		case v.Untagged:
			return 0, true
		default:
			return vlan, true
		}
	}
	return 0, false
}

// bridge plans the bridge m whose port up leads to the switch.
func (p *planner) bridge(m, up links.Link, x exit) {
	if up.PortState != links.PortForwarding {
		return
	}
	p.walkBridge(m, x)
	for _, e := range p.FDB {
		if e.Bridge == m.Index {
			p.guest(e, up, x)
		}
	}
}

// walkBridge plans the MAC of a bridge, in each of its own VLANs when it knows
// VLANs, and what is stacked on it.
func (p *planner) walkBridge(m links.Link, x exit) {
	if !m.Bridge.VLANFiltering {
		p.walk(m, x)
		return
	}
	for _, v := range p.VLANs[m.Index] {
		if tag, ok := p.tag(x.port, m.Index, v.ID); ok {
			p.station(m.MAC, exit{out: x.out, vlan: tag}, "interface "+m.Name)
		}
	}
	if x, ok := p.untagged(m, x); ok {
		p.groups(m, x)
	}
	p.uppers(m, x)
}

// untagged returns how frames leave that the host sends on a bridge without a
// tag: in the bridge's own PVID. ok is false when they do not.
func (p *planner) untagged(m links.Link, x exit) (exit, bool) {
	if !m.Bridge.VLANFiltering {
		return x, true
	}
	for _, v := range p.VLANs[m.Index] {
		if v.PVID {
			tag, ok := p.tag(x.port, m.Index, v.ID)
			x.vlan = tag
			return x, ok
		}
	}
	return x, false
}

// guest plans an entry of a bridge's table.
func (p *planner) guest(e entry, up links.Link, x exit) {
	port, _ := links.ByIndex(p.Links, e.Port)
	of := "guest behind " + port.Name
	switch tag, ok := p.tag(x.port, e.Bridge, e.VLAN); {
	case e.Local:
		// A port's own MAC, which no frame leaves from, or the bridge's, which
		// is planned already.
	case e.Port == up.Index:
		p.skip(e.MAC, of, "learned from the uplink")
	case !ok:
		p.skip(e.MAC, of, "its VLAN does not leave through "+x.out)
	default:
		p.station(e.MAC, exit{out: x.out, vlan: tag}, of)
	}
}

// station plans the frame of a MAC, unless that is none to announce.
func (p *planner) station(mac hello.MAC, x exit, of string) {
	switch why := p.roles.forbid(mac); {
	case mac.IsZero():
	case mac.IsMulticast():
		p.skip(mac, of, "not the address of a station")
	case why != "":
		p.skip(mac, of, why)
	default:
		p.frame(mac, x, of)
	}
}

// frame plans a frame unless the same one is planned.
func (p *planner) frame(mac hello.MAC, x exit, of string) {
	it := Item{MAC: mac, VLAN: x.vlan, Out: x.out}
	if !p.planned[it] {
		p.planned[it] = true
		it.Of = of
		p.items = append(p.items, it)
	}
}

func (p *planner) skip(mac hello.MAC, of, why string) {
	p.skipped = append(p.skipped, Skip{MAC: mac, Of: of, Why: why})
}
