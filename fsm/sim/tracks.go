package sim

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// A router may track an object that is down, which it learns some time after every
// start of its process. It must not preempt before it knows, or has waited for
// firstResult.
const (
	checked     = "check"
	firstResult = 2 * time.Second
)

// track has every group of a configuration depend on the object.
func track(c *engine.Config) {
	c.Tracks = []engine.Track{{Name: checked, First: firstResult}}
	for i := range c.Groups {
		c.Groups[i].Tracks = []engine.TrackUse{{Object: checked, Decrement: 15}}
	}
}

// check begins the first check of a process.
func (r *router) check() {
	r.ignorant = time.Time{}
	if r.checks == 0 {
		return
	}
	life := r.life
	r.ignorant = r.w.now.Add(min(r.checks, firstResult))
	r.w.after(r.checks, func() {
		if r.engine != nil && r.life == life {
			r.post(func() { r.engine.TrackChanged(r.w.now, checked, false, "it never is up") })
		}
	})
}

// checkPatience finds a router that takes the role from another one and does not know
// yet whether it is fit.
func (r *router) checkPatience(t *engine.Transition) {
	if t.Cause == fsm.CausePreempt && r.w.now.Before(r.ignorant) {
		r.broken(fmt.Sprintf("router %s preempts %v before the first result of what it tracks", r.name(), r.ignorant.Sub(r.w.now)))
	}
}
