package engine

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// apply carries out one action of a group's machine. Kernel calls are only
// noted here; Flush makes them for all groups at once.
func (e *Engine) apply(now time.Time, g *group, before fsm.Status, a fsm.Action) {
	switch a := a.(type) {
	case fsm.Acquire:
		e.acquire(now, g)
	case fsm.Release:
		switch {
		case g.hold.on:
			e.cancelHold(now, g)
		case !e.stays(now, g, before):
			e.release(g)
		}
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
	if g.elected() {
		return
	}
	g.alone = false
	g.probe.stop()
	if !e.hold(now, g) {
		e.occupy(now, g)
	}
}

// occupy makes g the owner of its addresses.
func (e *Engine) occupy(now time.Time, g *group) {
	g.shown = true
	g.seg.own(now, g, e.leaseOf(g))
	e.take(g)
}

// take asks for the gate and the addresses of an active group.
func (e *Engine) take(g *group) {
	if g.hasMAC() {
		g.seg.unstick(g.id)
		g.seg.out.open = append(g.seg.out.open, Claim{ID: g.id, Lease: g.lease})
	}
	g.seg.out.add = append(g.seg.out.add, g.id)
}

func (e *Engine) release(g *group) {
	if !g.owner {
		return
	}
	g.lose()
	g.seg.out.withdraw(g.id)
	if g.hasMAC() {
		g.seg.out.shut = append(g.seg.out.shut, g.id)
	}
	g.seg.out.remove = append(g.seg.out.remove, g.id)
}

// lose ends what goes on while g is active.
func (g *group) lose() {
	g.seg.disown(g)
	g.schedule.Stop()
	g.prover.Stop()
	g.router.stop()
}

// learned takes over a virtual address from another router's hello.
func (e *Engine) learned(now time.Time, g *group, l fsm.Learned) {
	vips := g.machine.Status().VirtualIPs
	if !l.VirtualIP.IsValid() || slices.Equal(vips, g.vips) {
		return
	}
	g.seg.carry(g, slices.Clone(vips))
	e.noteOwned(now, g, g.onLink())
	e.findNeighbors(now, g)
	if err := g.prepare(); err != nil {
		e.emit(now, g, eventWarning, "prepare learned address "+l.VirtualIP.String()+": "+err.Error())
		return
	}
	e.emit(now, g, eventAddress, "virtual address "+l.VirtualIP.String()+" learned from "+l.From.String())
	e.warnOutside(now, g.seg)
}

// send encodes a message and puts it into the segment's outbox.
func (e *Engine) send(g *group, s fsm.Send) {
	if g.codec == nil {
		return
	}
	g.counters.sent++
	g.codec.encode(g, s)
	if g.owner && s.Virtual {
		g.seg.leases.beat = true
	}
}
