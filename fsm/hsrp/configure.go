package hsrp

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// configure takes over another configuration. The others go by the times in the last
// hello until the next one, which is never put off.
func (g *Group) configure(now time.Time, ev fsm.Configured) {
	primary := g.virtualIP()
	g.cfg.VirtualIPs = slices.Clone(ev.VirtualIPs)
	g.configurePreempt(now, ev)
	if ev.HelloTime != g.cfg.HelloTime || ev.HoldTime != g.cfg.HoldTime {
		g.cfg.HelloTime, g.cfg.HoldTime = ev.HelloTime, ev.HoldTime
		g.helloTime, g.holdTime = g.cfg.times()
		g.learnsTimes = ev.HelloTime == 0 && ev.HoldTime == 0
		if !g.helloAt.IsZero() {
			g.helloAt = earlier(g.helloAt, g.align(now.Add(g.interval())))
		}
	}
	if primary != g.virtualIP() && g.speaks() {
		g.sendHello(now, g.state)
	}
}

// configurePreempt lets a preempt delay that runs end no later than a new one would.
func (g *Group) configurePreempt(now time.Time, ev fsm.Configured) {
	g.cfg.Preempt, g.cfg.PreemptDelay = ev.Preempt, ev.PreemptDelay
	switch {
	case g.preemptAt.IsZero():
	case !ev.Preempt:
		g.preemptAt = time.Time{}
	default:
		g.preemptAt = earlier(g.preemptAt, now.Add(ev.PreemptDelay))
	}
}
