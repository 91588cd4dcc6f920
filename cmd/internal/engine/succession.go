package engine

import "time"

// Succession returns how long the other routers of an interface need at most to
// take over from one that has died, whatever its leases are.
func (e *Engine) Succession(name string) time.Duration {
	var longest time.Duration
	for _, g := range e.byName[name].groups {
		longest = max(longest, g.succession())
	}
	return longest
}
