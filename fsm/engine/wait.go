package engine

import (
	"errors"
	"fmt"
	"time"
)

// hasToWait reports whether there is a reason: a command of the group's own, or
// its leader, because groups that follow one another serve the same traffic.
func (g *group) hasToWait() bool {
	return g.ownCommand() || g.leader != nil && g.leader.tenure == waiting
}

func (g *group) beginWait(now time.Time) {
	g.wait = &wait{running: g.ownCommand(), since: now}
	if g.wait.running {
		g.wait.until = now.Add(g.PreActive)
	}
	w := &g.r.waits
	w.groups++
	if lease := g.leaseTime(); lease > 0 && (w.lease == 0 || lease < w.lease) {
		w.lease = lease
	}
	g.r.begun = append(g.r.begun, g)
}

// beginCommands asks for the commands of the groups that have begun to wait. It
// comes after their first hello has left, which no command may delay.
func (r *router) beginCommands(now time.Time) {
	for _, g := range r.begun {
		w := g.wait
		if g.tenure != waiting || w.begun {
			continue // lost again in the same turn
		}
		w.begun = true
		if w.running {
			w.cancel = r.preActive(PreActive{Group: g.id, Transition: *g.last})
		}
		st := g.waitStatus(now)
		g.tellWait(now, st, fmt.Sprintf("the address waits for the pre_active command%s, %v at most", st.ofLeader(), st.Left))
	}
	r.begun = r.begun[:0]
}

// errNotActive is why a command is killed that nobody waits for any more.
var errNotActive = errors.New("the group is not active any more")

// cancelWait ends the wait of a group that has lost the role: nothing was
// taken or announced. A wait that has not begun is not worth a word.
func (g *group) cancelWait(now time.Time) {
	if !g.wait.begun {
		g.forgetWait(g.lastWait)
		return
	}
	st := g.waitStatus(now)
	st.Left, st.Outcome = 0, Cancelled
	message := fmt.Sprintf("not active any more after %v; the address was not taken", st.Waited)
	if g.wait.cancel != nil {
		g.wait.cancel(errNotActive)
		message += ", the pre_active command is killed"
	}
	g.forgetWait(&st)
	g.tellWait(now, st, message)
}

func (g *group) forgetWait(st *Wait) {
	g.wait, g.lastWait = nil, st
	if g.r.waits.groups--; g.r.waits.groups == 0 {
		g.r.waits = waits{}
	}
}

// waitStatus describes the wait at now. Before its transition is reported it
// has no number.
func (g *group) waitStatus(now time.Time) Wait {
	st := Wait{Outcome: Waiting, Since: g.wait.since, Waited: now.Sub(g.wait.since).Truncate(time.Millisecond)}
	if g.last != nil && g.last.Waits {
		st.Transition = g.last.ID
	}
	until := g.wait.until
	if l := g.leader; l != nil && l.tenure == waiting && l.wait.until.After(until) {
		until, st.Leader = l.wait.until, l.Ref
	}
	st.Left = max(until.Sub(now).Truncate(time.Millisecond), 0)
	return st
}

func (st *Wait) ofLeader() string {
	if st.Leader == (Ref{}) {
		return ""
	}
	return " of " + st.Leader.String()
}

func (g *group) tellWait(now time.Time, st Wait, message string) {
	g.r.observe(Event{At: now, Kind: KindHook, Group: g.Ref, Message: message, Wait: &st})
}
