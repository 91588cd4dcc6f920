package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// due sends the proofs that are due and reports the neighbours that have not
// moved.
func (p *proof) due(now time.Time, g *group) {
	if p.held {
		return
	}
	frames, failed := p.Due(now)
	g.queueFrames(whileServing, frames)
	for _, r := range failed {
		g.tell(now, KindTakeover, r.String())
	}
}

// prove begins to prove a takeover. Neighbours may still turn up later.
func (g *group) prove(now time.Time) {
	if len(g.vips) > 0 {
		g.proof.Start(now, g.provenAddress(), g.mac)
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

// findNeighbors gives the group everybody to prove a takeover to.
func (g *group) findNeighbors(now time.Time) {
	list := slices.Clone(g.Neighbors)
	for _, a := range g.iface.gateways {
		if hello.FamilyOf(a) == g.Family && !slices.Contains(list, a) && !slices.Contains(g.vips, a) {
			list = append(list, a)
		}
	}
	g.iface.setNeighbors(g, list)
	g.proof.SetNeighbors(now, list)
}

// heardAnswer looks whether a frame is the answer to a proof.
func (i *iface) heardAnswer(now time.Time, b []byte) {
	a, ok := prove.ParseAnswer(b)
	if !ok {
		return
	}
	g := i.serving(a.To)
	if g == nil {
		i.heardExaminee(now, a)
		return
	}
	g.turned()
	if r, news := g.proof.Heard(now, a); news {
		g.tell(now, KindTakeover, r.String())
		g.checkProofs(now)
	}
}

// heardExaminee gives an answer to this router itself to the groups that have asked.
func (i *iface) heardExaminee(now time.Time, a prove.Answer) {
	if !i.link.Owns(a.To) || i.neighbors[a.From] == nil {
		return
	}
	for _, g := range i.groups {
		if p := g.pledge; p != nil && p.examining {
			g.turned()
			p.exam.Heard(now, a)
			g.examined(now)
		}
	}
}

// learnExaminee passes a MAC on to the examination of a pledge.
func (g *group) learnExaminee(now time.Time, a netip.Addr, mac hello.MAC) {
	if p := g.pledge; p != nil && p.examining {
		g.turned()
		p.exam.Learn(now, a, mac)
	}
}

// sameNews is how soon the same MAC of a neighbour is worth passing on again.
const sameNews = 10 * time.Millisecond

// learnNeighbor gives the proofs the MAC that ARP or ND showed.
func (i *iface) learnNeighbor(now time.Time, a netip.Addr, mac hello.MAC) {
	n := i.neighbors[a]
	if n == nil || n.mac == mac && now.Sub(n.at) < sameNews {
		return
	}
	n.mac, n.at = mac, now
	for _, g := range n.groups {
		g.turned()
		g.proof.Learn(now, a, mac)
		g.elector().learnExaminee(now, a, mac)
	}
}
