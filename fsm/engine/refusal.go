package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// refuse stops a group that the kernel does not let serve.
func (g *group) refuse(now time.Time, err error) {
	g.stepAside(now, fsm.CauseAcquireFailed, fmt.Sprintf("%s cannot serve it: %v", g.Interface, err))
}

// stepAside leaves the role to the others for a while. A router that was thrown
// back to Listen needs two hold times until it can take over.
func (g *group) stepAside(now time.Time, cause fsm.Cause, why string) {
	g.turned()
	if g.refusal == nil {
		g.refusal = &refusal{}
	}
	g.refusal.begin(now, cause, why, 3*g.succession(), g.elector().PreemptDelay)
	g.doubt()
}

// due asks the port again.
func (r *refusal) due(now time.Time, g *group) {
	if !r.on() || now.Before(r.next) {
		return
	}
	g.prepared(now, g.prepare())
}

// prepared takes the port's word on whether the group may serve.
func (g *group) prepared(now time.Time, err error) {
	if err != nil {
		g.refuse(now, err)
	} else if g.refusal.on() {
		g.turned()
		g.refusal.end()
		g.doubt()
	}
}
