package hsrp

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// yielded is that this router has handed its role over, and to whom. It preempts
// nobody then, whatever its priority is.
type yielded struct {
	on bool
	to netip.Addr // invalid before the successor is heard
}

// yield resigns as at a stop, and listens: a Hello in Speak from the better router
// would send the standby one to Listen, should it have missed the Resign.
func (g *Group) yield(now time.Time, ev fsm.Yield) {
	if g.state != hello.Active {
		return
	}
	g.yielded = yielded{on: true}
	g.take(occurrence{event: handedOver, now: now, cause: ev.Cause, detail: ev.Detail})
}

// reclaim takes the role back.
func (g *Group) reclaim(now time.Time, ev fsm.Reclaim) {
	g.take(occurrence{event: reclaimed, now: now, cause: ev.Cause, detail: ev.Detail})
}

// served shows from the virtual MAC that the address is there.
func (g *Group) served(now time.Time) {
	if g.state == hello.Active {
		g.sendHello(now, g.state)
	}
}

// yields reports whether this router leaves the role to the worse one that has it.
// Another one than that to which it was handed is a new election.
func (g *Group) yields(to peer) bool {
	switch {
	case !g.yielded.on:
	case !g.yielded.to.IsValid():
		g.yielded.to = to.addr
	case g.yielded.to != to.addr:
		g.yielded = yielded{}
	}
	return g.yielded.on
}
