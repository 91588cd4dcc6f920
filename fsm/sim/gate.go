package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// gate is what the kernel does for a group.
type gate struct {
	opened bool          // by the engine
	lease  time.Duration // 0 = for ever
	until  time.Time     // when the lease runs out
	lapsed bool          // the lease ran out while the process thought otherwise
	found  bool          // it is the last process's, which died
	since  time.Time     // when it was opened
	owns   bool          // the host has the addresses
	covers bool          // it is open only for what is on its way to others
}

// open reports whether the gate of a group is open at now.
func (r *router) open(id engine.ID) bool {
	g := r.gates[id]
	return g != nil && g.opened && (g.lease == 0 || g.until.After(r.w.now))
}

// holds reports whether the host serves a group: the gate is open and the link
// up.
func (r *router) holds(id engine.ID) bool {
	return r.linked(id) && r.open(id) && !r.gates[id].covers
}

// Add implements engine.Port.
func (r *router) Add(id engine.ID, v engine.Virtual) error {
	r.virtual[v.MAC] = id
	if r.gates[id] == nil {
		r.gates[id] = &gate{}
	}
	if r.refuses {
		return errRefused
	}
	return nil
}

var errRefused = errors.New("the kernel refuses")

// prepared tells the engine that every group can be served now.
func (r *router) prepared() {
	for i := range r.config.Groups {
		r.engine.Prepared(r.w.now, engine.ID(i+1), nil)
	}
	r.rearm()
}

// Remove implements engine.Port.
func (r *router) Remove(id engine.ID) {
	if r.open(id) {
		r.broken(fmt.Sprintf("router %s removes group %d, whose gate is open", r.name(), id))
	}
	delete(r.gates, id)
}

// Gate implements engine.Port.
func (r *router) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	return r.gateOn(nic, open, shut)
}

func (r *router) gateOn(on string, open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	if r.refuses && len(open) > 0 {
		return nil, errRefused
	}
	lost := r.expire(on)
	r.dropFound(on, open)
	for _, id := range shut {
		r.gates[id].opened, r.gates[id].lapsed, r.gates[id].covers = false, false, false
	}
	for _, c := range open {
		if !r.open(c.ID) || r.gates[c.ID].found { // a role that is resumed begins anew
			r.gates[c.ID].since = r.w.now
		}
		if g := r.gates[c.ID]; r.open(c.ID) && c.Lease == g.lease && c.Forward == g.covers && !g.found {
			r.broken(fmt.Sprintf("router %s opens the gate of group %d, which is open", r.name(), c.ID))
		}
		g := r.gates[c.ID]
		g.opened, g.lapsed, g.found, g.covers, g.lease, g.until = true, false, false, c.Forward, c.Lease, r.w.now.Add(c.Lease)
	}
	return lost, nil
}

// expire drops gates of an interface whose lease has run out and returns them.
func (r *router) expire(on string) []engine.ID {
	var lost []engine.ID
	for id, g := range r.gates {
		if r.interfaceOf(id) == on && g.opened && !r.open(id) {
			g.opened, g.lapsed = false, true
			if g.found { // the kernel takes the addresses away
				g.found, g.lapsed, g.owns = false, false, false
				continue
			}
			lost = append(lost, id)
		}
	}
	return lost
}

// Renew implements engine.Port.
func (r *router) Renew() ([]engine.ID, error) { return r.renewOn(nic) }

func (r *router) renewOn(on string) ([]engine.ID, error) {
	lost := r.expire(on)
	for id, g := range r.gates {
		if r.interfaceOf(id) == on && !g.found {
			g.until = r.w.now.Add(g.lease)
		}
	}
	return lost, nil
}
