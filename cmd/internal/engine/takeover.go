package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// GatewaysChanged tells the engine the next hops of this host's default routes
// through a port's interface. They are neighbours of every group there, beside
// the configured ones.
func (e *Engine) GatewaysChanged(now time.Time, name string, gateways []netip.Addr) {
	s := e.byName[name]
	if e.stopped || s == nil || slices.Equal(s.gateways, gateways) {
		return
	}
	s.gateways = slices.Clone(gateways)
	for _, g := range s.groups {
		e.findNeighbors(now, g)
		e.reschedule(g)
	}
}

// findNeighbors gives a group's prover everybody it has to convince.
func (e *Engine) findNeighbors(now time.Time, g *group) {
	list := slices.Clone(g.cfg.Neighbors)
	for _, a := range g.seg.gateways {
		if hello.FamilyOf(a) == g.wire.family && !slices.Contains(list, a) && !g.carries(a) {
			list = append(list, a)
		}
	}
	g.seg.convince(g, list)
	g.prover.SetNeighbors(now, list)
}

// neighbor is a host that takeovers are proven to, with who proves them.
type neighbor struct {
	groups []*group
	mac    hello.MAC
	at     time.Time // when mac was last passed on
}

// convince makes list the neighbours that g has to convince.
func (s *segment) convince(g *group, list []netip.Addr) {
	for a, n := range s.neighbors {
		n.groups = slices.DeleteFunc(n.groups, func(o *group) bool { return o == g })
		if len(n.groups) == 0 {
			delete(s.neighbors, a)
		}
	}
	for _, a := range list {
		if s.neighbors[a] == nil {
			s.neighbors[a] = &neighbor{}
		}
		s.neighbors[a].groups = append(s.neighbors[a].groups, g)
	}
}

// prove begins to prove a takeover. Neighbours may still turn up later.
func (g *group) prove(now time.Time) {
	if len(g.vips) > 0 {
		g.prover.Start(now, g.provenAddress(), g.mac)
	}
}

// provenAddress is the virtual address to prove: one that the neighbours can
// answer from anywhere, if there is one.
func (g *group) provenAddress() netip.Addr {
	for _, a := range g.vips {
		if !a.IsLinkLocalUnicast() {
			return a
		}
	}
	return g.vips[0]
}

// proveDue sends the proofs that are due and reports the neighbours that have
// not moved.
func (e *Engine) proveDue(now time.Time, g *group) {
	frames, failed := g.prover.Due(now)
	for _, f := range frames {
		g.seg.out.put(g, whileOwner, func(b []byte) []byte { return append(b, f...) })
	}
	for _, r := range failed {
		e.emit(now, g, eventTakeover, r.String())
	}
}

// heardAnswer looks whether a frame is the answer to a proof.
func (e *Engine) heardAnswer(now time.Time, s *segment, b []byte) {
	a, ok := prove.ParseAnswer(b)
	if !ok {
		return
	}
	g := s.ownerOf(a.To)
	if g == nil {
		return
	}
	if r, news := g.prover.Heard(now, a); news {
		e.emit(now, g, eventTakeover, r.String())
		e.reschedule(g)
	}
}

// sameNews is how soon the same MAC of a neighbour is worth passing on again.
const sameNews = 10 * time.Millisecond

// learnNeighbor gives the provers the MAC that ARP or ND showed.
func (e *Engine) learnNeighbor(now time.Time, s *segment, a netip.Addr, mac hello.MAC) {
	n := s.neighbors[a]
	if n == nil || n.mac == mac && now.Sub(n.at) < sameNews {
		return
	}
	n.mac, n.at = mac, now
	for _, g := range n.groups {
		g.prover.Learn(now, a, mac)
		if g.owner {
			e.reschedule(g)
		}
	}
}

// Verify proves the takeover of an active group afresh. Settled tells when it
// has come to an end.
func (e *Engine) Verify(now time.Time, ref string) error {
	g, err := e.active(ref, "verify")
	if err != nil {
		return err
	}
	if !g.prover.Neighbors() {
		return refused("verify", g, "no neighbour is configured and no default route leads through %s: set neighbors", g.seg.name)
	}
	g.prove(now)
	e.proveDue(now, g)
	e.reschedule(g)
	e.Flush(now)
	return nil
}

// Proofs returns the proofs of a group and whether all have come to an end.
func (e *Engine) Proofs(ref string) (proofs []status.Takeover, settled bool, err error) {
	g, err := e.find(ref)
	if err != nil {
		return nil, false, err
	}
	return g.proofs(), g.prover.Settled() || !g.owner, nil
}

func (g *group) proofs() []status.Takeover {
	out := []status.Takeover{}
	for _, r := range g.prover.Results() {
		out = append(out, status.Takeover{
			Address: r.Neighbor.String(), Proven: r.Proven, Method: string(r.Method),
			MS: float64(r.Took.Microseconds()) / 1000, Nudges: r.Nudges, Detail: r.String(),
		})
	}
	return out
}
