package sim

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// segment is a LAN of a scene: a switch with a table, and hosts that use the virtual
// addresses as their routers.
type segment struct {
	p       *staging
	number  int
	plugs   []*plug
	table   map[hello.MAC]*plug      // behind which port the switch has learned a MAC
	clients map[netip.Addr]hello.MAC // what the hosts were told of virtual addresses
}

// transit is how long a frame is on its way. Switches keep the order of frames.
const transit = 50 * time.Microsecond

func newSegment(p *staging, number int) *segment {
	return &segment{p: p, number: number, table: map[hello.MAC]*plug{}, clients: map[netip.Addr]hello.MAC{}}
}

// send carries a frame from one interface to whom the switch delivers it.
func (s *segment) send(from *plug, frame []byte) {
	source, dst := hello.MAC(frame[6:12]), hello.MAC(frame[:6])
	if s.table[source] != from {
		s.table[source] = from
		s.p.dirty = true
	}
	s.p.see(s, from, frame)
	if to := s.table[dst]; to != nil && !dst.IsMulticast() {
		s.deliver(to, frame)
		return
	}
	for _, to := range s.plugs {
		if to != from {
			s.deliver(to, frame)
		}
	}
	if dst.IsMulticast() && !s.lost() {
		s.learn(frame)
	}
}

func (s *segment) deliver(to *plug, frame []byte) {
	if s.lost() {
		return
	}
	frame = slices.Clone(frame)
	s.p.w.after(transit, func() { to.receive(frame) })
}

// lost draws whether a frame is.
func (s *segment) lost() bool {
	return s.p.begun && s.p.scene.Loss > 0 && s.p.w.random.Float64() < s.p.scene.Loss
}

// learn has the hosts note where a virtual address is. What is sent to Cisco's group is
// for switches alone.
func (s *segment) learn(frame []byte) {
	if h, a, err := garp.ParseARP(frame); err == nil {
		if h.Dst == hello.Broadcast && !a.IsProbe() {
			s.note(a.SenderIP, a.SenderMAC)
		}
		return
	}
	if _, n, err := garp.ParseND(frame); err == nil && n.Type == garp.NeighborAdvertisement && !n.LinkAddr.IsZero() {
		s.note(n.Target, n.LinkAddr)
	}
}

func (s *segment) note(ip netip.Addr, mac hello.MAC) {
	if s.clients[ip] != mac {
		s.clients[ip] = mac
		s.p.dirty = true
	}
}

// forget drops what was learned from an interface. What is sent to those MACs is
// flooded from now on.
func (s *segment) forget(from *plug) {
	for mac, g := range s.table {
		if g == from {
			delete(s.table, mac)
		}
	}
	s.p.dirty = true
	for _, g := range s.plugs {
		g.tapWhenFlooded()
	}
}

// floods reports whether the switch does not know where a MAC is.
func (s *segment) floods(mac hello.MAC) bool { return s.table[mac] == nil }

// served returns who forwards what the hosts of the segment send to a group.
func (s *segment) served(c *shared) (by Hosts) {
	mac, known := s.clients[c.Address]
	if !known {
		if mac = c.asked(); mac.IsZero() {
			return 0
		}
	}
	to := s.table[mac]
	for _, g := range s.plugs {
		id := c.IDs[g.host.number]
		if id != 0 && (to == nil || to == g) && g.takes(mac, id) {
			by |= 1 << g.host.number
		}
	}
	return by
}
