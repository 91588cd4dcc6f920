package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
)

// resumption is how a group gets the role back that the process before this one had
// when it died. The gate and the addresses are still there, and hosts still send
// here. Nothing was heard between the crash and the start, so the first thing is to
// ask: whoever is active by now answers for the virtual address within a millisecond,
// and need not be waited for until its next hello. Nobody answers: the role is taken
// up at once, as after a stall of the same length. Somebody does, or claims the role:
// gate and addresses go at once, and the group stands for election as any other.
type resumption struct {
	until time.Time // the lease of the gate ends
	left  int       // questions not asked yet
	next  time.Time // the next one, or the end of the last one's time; zero: not asking
}

// A question gets lost now and then, and so may an answer. All of it takes less time
// than a lease has left in a fast start.
const (
	resumeQuestions = 3
	resumeEvery     = 40 * time.Millisecond
)

// Found is the port's word that the gate of a group is open, by a process that has
// died, and stays so for left: with the same virtual MAC, addresses, routes and rules
// that the group has now. It comes before the LinkChanged with which the interface can
// carry the group. From then on the group shuts the gate, unless it resumes the role. That of
// a group that follows goes with its leader's.
func (e *Engine) Found(now time.Time, id ID, left time.Duration) {
	g := e.byID[id]
	if e.stopped || g == nil || left <= 0 || g.up || g.tenure != absent {
		return
	}
	g.resumption = &resumption{until: now.Add(left)}
}

// found reports whether the gate is still the one that was found.
func (p *resumption) found(now time.Time) bool { return p != nil && now.Before(p.until) }

// resume begins to ask when the group has started.
func (g *group) resume(now time.Time) {
	p := g.resumption
	if p == nil || !p.next.IsZero() || g.leader != nil {
		return
	}
	if g.tenure != absent { // an address owner
		g.resumption = nil
		return
	}
	p.left, p.next = resumeQuestions, now
	p.due(now, g)
}

func (p *resumption) deadline() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.next
}

// due asks again, or decides.
func (p *resumption) due(now time.Time, g *group) {
	switch {
	case p == nil || p.next.IsZero() || now.Before(p.next):
	case !g.up || !p.found(now):
		g.letGoFound(now, "the lease has ended")
	case p.left > 0:
		p.left--
		p.next = now.Add(resumeEvery)
		for _, a := range g.vips {
			if f, err := garp.Probe(a, g.iface.link.MAC); err == nil {
				g.queueFrames(always, [][]byte{f})
			}
		}
	default:
		g.iface.resumeTogether(now, p)
	}
}

// resumeTogether takes up the roles of all groups that have asked, when the last one
// has: the first gate that is opened replaces those that were found.
func (i *iface) resumeTogether(now time.Time, p *resumption) {
	for _, g := range i.groups {
		if o := g.resumption; o != nil && (o.next.After(now) || o.left > 0) {
			p.next = now.Add(resumeEvery)
			return
		}
	}
	for _, g := range i.groups {
		p := g.resumption
		if p == nil || p.next.IsZero() || !p.found(now) {
			continue // the lease has ended, which its own turn finds
		}
		left := p.until.Sub(now).Round(time.Millisecond)
		g.resumption = nil
		g.step(now, fsm.Reclaim{Cause: fsm.CauseResumed, Detail: fmt.Sprintf("the last process died as the active router, nobody answers for the address, and its lease had %v left", left)})
		for _, f := range g.followers {
			f.letGoFound(now, "its leader is not active")
		}
	}
}

// letGoFound gives back what was found.
func (g *group) letGoFound(now time.Time, why string) {
	if g.resumption == nil {
		return
	}
	g.turned()
	g.resumption = nil
	if g.tenure.hasAddress() {
		return
	}
	for _, f := range g.followers {
		f.letGoFound(now, why)
	}
	g.iface.out.shut = append(g.iface.out.shut, g.id)
	g.iface.out.remove = append(g.iface.out.remove, g.id)
	g.tell(now, KindNotice, "the role of the process that died is not resumed: "+why)
}

// yieldFound notes whether another router has the role.
func (g *group) yieldFound(now time.Time, h *Heard) {
	if h.claims() && g.resumption != nil {
		g.letGoFound(now, fmt.Sprintf("%s is active", h.From))
	}
}
