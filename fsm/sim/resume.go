package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// find adopts the gates that are still open, for groups that are what they were, and
// lets go after a while of those that no group has resumed.
func (r *router) find(old map[engine.ID]*gate, macs map[hello.MAC]engine.ID) {
	for mac, id := range macs {
		g := old[id]
		if now, same := r.virtual[mac]; !same || now != id || g == nil || !g.opened || g.lease == 0 || !g.until.After(r.w.now) {
			continue
		}
		g.found, g.lapsed = true, false
		r.gates[id] = g
		r.engine.Found(r.w.now, id, g.until.Sub(r.w.now))
	}
	life := r.life
	r.w.plan(r.w.now.Add(r.engine.Succession(nic)), what{kind: "found", router: r, life: life}, func() {
		if r.life == life {
			r.dropFound(nic, nil)
			r.dropFound(nic2, nil)
		}
	})
}

// dropFound shuts the gates of the last process on an interface, but for those that are opened anew.
func (r *router) dropFound(on string, open []engine.Claim) {
	for id, g := range r.gates {
		if r.interfaceOf(id) == on && g.found && !slices.ContainsFunc(open, func(c engine.Claim) bool { return c.ID == id }) {
			g.opened, g.found, g.lapsed, g.owns = false, false, false, false
		}
	}
}

// resumeRace is how long before a role is resumed another router may have taken it
// without having been heard.
const resumeRace = 5 * time.Millisecond

// checkResumed is called when a group has resumed a role. Nobody else has it then whom
// a question would have reached. A gate that another process has left open, and that its
// successor has only found, is no role: both routers may have crashed and come back in
// the same moment.
func (r *router) checkResumed(t *engine.Transition) {
	if !r.lan.whole() {
		return
	}
	for n := range r.config.Groups {
		if r.config.Groups[n].Ref != t.Group {
			continue
		}
		id := engine.ID(n + 1)
		for _, other := range r.lan.routers {
			asked := slices.Equal(other.config.Groups[n].VirtualIPs, r.config.Groups[n].VirtualIPs)
			if asked && other != r && other.holds(id) && !other.gates[id].found && !other.deaf && !other.stalled && other.engine != nil && r.w.now.Sub(other.gates[id].since) > resumeRace {
				r.broken(fmt.Sprintf("router %s has resumed the role of group %d, which router %s has had for %v", r.name(), id, other.name(), r.w.now.Sub(other.gates[id].since)))
			}
		}
	}
}
