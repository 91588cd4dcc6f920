package hsrp

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// peer is another router as its messages show it.
type peer struct {
	addr     netip.Addr
	priority uint8
	mac      hello.MAC
}

// up is event a. A second one gives the group another address or MAC.
func (g *Group) up(now time.Time, ev fsm.Up) {
	addr := plain(ev.Addr)
	if g.state != hello.Initial {
		g.move(now, addr, ev.MAC)
		return
	}
	g.addr, g.mac = addr, ev.MAC
	o := occurrence{event: enabled, now: now, cause: g.stopped.Undone(), detail: "address " + addr.String()}
	if g.virtualIP().IsValid() {
		o.event = enabledWithIP
	}
	g.take(o)
}

// move goes on from another address, as when the first of two is removed, or from
// another interface MAC, as when a bond follows its active port. The other
// routers know the new address before they miss the old one. Its place in ties
// is decided by the next messages. Hosts and switches must see where the active
// router is now.
func (g *Group) move(now time.Time, addr netip.Addr, mac hello.MAC) {
	moved, switched := addr != g.addr, mac != g.mac
	g.addr, g.mac = addr, mac
	if moved && g.speaks() || switched && g.state == hello.Active {
		g.sendHello(now, g.state)
	}
	if switched && g.state == hello.Active {
		g.announce()
	}
}

// speaks reports whether g sends hellos in its state.
func (g *Group) speaks() bool {
	return g.state == hello.Speak || g.state == hello.Standby || g.state == hello.Active
}

// down is event b.
func (g *Group) down(now time.Time, cause fsm.Cause, detail string) {
	if g.state == hello.Initial {
		return
	}
	g.stopped = cause
	g.take(occurrence{event: disabled, now: now, cause: cause, detail: detail})
}

// fence gives the role up in silence: another router may have had it for a while.
// What this one knows of the others is as old as its own stop, and so are the
// messages in its receive buffer. For one hold time it only listens.
func (g *Group) fence(now time.Time, ev fsm.Fenced) {
	if g.state == hello.Initial {
		return
	}
	g.forgetPeers()
	g.retryAt = now.Add(g.holdTime)
	g.take(occurrence{event: fenced, now: now, cause: ev.Cause, detail: ev.Detail})
}

// receive turns a message into an event of RFC 2281 section 5.5.
func (g *Group) receive(now time.Time, ev *fsm.Received) {
	m, ok := ev.Message.(*hello.HSRP)
	from := plain(ev.From)
	if !ok || g.state == hello.Initial || from == g.addr {
		return
	}
	o := occurrence{now: now, message: m, peer: peer{addr: from, priority: m.Priority, mac: ev.MAC}}
	if !m.Identifier.IsZero() {
		o.peer.mac = m.Identifier
	}
	if o.event, ok = g.classify(now, m, o.peer); ok {
		g.take(o)
	}
}

// classify returns the event of a message, and false when it has none.
func (g *Group) classify(now time.Time, m *hello.HSRP, from peer) (event, bool) {
	switch m.Op {
	case hello.OpResign:
		return resigned, g.resignCounts(now, from)
	case hello.OpCoup:
		return coup, g.worseThan(from)
	case hello.OpHello:
		return g.classifyHello(now, m, from)
	}
	return 0, false
}

func (g *Group) classifyHello(now time.Time, m *hello.HSRP, from peer) (event, bool) {
	better := g.worseThan(from)
	switch m.State {
	case hello.Speak:
		return betterSpeaker, better
	case hello.Standby:
		if better {
			return betterStandby, true
		}
		return worseStandby, true
	case hello.Active:
		// A message that teaches nothing in Learn must not start the preempt
		// delay: it would end without a message to learn from.
		if g.state == hello.Learn && !g.learnable(m.VirtualIP) {
			return 0, false
		}
		return g.classifyActive(now, from, better), true
	}
	return 0, false
}

// classifyActive tells g from h, and h from h with preemption. It also runs the
// preempt delay: a worse active router starts it, a better one ends it.
func (g *Group) classifyActive(now time.Time, from peer, better bool) event {
	yields := g.yields(from)
	switch {
	case better:
		g.preemptAt = time.Time{}
		return betterActive
	case !yields && g.mayPreempt(now):
		return preemptedActive
	}
	return worseActive
}

// resignCounts reports whether a Resign is event i. Only the active router can
// resign; when none is known the sender must have been it. This router itself
// being active, it is the loser of a contest that resigns.
func (g *Group) resignCounts(now time.Time, from peer) bool {
	if g.state == hello.Active {
		return true
	}
	if g.active.known && g.active.peer.addr != from.addr {
		return false
	}
	g.active.forget()
	g.active.since = now
	g.preemptAt, g.yielded = time.Time{}, yielded{}
	return true
}

// mayPreempt reports whether a hello of a worse active router lets this one
// take over now (RFC 2281 section 5.1, and the delay that Cisco adds).
func (g *Group) mayPreempt(now time.Time) bool {
	if !g.cfg.Preempt || g.mustWait(now) || g.state == hello.Active {
		return false
	}
	if g.preemptAt.IsZero() {
		g.preemptAt = now.Add(g.cfg.PreemptDelay)
	}
	return !g.refrains && !now.Before(g.preemptAt)
}

// worseThan compares (priority, address): the greater wins, and addresses
// decide between equal priorities (RFC 2281 section 5.1).
func (g *Group) worseThan(p peer) bool {
	if p.priority != g.priority {
		return p.priority > g.priority
	}
	return p.addr.Compare(g.addr) > 0
}

// plain returns a without zone and IPv4 mapping, ready to be compared.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
