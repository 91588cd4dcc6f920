package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// iface is one interface with the groups on it.
type iface struct {
	r    *router
	name string
	port Port `state:"of this process"`
	link Link // as the groups see it

	absence absence
	former  []former // subnets that were the interface's a moment ago

	groups      []*group
	byWire      map[wireID]*group
	byVirtualIP map[netip.Addr][]*group
	gateways    []netip.Addr
	neighbors   map[netip.Addr]*neighbor

	out    outbox `state:"empty between two turns"`
	round  Round  // of the port's last Address
	leases leases

	inquests []*inquest // one for each active router
	covering int        // groups that forward for a silent one
	lookout  lookout
	untold   []*group // that forward since this turn

	duplicate  Duplicate
	rejected   map[hello.Reject]uint64 // packets that belong to no group
	advertises uint64                  // interface-state messages of HSRP
	unheard    unheard                 // whose they are, and those of its groups
	unsent     uint64                  // frames that did not leave
	lastError  error
	restored   Restored
	forwarding forwarding
	outside    [2]string // what was last said of addresses outside the prefixes, by family

	env  hello.Envelope   `state:"of one frame"`
	hsrp hello.HSRPPacket `state:"of one frame"` // the last ones parsed
	vrrp hello.VRRPPacket `state:"of one frame"`

	received fsm.Received `state:"of one frame"` // what the machine of its group is given
}

func newIface(r *router, name string, port Port) *iface {
	return &iface{
		r: r, name: name, port: port, link: Link{Name: name, Index: unseen},
		byWire: map[wireID]*group{}, byVirtualIP: map[netip.Addr][]*group{},
		neighbors: map[netip.Addr]*neighbor{}, rejected: map[hello.Reject]uint64{},
	}
}

// ref is the reference under which complaints about the interface are counted.
func (i *iface) ref() Ref { return Ref{Interface: i.name} }

// tell tells the observer something about the interface.
func (i *iface) tell(now time.Time, kind Kind, message string) {
	i.r.tell(now, Ref{}, kind, i.name+": "+message)
}

// add puts g on the interface.
func (i *iface) add(g *group) {
	g.iface = i
	i.groups = append(i.groups, g)
	i.byWire[g.wire] = g
	i.setVirtualIPs(g, g.vips)
}

// setVirtualIPs makes vips the virtual addresses of g.
func (i *iface) setVirtualIPs(g *group, vips []netip.Addr) {
	for _, v := range g.vips {
		i.byVirtualIP[v] = slices.DeleteFunc(i.byVirtualIP[v], func(other *group) bool { return other == g })
		if len(i.byVirtualIP[v]) == 0 {
			delete(i.byVirtualIP, v)
		}
	}
	for _, v := range vips {
		i.byVirtualIP[v] = append(i.byVirtualIP[v], g)
	}
	g.vips = vips
}

// serving returns the group that serves the virtual address a here, or nil.
func (i *iface) serving(a netip.Addr) *group {
	for _, g := range i.byVirtualIP[a] {
		if g.tenure.hasAddress() {
			return g
		}
	}
	return nil
}

// neighbor is a host that takeovers are proven to, with the groups that prove
// them.
type neighbor struct {
	groups []*group
	mac    hello.MAC
	at     time.Time // when mac was last passed on
}

// setNeighbors makes list the neighbours of g.
func (i *iface) setNeighbors(g *group, list []netip.Addr) {
	for a, n := range i.neighbors {
		n.groups = slices.DeleteFunc(n.groups, func(other *group) bool { return other == g })
		if len(n.groups) == 0 {
			delete(i.neighbors, a)
		}
	}
	for _, a := range list {
		if i.neighbors[a] == nil {
			i.neighbors[a] = &neighbor{}
		}
		i.neighbors[a].groups = append(i.neighbors[a].groups, g)
	}
}

// whyUnknown tells a group that exists in another version from one that does
// not exist at all.
func (i *iface) whyUnknown(w wireID) hello.Reject {
	for w.version = range uint8(4) {
		if i.byWire[w] != nil {
			return hello.RejectVersion
		}
	}
	return hello.RejectGroup
}
