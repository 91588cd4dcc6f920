package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// A router that is stopped has said so, and the others need time to act on it:
// a round trip in HSRP, up to one skew time in VRRP (RFC 9568 section 6.1).
// Meanwhile it goes on serving what still arrives, answers for the address, and
// says nothing more about its role. It lets go when its successor is heard.
const (
	farewellLeast = 50 * time.Millisecond // for the successor's own lateness
	farewellMost  = time.Second
)

// farewells are those that have begun.
type farewells struct {
	left int       // not ended
	next time.Time // none of them ends before; zero when none has begun
}

// farewell returns how long g, which elects for itself, serves on after it has
// resigned; 0 when nobody is there to take over.
func (g *group) farewell(before fsm.Status) time.Duration {
	d := farewellLeast
	switch {
	case g.isHSRP() && (!before.Standby.Known || before.Standby.Local):
		return 0
	case g.isHSRP():
	case g.wire.version == 2:
		d += time.Second
	default:
		d += before.HelloTime
	}
	return min(d, farewellMost)
}

// active reports whether g holds the role and has not resigned from it.
func (g *group) active() bool { return g.owner && g.leaving.IsZero() }

// stays begins the farewell instead of the release when the daemon stops.
func (e *Engine) stays(now time.Time, g *group, before fsm.Status) bool {
	if !e.stopping || !g.owner || !g.leaving.IsZero() {
		return false
	}
	until := now.Add(g.farewell(before))
	if g.leader != nil {
		until = g.leader.leaving // which stops first
	}
	if !until.After(now) {
		return false
	}
	g.leaving = until
	e.farewells.left++
	e.farewells.next = earliest(e.farewells.next, until)
	g.schedule.Stop()
	g.prover.Stop()
	g.router.stop()
	return true
}

// letGo ends a farewell, and that of the groups that follow.
func (e *Engine) letGo(g *group) {
	if g.leaving.IsZero() {
		return
	}
	g.leaving = time.Time{}
	e.farewells.left--
	e.release(g)
	for _, f := range g.followers {
		e.letGo(f)
	}
}

// succeeded lets go when m says that another router has taken the role.
func (e *Engine) succeeded(g *group, m hello.Message) {
	switch m := m.(type) {
	case *hello.HSRP:
		if m.State == hello.Active && m.Op != hello.OpResign {
			e.letGo(g)
		}
	case *hello.VRRP:
		if m.Priority != hello.ResignPriority {
			e.letGo(g)
		}
	}
}

// lastWords sends at once what a withdrawal would say a little later: the
// daemon does not live that long.
func (e *Engine) lastWords(now time.Time) {
	for _, g := range e.groups {
		e.announceDue(now.Add(garp.RequestDelay), g)
	}
}

// Stopped reports whether the engine has left every role since Stop.
func (e *Engine) Stopped() bool { return e.stopped }

// endFarewells lets go of what nobody has taken in time, and ends the engine
// when nothing is left.
func (e *Engine) endFarewells(now time.Time) {
	if !e.stopping {
		return
	}
	if at, armed := e.farewellDeadline(); armed && !at.After(now) {
		e.releaseUntaken(now)
	}
	e.Flush(now)
	e.stopped = e.farewells.left == 0
}

func (e *Engine) releaseUntaken(now time.Time) {
	e.farewells.next = time.Time{}
	for _, g := range e.groups {
		if !g.leaving.IsZero() && !g.leaving.After(now) {
			e.letGo(g)
		}
		e.farewells.next = earliest(e.farewells.next, g.leaving)
	}
}

// farewellDeadline returns when the next farewell ends, at the earliest.
func (e *Engine) farewellDeadline() (at time.Time, armed bool) {
	return e.farewells.next, e.farewells.left > 0
}

// earliest returns the earlier of two times of which zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
