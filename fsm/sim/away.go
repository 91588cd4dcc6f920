package sim

import (
	"fmt"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// The maintenances of a plan. The process may be killed at each step of the way: before
// the order is stored, before it is carried out, and while the groups leave (which is a
// Crash).
const (
	awayAll      = iota // every group
	awayFirst           // one of them
	awayForgets         // killed before the order is stored: nothing comes of it
	awayCrashes         // killed between the two: it is in maintenance when it starts
	awayTwice           // ordered again
	awayReturns         // every group, and it comes back when nobody serves
	awayRebooted        // every group, and the process starts anew at once
	aways
)

// away has the router leave for maintenance, or come back. A process that does not run,
// or is stalled, cannot be asked.
func (r *router) away(n int, undo bool) {
	if r.engine == nil || r.stalled {
		return
	}
	if n == awayForgets && !undo {
		r.crash()
		r.start()
		return
	}
	r.returns(n == awayReturns && !undo)
	times := 1
	if n == awayTwice {
		times = 2
	}
	for range times {
		r.order(n, !undo)
	}
	if n == awayRebooted && !undo {
		r.crash()
		r.start()
	}
}

// order stores an order and carries it out, as the daemon does.
func (r *router) order(n int, on bool) {
	var groups []string
	if n == awayFirst {
		groups = []string{r.config.Groups[0].Ref.String()}
	}
	o, err := r.engine.OrderMaintenance(on, engine.Caller{}, groups, engine.Leave{Since: r.w.now, By: "the plan"})
	if err != nil {
		return // it stops
	}
	r.stored = o.After
	if n == awayCrashes && on {
		r.crash()
		r.start()
		return
	}
	if r.engine.Maintain(r.w.now, o) == nil {
		r.rearm()
		r.left()
	}
}

// returns gives the router a file with another [daemon] maintenance.
func (r *router) returns(on bool) {
	if r.config.Return == on {
		return
	}
	r.config.Return, r.first.Return = on, on
	_ = r.engine.Reconfigure(r.w.now, r.config, nil, engine.Caller{}) // refused while it stops
	r.rearm()
}

// remembered is what a process reads when it starts.
func (r *router) remembered() engine.Maintenance {
	if r.forgets {
		return engine.Maintenance{}
	}
	return r.stored
}

// isAway reports whether a group is in maintenance.
func (r *router) isAway(id engine.ID) bool {
	_, away := r.stored.Of(r.config.Groups[r.leaderOf(id)-1].Ref)
	return away
}

// checkStored is called after every turn: what the process goes by is what the next one
// will.
func (r *router) checkStored() {
	if r.engine == nil {
		return
	}
	if !r.stored.None() {
		for i, g := range r.engine.Status(r.w.now).Groups {
			if id := engine.ID(i + 1); g.Leave != nil && !g.Departing && r.open(id) {
				r.broken(fmt.Sprintf("router %s has left for maintenance and serves group %d", r.name(), id))
			}
		}
	}
	for i := range r.config.Groups {
		ref := r.config.Groups[i].Ref
		_, goesBy := r.engine.Maintenance().Of(ref)
		_, stored := r.stored.Of(ref)
		if goesBy != stored {
			r.broken(fmt.Sprintf("router %s has %s in maintenance: %t, and on its disk: %t", r.name(), ref, goesBy, stored))
		}
	}
}
