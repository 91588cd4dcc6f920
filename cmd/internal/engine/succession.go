package engine

import "time"

// Succession returns how long the other routers of an interface need at most to
// take over from one that has died, whatever its leases are.
func (e *Engine) Succession(name string) time.Duration {
	longest := minimumLease
	for _, g := range e.byName[name].groups {
		st := g.elector().machine.Status()
		longest = max(longest, peersHold(g, st)+st.HelloTime)
	}
	return longest
}
