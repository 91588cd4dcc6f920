package engine

import (
	"time"
)

// Timing counts how late the deadlines of machines were served. What is to be
// announced may wait for them, and does not count.
type Timing struct {
	Served uint64        // deadlines served
	Over1  uint64        // more than 1 ms late
	Over2  uint64        // more than 2 ms late
	Over10 uint64        // more than 10 ms late
	Worst  time.Duration // the latest
}

func (t *Timing) record(late time.Duration) {
	t.Served++
	t.Worst = max(t.Worst, late)
	if late > time.Millisecond {
		t.Over1++
	}
	if late > 2*time.Millisecond {
		t.Over2++
	}
	if late > 10*time.Millisecond {
		t.Over10++
	}
}

// Hellos of many groups leave together at a number of instants in one hello
// time. Each instant costs a wake-up, at the sender and at the receiver, which
// is most of what a hello costs; too few of them would be bursts that make
// others late, and so would be the takeovers that follow when a router dies. Those
// of groups that wait for the role are followed by nothing.
const (
	perInstant    = 48
	leastInstants = 16
	mostInstants  = 64
)

// refreshGrid is from one instant to the next at which refreshes leave together.
const refreshGrid = time.Second

// alignRefresh does the same with a refresh, which nobody waits for. Those that come
// more often than every ten of these instants come when they are due.
func (g *group) alignRefresh(at time.Time) time.Time {
	if g.Group.Announce.Timing.Refresh < 10*refreshGrid {
		return at
	}
	return at.Add(-(at.Sub(g.r.started) % refreshGrid))
}

// align brings a periodic hello forward to one of the instants at which hellos
// leave together. Those below a second leave when they are due.
func (g *group) align(at time.Time, helloTime time.Duration) time.Time {
	if helloTime < time.Second {
		return at
	}
	instants := leastInstants
	if g.tenure.elected() {
		instants = min(max(len(g.r.groups)/perInstant, leastInstants), mostInstants)
	}
	return at.Add(-(at.Sub(g.r.started) % (helloTime / time.Duration(instants))))
}

// company reports whether the hellos of standby groups leave with those of the active
// routers. With more groups than instants several of them share a wake-up as it is, and
// those of an active router would be answered in many small bursts.
func (r *router) company() bool { return len(r.groups) <= leastInstants }
