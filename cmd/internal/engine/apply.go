package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// minimumLease is the shortest lease that a stall of an otherwise healthy host
// does not use up: virtual machines stop for up to half a second.
const minimumLease = 500 * time.Millisecond

// apply carries out one action of a group's machine. Kernel calls are only
// noted here; Flush makes them for all groups at once.
func (e *Engine) apply(now time.Time, g *group, before fsm.Status, a fsm.Action) {
	switch a := a.(type) {
	case fsm.Acquire:
		e.acquire(now, g)
	case fsm.Release:
		e.release(g)
	case fsm.Send:
		e.send(g, a)
	case fsm.Announce:
		e.announce(now, g, a.Kind)
	case fsm.Learned:
		e.learned(now, g, a)
	case fsm.Report:
		e.report(now, g, before, a)
	}
}

func (e *Engine) acquire(now time.Time, g *group) {
	g.owner, g.opened = true, now
	if !g.seg.anyOwner(g) {
		g.seg.renewed = now
	}
	if g.hasMAC() {
		g.seg.out.open = append(g.seg.out.open, Claim{ID: g.id, Lease: e.leaseOf(g)})
	}
	g.seg.out.add = append(g.seg.out.add, g.id)
}

func (e *Engine) release(g *group) {
	if !g.owner {
		return
	}
	g.owner = false
	g.schedule.Stop()
	g.prover.Stop()
	g.router.stop()
	if g.hasMAC() {
		g.seg.out.shut = append(g.seg.out.shut, g.id)
	}
	g.seg.out.remove = append(g.seg.out.remove, g.id)
	g.seg.out.withdraw(g.id)
}

// leaseOf returns how long the kernel goes on forwarding for g without the
// daemon: not shorter than the peer needs to take over.
func (e *Engine) leaseOf(g *group) time.Duration {
	switch {
	case e.lease.Off:
		return 0
	case !e.lease.Auto && e.lease.Duration > 0:
		return e.lease.Duration
	}
	st := g.machine.Status()
	if g.leader != nil {
		st = g.leader.machine.Status()
	}
	return max(st.HoldTime+st.HelloTime, minimumLease)
}

// learned takes over a virtual address from another router's hello.
func (e *Engine) learned(now time.Time, g *group, l fsm.Learned) {
	if !l.VirtualIP.IsValid() {
		return
	}
	g.vips = g.machine.Status().VirtualIPs
	g.seg.carry(g)
	if err := g.prepare(); err != nil {
		e.emit(now, g, eventAddress, "prepare learned address "+l.VirtualIP.String()+": "+err.Error())
		return
	}
	e.emit(now, g, eventAddress, "virtual address "+l.VirtualIP.String()+" learned from "+l.From.String())
}

// send encodes a message and puts it into the segment's outbox.
func (e *Engine) send(g *group, s fsm.Send) {
	if g.codec == nil {
		return
	}
	g.counters.sent++
	g.codec.encode(g, s)
}
