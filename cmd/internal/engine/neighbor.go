package engine

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// heardARP answers for the virtual addresses this router holds and notices
// who else claims one.
func (e *Engine) heardARP(now time.Time, s *segment, b []byte) {
	h, a, err := garp.ParseARP(b)
	if err != nil {
		return
	}
	if o, ok := garp.ObserveARP(h, a); ok {
		e.claimed(now, s, o)
		e.learnNeighbor(now, s, o.IP, o.MAC)
	}
	if g := s.ownerOf(a.TargetIP); g != nil && a.Op == garp.OpRequest && !a.IsGratuitous() {
		if reply, ok := garp.ARPReply(a, g.mac); ok {
			e.answer(g, reply)
		}
	}
}

// heardND does the same for IPv6.
func (e *Engine) heardND(now time.Time, s *segment, b []byte) {
	h, n, err := garp.ParseND(b)
	if err != nil {
		if isRouterSolicitation(b) {
			e.solicited(now, s)
			return
		}
		e.heardAnswer(now, s, b)
		return
	}
	if o, ok := garp.ObserveND(h, n); ok {
		e.claimed(now, s, o)
		e.learnNeighbor(now, s, o.IP, o.MAC)
	}
	if g := s.ownerOf(n.Target); g != nil {
		if reply, ok := garp.NDReply(h, n, g.mac); ok {
			e.answer(g, reply)
		}
	}
}

func (e *Engine) answer(g *group, reply []byte) {
	g.counters.answered++
	g.seg.out.put(g, whileOwner, func(b []byte) []byte { return append(b, reply...) })
}

// maxPeers bounds how many routers of a group are remembered by their MAC.
const maxPeers = 16

// meet remembers the interface MAC of another router of the group: HSRP
// version 2 carries it, the others show it while they are not active.
func (g *group) meet(m hello.Message, source hello.MAC) {
	mac := source
	if h, ok := m.(*hello.HSRP); ok && !h.Identifier.IsZero() {
		mac = h.Identifier
	}
	if mac == g.mac || mac.IsZero() || slices.Contains(g.peers, mac) {
		return
	}
	if len(g.peers) == maxPeers {
		g.peers = append(g.peers[:0], g.peers[1:]...)
	}
	g.peers = append(g.peers, mac)
}
