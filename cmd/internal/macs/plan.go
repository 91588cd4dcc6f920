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
	p := planner{snapshot: s, roles: r, done: map[key]bool{}, visited: map[place]bool{}}
	for _, name := range uplinks {
		if l, ok := links.ByName(s.Links, name); ok {
			p.walk(l, way{out: l.Name, port: l.Index})
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
	done    map[key]bool
	visited map[place]bool
}

// key is what needs no second frame.
type key struct {
	mac  hello.MAC
	vlan uint16
	out  string
}

// place stops the walk on stacks that reach an interface in two ways.
type place struct {
	index int
	way   way
}

// way is how frames of what is above leave.
type way struct {
	out  string
	vlan uint16
	port int // index of the interface that out names, which may be a bridge's port
}

// walk plans the MAC of l and everything above it.
func (p *planner) walk(l links.Link, w way) {
	at := place{l.Index, w}
	if p.visited[at] {
		return
	}
	p.visited[at] = true
	p.add(l.MAC, w, "interface "+l.Name)
	p.groups(l, w)
	if m, ok := links.ByIndex(p.Links, l.Master); ok && m.Bridge != nil && l.Index == w.port {
		p.bridge(m, l, w)
	}
	p.uppers(l, w)
}

// groups plans the virtual MACs of the groups that are active on l. This is
// the only way a virtual MAC gets into a plan: the same one may be a standby's
// on another interface.
func (p *planner) groups(l links.Link, w way) {
	for _, g := range p.roles.Active {
		if g.Interface == l.Name {
			p.put(g.MAC, w, "group "+g.Name)
		}
	}
}

func (p *planner) uppers(l links.Link, w way) {
	for _, up := range p.Links {
		if up.Parent == l.Index {
			p.above(up, l, w)
		}
	}
}

// above plans up, which is stacked on l, whose frames leave by w.
func (p *planner) above(up, l links.Link, w way) {
	switch {
	case up.Kind != "vlan" && l.Bridge != nil:
		if w, ok := p.untagged(l, w); ok {
			p.walk(up, w)
		}
	case up.Kind != "vlan":
		p.walk(up, w)
	case w.vlan != 0:
		p.skip(up.MAC, "interface "+up.Name, "one tag inside another on "+w.out)
	case p.stacked(up):
		// It puts the tag on itself.
		p.walk(up, way{out: up.Name, port: up.Index})
	default:
		p.walkTagged(up, w)
	}
}

// stacked reports whether frames sent on the VLAN interface l reach the uplink
// and nothing else: there is no bridge in between, which would send them to
// its guests too.
func (p *planner) stacked(l links.Link) bool {
	below, ok := links.ByIndex(p.Links, l.Parent)
	return ok && below.Kind != "bridge"
}

// walkTagged plans a VLAN interface on a bridge: its frames are given to the
// uplink with the tag that the bridge would send.
func (p *planner) walkTagged(l links.Link, w way) {
	tag, ok := p.tag(w.port, l.Parent, l.VLAN)
	if !ok {
		p.skip(l.MAC, "interface "+l.Name, "its VLAN does not leave through "+w.out)
		return
	}
	p.walk(l, way{out: w.out, vlan: tag, port: w.port})
}

// tag returns how frames of a VLAN of a bridge leave through a port; ok is
// false when they do not. vlan 0 is a bridge without VLANs.
func (p *planner) tag(port, bridge int, vlan uint16) (tag uint16, ok bool) {
	b, _ := links.ByIndex(p.Links, bridge)
	if b.Bridge == nil || !b.Bridge.VLANFiltering || vlan == 0 {
		return vlan, true
	}
	for _, v := range p.VLANs[port] {
		if v.ID == vlan && v.Untagged {
			return 0, true
		}
		if v.ID == vlan {
			return vlan, true
		}
	}
	return 0, false
}

// bridge plans the bridge m whose port up leads to the switch.
func (p *planner) bridge(m, up links.Link, w way) {
	if up.PortState != links.PortForwarding {
		return
	}
	p.walkBridge(m, w)
	for _, e := range p.FDB {
		if e.Bridge == m.Index {
			p.guest(e, up, w)
		}
	}
}

// walkBridge plans the MAC of a bridge, in each of its own VLANs when it knows
// VLANs, and what is stacked on it.
func (p *planner) walkBridge(m links.Link, w way) {
	if !m.Bridge.VLANFiltering {
		p.walk(m, w)
		return
	}
	for _, v := range p.VLANs[m.Index] {
		if tag, ok := p.tag(w.port, m.Index, v.ID); ok {
			p.add(m.MAC, way{out: w.out, vlan: tag}, "interface "+m.Name)
		}
	}
	if u, ok := p.untagged(m, w); ok {
		p.groups(m, u)
	}
	p.uppers(m, w)
}

// untagged returns how frames leave that the host sends on a bridge without a
// tag: in the bridge's own PVID. ok is false when they do not.
func (p *planner) untagged(m links.Link, w way) (u way, ok bool) {
	if !m.Bridge.VLANFiltering {
		return w, true
	}
	for _, v := range p.VLANs[m.Index] {
		if v.PVID {
			w.vlan, ok = p.tag(w.port, m.Index, v.ID)
			return w, ok
		}
	}
	return w, false
}

// guest plans an entry of a bridge's table.
func (p *planner) guest(e entry, up links.Link, w way) {
	port, _ := links.ByIndex(p.Links, e.Port)
	of := "guest behind " + port.Name
	switch tag, ok := p.tag(w.port, e.Bridge, e.VLAN); {
	case e.Local:
		// A port's own MAC, which no frame leaves from, or the bridge's, which
		// is planned already.
	case e.Port == up.Index:
		p.skip(e.MAC, of, "learned from the uplink")
	case !ok:
		p.skip(e.MAC, of, "its VLAN does not leave through "+w.out)
	default:
		p.add(e.MAC, way{out: w.out, vlan: tag}, of)
	}
}

// add plans a frame of a station.
func (p *planner) add(mac hello.MAC, w way, of string) {
	switch why := p.roles.forbid(mac); {
	case mac.IsZero():
	case mac.IsMulticast():
		p.skip(mac, of, "not the address of a station")
	case why != "":
		p.skip(mac, of, why)
	default:
		p.put(mac, w, of)
	}
}

// put plans a frame unless the same one is planned.
func (p *planner) put(mac hello.MAC, w way, of string) {
	if k := (key{mac, w.vlan, w.out}); !p.done[k] {
		p.done[k] = true
		p.items = append(p.items, Item{MAC: mac, VLAN: w.vlan, Out: w.out, Of: of})
	}
}

func (p *planner) skip(mac hello.MAC, of, why string) {
	p.skipped = append(p.skipped, Skip{MAC: mac, Of: of, Why: why})
}
