package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// heardClaim deals with another host that says it has a virtual address. The
// rightful owner answers with an announcement, held back when it goes on (RFC
// 5227 section 2.4); a router that has just asked who has it takes note.
func (i *iface) heardClaim(now time.Time, o garp.Observation) {
	for _, g := range i.byVirtualIP[o.IP] {
		switch {
		case g.tenure == leaving: // the successor, whose hello may come later
		case g.tenure.hasAddress():
			g.turned()
			g.defend(now, o)
		default:
			g.letGoFound(now, fmt.Sprintf("%s answers for %s", o.MAC, o.IP))
			if g.probe != nil && g.probe.listening {
				g.heardOwner(now, o)
			}
		}
	}
}

func (g *group) defend(now time.Time, o garp.Observation) {
	who, why := g.routers().Classify(o)
	if who != garp.Peer && who != garp.Foreign {
		return
	}
	g.announcer.Reassert(now)
	g.announcer.due(now, g)
	if why == garp.ReasonPeerVirtualMAC && now.Sub(g.changed()) < g.elector().machine.Status().HelloTime {
		return // it crosses this router's own claim, which ends it: elections do that
	}
	g.noteConflict(now, o, who, why)
	g.shownByARP(now, o, why)
	g.tellDuplicate(now, wordConflict, o, "claimed by %s (%s, %s); announcing again", o.MAC, who, why)
}

// routers is who may have the addresses of g, as far as g knows.
func (g *group) routers() garp.Routers {
	return garp.Routers{VirtualIPs: g.vips, VirtualMAC: g.mac, RealMAC: g.iface.link.MAC, PeerMACs: g.peers}
}

func (g *group) noteConflict(now time.Time, o garp.Observation, who garp.Owner, why garp.Reason) {
	g.counters.Conflicts++
	g.conflict = &Conflict{At: now, Address: o.IP, MAC: o.MAC, Who: who, Reason: why}
}

// probes is how many times a probe is sent for each address (PROBE_NUM of RFC
// 5227 section 1.1), over at most one hello time.
const probes = 3

// suspect starts to probe when a group begins to wait for its turn and has
// heard of no active router since it started. Whoever takes over from a router
// that was there knows who had the address, and does not ask.
func (g *group) suspect(now time.Time) {
	st := g.machine.Status()
	if g.probe == nil || !g.probe.alone || st.Active.Known || st.Role != fsm.Candidate {
		return
	}
	first := now
	if !g.hsrp() {
		// An active router is heard before: its answer would be no news. An
		// HSRP group in Speak has listened for a hold time already.
		first = now.Add(2 * st.HelloTime)
	}
	g.startProbe(now, first, st)
	for _, f := range g.followers {
		if f.up {
			f.turned()
			f.startProbe(now, first, st)
		}
	}
}

// startProbe begins the first round, in the times of the group that elects.
func (g *group) startProbe(now, first time.Time, st fsm.Status) {
	if g.Group.Announce.Probe == ProbeOff {
		return
	}
	g.probe = &probe{
		alone: g.probe != nil && g.probe.alone, left: probes, next: first, began: first,
		gap: min(st.HelloTime/probes, time.Second), pause: st.HoldTime,
	}
	g.probe.due(now, g)
}

// notAlone notes that an active router is there.
func (g *group) notAlone(m hello.Message) {
	h, ok := m.(*hello.HSRP)
	if g.probe == nil || !g.probe.alone || ok && h.State != hello.Active {
		return
	}
	g.probe = nil
	for _, f := range g.followers {
		f.probe.stop()
	}
}

// due sends a probe that is due, or ends the round.
func (p *probe) due(now time.Time, g *group) {
	if p == nil || p.next.IsZero() || now.Before(p.next) {
		return
	}
	if p.left > 0 {
		p.send(g)
		p.listening = true
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
		g.tell(now, KindConflict, fmt.Sprintf("nobody answers for %s any more", g.conflict.Address))
		g.doubt()
		return
	}
	p.again(p.began)
}

// again plans the round that follows one which began at a time.
func (p *probe) again(began time.Time) {
	p.left, p.next = probes, began.Add(max(p.pause, 2*probes*p.gap))
	p.began = p.next
}

func (p *probe) send(g *group) {
	for _, a := range g.vips {
		if f, err := garp.Probe(a, g.iface.link.MAC); err == nil {
			g.queueFrames(always, [][]byte{f})
		}
	}
}

// heardOwner takes note of somebody who has an address that nobody is active
// for.
func (g *group) heardOwner(now time.Time, o garp.Observation) {
	who, why := g.routers().Classify(o)
	if who == garp.Ours && o.MAC == g.mac && !g.InterfaceMAC {
		// The virtual MAC is nobody's while no router is active.
		who, why = garp.Peer, garp.ReasonPeerVirtualMAC
	}
	if who != garp.Peer && who != garp.Foreign {
		return
	}
	g.noteConflict(now, o, who, why)
	if who == garp.Foreign {
		g.probe.answered = now
		if g.Group.Announce.Probe == ProbeVeto && !g.probe.veto {
			g.probe.veto = true
			if g.probe.next.IsZero() { // the only round is over
				g.probe.again(now)
			}
			g.turned()
			g.doubt()
		}
	}
	g.tellDuplicate(now, wordAnswered, o, "answered for by %s, %s; %s", o.MAC, whose(why), g.consequence())
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
	if g.probe != nil && g.probe.veto {
		return "this router does not claim it"
	}
	return "this router claims it all the same"
}
