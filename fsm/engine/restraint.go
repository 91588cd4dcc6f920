package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// restraint is how a group takes the role from nobody while the first result of an
// object that it depends on is awaited: a router that has just booted would preempt, and
// learn a moment later that it cannot serve. It takes a role that nobody has. An
// address owner, which knows no other way to wait, stays in its first state.
type restraint struct {
	object string    // whose result is awaited longest; "": none
	until  time.Time // at most
}

func (r *restraint) on() bool { return r.object != "" }

// String says what is waited for.
func (r *restraint) String() string {
	return fmt.Sprintf("waits for the first result of tracked object %s", r.object)
}

// restrainAll looks at every group, after a first result or with other objects.
func (e *Engine) restrainAll(now time.Time) {
	for _, g := range e.groups {
		g.restrain(now)
	}
}

// restrain begins or ends the restraint of a group that elects.
func (g *group) restrain(now time.Time) {
	if g.leader != nil {
		return
	}
	was := g.restraint
	if g.restraint = g.awaits(now); g.restraint == was {
		return
	}
	g.turned()
	if g.restraint.on() != was.on() {
		g.step(now, fsm.Refrain{On: g.restraint.on()})
	}
	if !g.restraint.on() && !g.up {
		g.doubt()
	}
}

// awaits returns for which object the group waits. Those of its followers count where
// they would shut it down.
func (g *group) awaits(now time.Time) (r restraint) {
	for _, f := range g.family() {
		for _, u := range f.uses {
			counts := u.Shutdown || f == g && !g.OwnsAddress()
			if counts && u.object.awaited(now) && u.object.until.After(r.until) {
				r = restraint{u.Object, u.object.until}
			}
		}
	}
	return r
}

// ownerWaits reports whether an address owner, which would take the role at its start,
// waits. It does not where the process before this one died with the role.
func (g *group) ownerWaits() bool {
	return g.restraint.on() && g.OwnsAddress() && !g.up && g.resumption == nil
}

func (r *restraint) deadline() time.Time { return r.until }

// due goes on without a result, which is worth a word where somebody has the role.
func (r *restraint) due(now time.Time, g *group) {
	if !r.on() || now.Before(r.until) {
		return
	}
	if p := g.machine.Status().Active; p.Known && !p.Local && g.r.complaints.first(now, Ref{}, wordUnknown, subject{text: r.object}) {
		g.r.tell(now, Ref{}, KindWarning, fmt.Sprintf("tracked object %s has had no result in time and counts as up", r.object))
	}
	g.restrain(now)
}
