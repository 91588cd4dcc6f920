package sim

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// reloadedDelay is the preempt delay that one of the reloads sets.
const reloadedDelay = 3 * time.Second

// reloads are what another file of a router has for each of its groups. None moves
// what the checker goes by: who may be in an election, and how long the others wait.
var reloads = []func(*engine.Config, *engine.Group){
	func(_ *engine.Config, g *engine.Group) { g.Preempt = !g.Preempt },
	func(_ *engine.Config, g *engine.Group) { g.Priority = 190 - g.Priority },
	func(_ *engine.Config, g *engine.Group) { g.VirtualIPs = append(slices.Clone(g.VirtualIPs), another(g)) },
	func(_ *engine.Config, g *engine.Group) { g.VirtualIPs = []netip.Addr{another(g)} },
	func(_ *engine.Config, g *engine.Group) { g.Preempt, g.PreemptDelay = true, reloadedDelay },
	func(_ *engine.Config, g *engine.Group) { g.RouteOnly = true },
	func(_ *engine.Config, g *engine.Group) { g.Announce.Refresh = time.Second },
	func(_ *engine.Config, g *engine.Group) { g.Name, g.Delay.Minimum = "another", time.Second },
	func(c *engine.Config, _ *engine.Group) { c.Lease = 1500 * time.Millisecond },
}

// usualFiles are those of reloads with another priority, another address and another lease.
var usualFiles = []int{1, 3, 8}

// another is an address beside the group's first one.
func another(g *engine.Group) netip.Addr {
	b := g.VirtualIPs[0].AsSlice()
	b[len(b)-1] += 100
	a, _ := netip.AddrFromSlice(b)
	return a
}

// reload gives the router another file, or the first one again. A process that does
// not run, or is stalled, reads it when it starts, or goes on with what it has.
func (r *router) reload(n int, undo bool) {
	c := engine.Config{Lease: r.first.Lease, Return: r.first.Return, Tracks: r.first.Tracks, Groups: slices.Clone(r.first.Groups)}
	if !undo {
		for i := range c.Groups {
			reloads[n](&c, &c.Groups[i])
		}
	}
	r.config = c
	if r.engine == nil || r.stalled {
		return
	}
	if r.engine.Reconfigure(r.w.now, c, nil, engine.Caller{}) == nil { // refused while it stops
		r.runs = c
	}
	r.rearm()
	r.left()
}
