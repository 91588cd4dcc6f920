package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/garp"
)

// Stop takes every group out of its election: resign, announce the real
// address, release when the successor is heard or has had its time. Call Tick
// as before until Stopped; the engine ignores everything afterwards.
func (e *Engine) Stop(now time.Time) {
	if e.stopped {
		return
	}
	e.stopping = true
	for _, followers := range []bool{false, true} {
		for _, g := range e.groups {
			if followers == (g.leader != nil) {
				g.reconsider(now)
			}
		}
	}
	// The daemon does not live as long as the last words of a withdrawal may wait.
	for _, g := range e.groups {
		g.announcer.due(now.Add(garp.RequestDelay), g)
	}
	e.endFarewells(now)
}

// Stopped reports whether the engine has left every role since Stop.
func (e *Engine) Stopped() bool { return e.stopped }

// endFarewells lets go of what nobody has taken in time, and ends the engine, or the
// groups that are no longer configured, when nothing is left.
func (e *Engine) endFarewells(now time.Time) {
	if !e.stopping && len(e.dismissed) == 0 && e.farewells.left == 0 {
		return
	}
	if at := e.farewells.deadline(); !at.IsZero() && !at.After(now) {
		e.farewells.next = time.Time{}
		for _, g := range e.groups {
			if g.tenure == leaving && !g.until.After(now) && !g.leaderLeaves() {
				g.endFarewell(now)
			}
			if g.tenure == leaving && !g.leaderLeaves() {
				e.farewells.next = sooner(e.farewells.next, g.until)
			}
		}
	}
	e.Flush(now)
	if e.stopping {
		e.stopped = e.farewells.left == 0
	} else {
		e.bury(now)
	}
}
