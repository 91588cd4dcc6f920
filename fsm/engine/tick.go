package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// Deadline returns when Wake and Tick have something to do next.
func (e *Engine) Deadline() (time.Time, bool) {
	at := e.urgent()
	at = sooner(at, e.chores.next())
	at = sooner(at, e.farewells.deadline())
	at = sooner(at, e.waits.deadline(e.woken))
	at = sooner(at, e.complaints.leftOut.deadline())
	for _, i := range e.ifaces {
		at = sooner(at, i.inquestDeadline())
		at = sooner(at, i.coverDeadline())
		at = sooner(at, i.lookout.deadline())
	}
	return at, !at.IsZero() && !e.stopped
}

// urgent returns the deadline of what nothing that is received may delay: the
// machines and the leases, and an address that does not come back.
func (e *Engine) urgent() time.Time {
	e.settle()
	at := sooner(e.speaking.next(), e.silent.next())
	for _, i := range e.ifaces {
		at = sooner(at, i.leases.deadline())
		at = sooner(at, i.absence.deadline())
	}
	return at
}

// Urgent reports whether Tick is to be called before another frame is read: a
// hello or the end of a hold time is due, or the renewal of a lease. What is to
// be announced can wait for those who have not even claimed their role.
func (e *Engine) Urgent(now time.Time) bool {
	at := e.urgent()
	return !at.IsZero() && !e.stopped && !e.behind && !at.After(now)
}

// Tick serves what is due at now: leases first, then the hellos of active
// groups, then at most a chunk of the other groups and a chunk of what is to be
// announced. It flushes what it caused. When more is due Deadline returns a time
// that has passed.
func (e *Engine) Tick(now time.Time) {
	if e.stopped {
		return
	}
	if e.behind { // of a caller who has nothing to read
		e.catchUp(now, nil)
	}
	e.late = 0
	e.checkLeases(now)
	for _, i := range e.ifaces {
		i.endAbsence(now)
		i.inquire(now)
	}
	e.settle()
	e.serveDue(now, &e.speaking, e.speaking.Len())
	e.serveDue(now, &e.silent, chunk)
	e.serveDue(now, &e.chores, chunk)
	e.Flush(now)
	e.endFarewells(now)
	e.tellLeftOut(now)
}

// serveDue serves at most n tasks of a queue.
func (e *Engine) serveDue(now time.Time, q *queue[*group], n int) {
	for range n {
		e.settle()
		t := q.popDue(now)
		if t == nil {
			return
		}
		if t == &t.of.choreTask {
			t.of.doChores(now)
			continue
		}
		e.lateness = now.Sub(t.due)
		e.timing.record(e.lateness)
		t.of.step(now, fsm.Tick{})
		e.lateness = 0
	}
}

// settle files the groups that have had a turn under their deadlines.
func (e *Engine) settle() {
	for _, g := range e.turned {
		g.unfiled = false
		q := &e.silent
		if g.tenure.elected() {
			q = &e.speaking
		}
		due, armed := g.machine.Deadline()
		q.file(&g.machineTask, due, armed)
		due = g.choreDeadline()
		e.chores.file(&g.choreTask, due, !due.IsZero())
	}
	e.turned = e.turned[:0]
}

// chore is something that a group does at times of its own, beside its machine. One that
// the group does not have is a nil pointer, and never due.
type chore interface {
	deadline() time.Time         // zero: never
	due(now time.Time, g *group) // does what is due at now, if anything is
}

// chores are all of them, in the order in which they are done when several are
// due. Proofs follow the announcements that they are about. Each is looked for when it
// is its turn: what was done before may have begun or ended it.
var chores = [...]func(g *group) chore{
	func(g *group) chore { return g.resumption },
	func(g *group) chore { return g.refusal },
	func(g *group) chore { return &g.delay },
	func(g *group) chore { return g.wait },
	func(g *group) chore { return &g.announcer },
	func(g *group) chore { return &g.proof },
	func(g *group) chore { return g.advertiser },
	func(g *group) chore { return g.probe },
	func(g *group) chore { return g.passing },
	func(g *group) chore { return g.pledge },
	func(g *group) chore { return &g.heir },
	func(g *group) chore { return &g.heirs },
	func(g *group) chore { return g.vigil },
	func(g *group) chore { return &g.restraint },
	func(g *group) chore { return &g.confirmer },
}

func (g *group) choreDeadline() (at time.Time) {
	for _, find := range chores {
		at = sooner(at, find(g).deadline())
	}
	return at
}

func (g *group) doChores(now time.Time) {
	g.turned()
	for _, find := range chores {
		find(g).due(now, g)
	}
}

// checkLeases fences what the kernel has shut and renews what is due.
func (e *Engine) checkLeases(now time.Time) {
	for _, i := range e.ifaces {
		if due := i.leases.renewal(); !due.IsZero() && !due.After(now) {
			i.renew(now)
		}
		if i.fenceLost(now) {
			e.Flush(now)
		}
		for _, id := range i.leases.stuckDue(now) {
			if g := e.byID[id]; g != nil && !g.tenure.hasAddress() { // else it was opened again meanwhile
				i.out.shut = append(i.out.shut, id)
			}
		}
	}
}

// Wake must be called after every wait, before anything that was received is
// looked at: a process that was stopped for longer than its lease has been
// replaced and must not say one word as the active router. One that was stopped
// for longer than the others wait, but not than its lease, is behind: see Behind.
// suspended is how long the host itself slept, as far as its clocks tell.
func (e *Engine) Wake(now time.Time, suspended time.Duration) {
	if e.stopped {
		return
	}
	gap := now.Sub(e.woken) + suspended
	e.noteStall(now, gap, suspended)
	e.fenceWaits(now, gap)
	e.woken = now
	for _, i := range e.ifaces {
		lease := i.leases.shortest()
		if lease == 0 || now.Sub(i.leases.renewed)+suspended < lease {
			continue
		}
		for _, g := range i.groups {
			if g.leaseOver(now, suspended) {
				cause, detail := g.whyOld(g.leaseAge(now) + suspended)
				g.elector().fence(now, cause, detail)
			}
		}
	}
	e.Flush(now)
	e.fallBehind(now, gap, suspended)
}

// noteStall remembers that this process did nothing for so long, and was late by
// more than a turn takes.
func (e *Engine) noteStall(now time.Time, gap, suspended time.Duration) {
	if e.mayHide(gap) || gap >= minimumLease && e.isLate(now, suspended) {
		r := Record{At: now, Kind: RecordStall, For: gap, Suspended: suspended}
		if e.starved != nil {
			r.Starved, r.StarvedKnown = e.starved()
		}
		e.stall = e.record(r)
	}
}

// isLate says so of the most urgent work.
func (e *Engine) isLate(now time.Time, suspended time.Duration) bool {
	due := e.urgent()
	return !due.IsZero() && now.Sub(due)+suspended >= lateAfter
}

// fenceWaits takes the role from the groups whose wait began before this
// process was stopped for longer than their lease would be: they have been
// replaced, as those have whose lease ran out.
func (e *Engine) fenceWaits(now time.Time, gap time.Duration) {
	if e.waits.lease == 0 || gap <= e.waits.lease {
		return
	}
	for _, g := range e.groups {
		if g.tenure != waiting {
			continue
		}
		if lease := g.leaseTime(); lease > 0 && gap > lease {
			g.fence(now, fsm.CauseStalled, fmt.Sprintf("nothing was done for %v while the address was held back, the lease would be %v", gap.Round(time.Millisecond), lease))
		}
	}
}
