package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// conflict is the last claim of one of a group's addresses by somebody else.
type conflict struct {
	at     time.Time
	addr   netip.Addr
	mac    hello.MAC
	owner  garp.Owner
	reason garp.Reason
}

func (c *conflict) status() *status.Conflict {
	if c.at.IsZero() {
		return nil
	}
	return &status.Conflict{Address: c.addr.String(), MAC: c.mac.String(), Who: c.owner.String(), Reason: string(c.reason), At: c.at}
}

// claimed deals with another host that says it has a virtual address. The
// rightful owner answers with an announcement, held back when it goes on (RFC
// 5227 section 2.4); a router that has just asked who has it takes note.
func (e *Engine) claimed(now time.Time, s *segment, o garp.Observation) {
	for _, g := range s.carriers[o.IP] {
		switch {
		case g.owner:
			e.defend(now, g, o)
		case g.probe.listening:
			e.answered(now, g, o)
		}
	}
}

func (e *Engine) defend(now time.Time, g *group, o garp.Observation) {
	who, why := g.neighborhood().Classify(o)
	if who != garp.Peer && who != garp.Foreign {
		return
	}
	g.noteConflict(now, o, who, why)
	g.schedule.Reassert(now)
	e.announceDue(now, g)
	e.reschedule(g)
	if e.unheard(now, g, "conflict", o.MAC.String()) {
		e.emit(now, g, eventConflict, fmt.Sprintf("%s is claimed by %s (%s, %s); announcing again", o.IP, o.MAC, who, why))
	}
}

func (g *group) neighborhood() garp.Segment {
	return garp.Segment{VirtualIPs: g.vips, VirtualMAC: g.mac, RealMAC: g.seg.link.MAC, PeerMACs: g.peers}
}

func (g *group) noteConflict(now time.Time, o garp.Observation, who garp.Owner, why garp.Reason) {
	g.counters.conflicts++
	g.conflict = conflict{at: now, addr: o.IP, mac: o.MAC, owner: who, reason: why}
}

// probes is how many times a probe is sent for each address (PROBE_NUM of RFC
// 5227 section 1.1), over at most one hello time.
const probes = 3

// probe looks for somebody who has a virtual address before this router claims
// it. It runs while the machine waits for other routers anyway, and never makes
// it wait, except for a stranger who answers and may veto.
type probe struct {
	listening bool
	veto      bool      // a stranger answered, and the configuration lets him
	left      int       // probes to send in this round
	next      time.Time // the next one, or the end of the round; zero when idle
	gap       time.Duration
	pause     time.Duration // from round to round, while vetoed
	began     time.Time     // of the round
	answered  time.Time     // last answer of a stranger
}

func (p *probe) stop() { *p = probe{} }

func (p *probe) deadline() (time.Time, bool) { return p.next, !p.next.IsZero() }

// suspect starts to probe when a group begins to wait for its turn and has
// heard of no active router since it started. Whoever takes over from a router
// that was there knows who had the address, and does not ask.
func (e *Engine) suspect(now time.Time, g *group) {
	st := g.machine.Status()
	if !g.alone || st.Active.Known || st.Role != fsm.Candidate {
		return
	}
	first := now
	if !g.isHSRP() {
		// An active router is heard before: its answer would be no news. A
		// group in Speak has listened for a hold time already.
		first = now.Add(2 * st.HelloTime)
	}
	e.startProbe(now, first, g, st.HelloTime, st.HoldTime)
	for _, f := range g.followers {
		if f.up {
			e.startProbe(now, first, f, st.HelloTime, st.HoldTime)
			e.reschedule(f)
		}
	}
}

func (e *Engine) startProbe(now, first time.Time, g *group, hello, hold time.Duration) {
	if p := g.cfg.Announce.Probe; p != "warn" && p != "veto" {
		return
	}
	g.probe = probe{
		listening: true, left: probes, next: first, began: first,
		gap: min(hello/probes, time.Second), pause: hold,
	}
	e.probeDue(now, g)
}

// notAlone notes that an active router is there.
func (e *Engine) notAlone(g *group, m hello.Message) {
	h, ok := m.(*hello.HSRP)
	if !g.alone || ok && h.State != hello.Active {
		return
	}
	g.alone = false
	g.probe.stop()
	for _, f := range g.followers {
		f.probe.stop()
	}
}

// probeDue sends a probe that is due, or ends the round.
func (e *Engine) probeDue(now time.Time, g *group) {
	p := &g.probe
	if p.next.IsZero() || now.Before(p.next) {
		return
	}
	if p.left > 0 {
		e.sendProbes(g)
		p.left--
		p.next = now.Add(p.gap)
		return
	}
	p.next = time.Time{}
	if !p.veto {
		return
	}
	if p.answered.Before(p.began) {
		p.veto = false
		e.emit(now, g, eventConflict, fmt.Sprintf("nobody answers for %s any more", g.conflict.addr))
		e.doubt(g)
		return
	}
	p.left, p.next = probes, p.began.Add(max(p.pause, 2*probes*p.gap))
	p.began = p.next
}

func (e *Engine) sendProbes(g *group) {
	for _, a := range g.vips {
		f, err := garp.NewProbe(a, g.seg.link.MAC)
		if err == nil {
			g.seg.out.put(g, always, func(b []byte) []byte { return append(b, f.Frame()...) })
		}
	}
}

// answered takes note of somebody who has an address that nobody is active
// for.
func (e *Engine) answered(now time.Time, g *group, o garp.Observation) {
	who, why := g.neighborhood().Classify(o)
	if who == garp.Ours && o.MAC == g.mac && g.hasMAC() {
		// Nobody who is told the truth by hearsay: nobody is active here.
		who, why = garp.Peer, garp.ReasonPeerVirtualMAC
	}
	if who != garp.Peer && who != garp.Foreign {
		return
	}
	g.noteConflict(now, o, who, why)
	if who == garp.Foreign {
		g.probe.answered = now
		if g.cfg.Announce.Probe == "veto" && !g.probe.veto {
			g.probe.veto = true
			e.doubt(g)
		}
	}
	if e.unheard(now, g, "answered", o.MAC.String()) {
		e.emit(now, g, eventConflict, fmt.Sprintf("%s is answered for by %s, %s; %s", o.IP, o.MAC, whose(why), g.consequence()))
	}
}

// whose says who it is that answers for the address of a group of which no
// active router is heard.
func whose(why garp.Reason) string {
	switch why {
	case garp.ReasonPeerVirtualMAC:
		return "the virtual MAC of the group: a router is active whose hellos do not arrive, or has kept the address"
	case garp.ReasonPeerMAC:
		return "the interface MAC of another router of the group: it has kept the address"
	case garp.ReasonOtherGroup:
		return "the virtual MAC of another group"
	}
	return "a stranger"
}

func (g *group) consequence() string {
	if g.probe.veto {
		return "this router does not claim it"
	}
	return "this router claims it all the same"
}
