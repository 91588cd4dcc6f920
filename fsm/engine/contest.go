package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// An active router answers who claims its role and is worse, and who resigns from
// it: with a Coup, a hello, announcements. The machines leave out what follows too
// soon, each for its own group. Whoever sends such packets to a thousand groups
// would have a thousand times as many answers all the same, and hellos wait
// behind them. One answer for each group and hello time is what routers that have
// not heard of each other need; the rest is bounded for all groups together.
const (
	contestsAtOnce = 100
	contestEvery   = 10 * time.Millisecond
)

// overContested reports whether m contests the role of g and no answer to that is
// left. The machine need not hear of it: a worse router changes nothing else.
func (g *group) overContested(now time.Time, from netip.Addr, m hello.Message) bool {
	if !g.tenure.elected() || g.losesTo(from, m) {
		return false
	}
	if now.Sub(g.contested) >= g.machine.Status().HelloTime {
		g.contested = now
		return false
	}
	return !g.r.contests.take(now, contestsAtOnce, contestEvery)
}

// losesTo reports whether m may end the role of g: its sender is better. It need
// not claim the role, as machines know best what becomes of that.
func (g *group) losesTo(from netip.Addr, m hello.Message) bool {
	var priority uint8
	switch m := m.(type) {
	case *hello.HSRP:
		if m.Op == hello.OpHello && m.State != hello.Active {
			return true // contests nothing
		}
		priority = m.Priority
		if m.Op == hello.OpResign {
			return false
		}
	case *hello.VRRP:
		priority = m.Priority
	}
	if own := g.priority.inForce.Effective; priority != own {
		return priority > own
	}
	return from.Compare(g.source(&g.iface.link)) > 0
}
