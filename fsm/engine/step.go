package engine

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// step gives the machine an event and carries out what it answers. Kernel calls
// are only noted here; Flush makes them for all groups at once.
func (g *group) step(now time.Time, ev fsm.Event) {
	g.turned()
	was, ready := stepStart{g.machine.Status(), g.tenure, g.story.moved, g.counters.Announced}, g.ready()
	g.r.watchFor(g, was.machine)
	var moved fsm.Report
	reported := false
	for _, a := range g.machine.Step(now, ev) {
		g.apply(now, was, a)
		if r, ok := a.(fsm.Report); ok {
			moved, reported = r, true
		}
	}
	g.tellServing(now, &was)
	if reported && len(g.followers) > 0 {
		g.tellFollowers(now, moved)
	}
	if g.leader != nil && g.ready() != ready {
		g.leader.doubt()
	}
	g.keepPledge(now)
	g.minded(now)
	for _, f := range g.family() {
		f.lookOut(now)
	}
	g.keepHeirs(now, &was, ev)
}

// apply carries out one action.
func (g *group) apply(now time.Time, was stepStart, a fsm.Action) {
	switch a := a.(type) {
	case fsm.Acquire:
		g.acquire(now)
	case fsm.Release:
		g.release(now, was)
	case fsm.Send:
		g.send(now, a, was)
	case fsm.Announce:
		g.announce(now, a.Kind)
	case fsm.Learned:
		g.learned(now, a)
	case fsm.Report:
		g.report(now, was, a)
	}
}

// tellFollowers gives the followers their leader's new role, in the same flush.
func (g *group) tellFollowers(now time.Time, r fsm.Report) {
	st := g.machine.Status()
	for _, f := range g.followers {
		f.step(now, fsm.Leader{Active: st.Role == fsm.Active, Standby: st.Role == fsm.Standby, Cause: r.Cause, Detail: r.Detail})
	}
}

// send encodes a message.
func (g *group) send(now time.Time, s fsm.Send, was stepStart) {
	if g.codec == nil {
		return
	}
	g.codec.send(now, g, s, g.voice(s, was.tenure))
	if g.tenure.hasAddress() && s.Virtual {
		g.iface.leases.helloLeaves(now, g.grant.term)
	}
}

// learned takes over a virtual address from another router's hello.
func (g *group) learned(now time.Time, l fsm.Learned) {
	st := g.machine.Status()
	g.story.hold = st.HoldTime
	vips := st.VirtualIPs
	if !l.VirtualIP.IsValid() || slices.Equal(vips, g.vips) {
		return
	}
	g.iface.setVirtualIPs(g, slices.Clone(vips))
	g.noteOwned(now, g.onLink())
	g.findNeighbors(now)
	if g.r.complaints.allowed(now, g.Ref, wordLearned) { // two that disagree teach one after the other
		g.tell(now, KindAddress, "virtual address "+l.VirtualIP.String()+" learned from "+l.From.String())
	}
	g.iface.warnOutside(now)
	g.prepared(now, g.prepare())
	g.doubt()
}

// lateAfter is how late a machine may be served before it is worth a word.
const lateAfter = 100 * time.Millisecond

// report records a transition, with what was known when it was decided.
func (g *group) report(now time.Time, was stepStart, r fsm.Report) {
	g.transitions++
	t := &Transition{
		Group: g.Ref, Name: g.Name, From: r.From, To: r.To, At: now, Cause: r.Cause, Detail: r.Detail,
		Waits: g.tenure == waiting,
		Facts: Facts{
			Priority: g.priority.inForce, Active: was.machine.Active, Standby: was.machine.Standby,
			HelloTime: was.machine.HelloTime, HoldTime: was.machine.HoldTime, Heard: g.heard, Down: g.downTracks(),
		},
	}
	if g.r.lateness >= lateAfter {
		t.Facts.Lateness = g.r.lateness
	}
	g.r.history.add(t)
	g.tellMove(now, &r, t)
	g.last = t
	g.r.observe(Event{At: now, Kind: KindTransition, Group: g.Ref, Message: t.String(), Transition: t})
	g.suspect(now)
	g.iface.forwarding.doubt = g.iface.forwarding.doubt || g.tenure.claims()
}
