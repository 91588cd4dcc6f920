package hsrp

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// occurrence is an event with the facts that came with it.
type occurrence struct {
	event   event
	now     time.Time
	message *hello.HSRP // nil unless a message caused it
	peer    peer        // its sender
	cause   fsm.Cause   // set when the event does not imply it
	detail  string      // as above
}

// take looks the event up in the table and does what the cell says.
func (g *Group) take(o occurrence) {
	from := g.state
	letters, next := table[o.event][from-1].split(from)
	if next == from {
		g.act(o, letters, next)
		return
	}
	if o.event == worseStandby && g.mayBeSucceeded() {
		g.act(o, "B", from)
		return
	}
	if next == hello.Speak && g.mustWait(o.now) {
		g.wait()
		return
	}
	report := g.report(o, next) // before the timers that it mentions change
	g.exchange(next)
	g.act(o, letters, next)
	g.enter(next)
	if withdraws(from, next) && o.event != fenced {
		g.emit(fsm.Announce{Kind: fsm.Withdraw})
	}
	g.emit(report)
	g.closeHole(o)
}

// mayBeSucceeded reports whether a worse standby router keeps its role: in Listen,
// until an active router was heard or has had the time to be heard. The active
// router may have just died, above all when it was this one and is back again. The
// table would then send the standby router to Listen before it can take over, and
// leave the LAN without an active router for another hold time.
func (g *Group) mayBeSucceeded() bool {
	return g.state == hello.Listen && !g.active.known && g.active.running()
}

// closeHole delivers the Active timer's event that section 5.7 loses in Speak. On a
// silent LAN both timers expire together. A router that came to Standby without an
// Active timer would never take over.
func (g *Group) closeHole(o occurrence) {
	if g.state == hello.Standby && !g.active.running() {
		g.take(occurrence{event: activeExpired, now: o.now})
	}
}

// exchange asks for the virtual MAC and addresses before the first message that
// claims the role, and gives them up before the message that resigns it.
func (g *Group) exchange(next hello.HSRPState) {
	switch {
	case next == hello.Active:
		g.emit(fsm.Acquire{})
	case g.state == hello.Active:
		g.emit(fsm.Release{})
	}
}

// withdraws reports whether hosts may have the real address at the virtual MAC:
// after losing the role, and at the start, as the last run may have ended anyhow.
func withdraws(from, next hello.HSRPState) bool {
	return next != hello.Active && (from == hello.Active || from == hello.Initial)
}

// act performs the actions of RFC 2281 section 5.6 in the order of the letters.
// next is the state that follows. g.state is still the one being left.
func (g *Group) act(o occurrence, letters string, next hello.HSRPState) {
	for i := range len(letters) {
		switch letters[i] {
		case 'A', 'a':
			g.startActive(o)
		case 'B', 'b':
			g.startStandby(o)
		case 'C', 'c':
			g.active.stop()
		case 'D', 'd':
			g.standby.stop()
		case 'E', 'e':
			g.learn(o)
		case 'F', 'f':
			if !g.repeats(o) {
				g.sendHello(o.now, next)
			}
		case 'G', 'g':
			g.sendCoup(o.now)
		case 'H', 'h':
			g.sendResign(o)
		case 'I', 'i':
			g.announce()
		case 'w':
			g.accompany(o.now)
		}
	}
}

// enter makes next the state and sets what is true in it, whatever led there.
func (g *Group) enter(next hello.HSRPState) {
	g.state = next
	switch next {
	case hello.Initial:
		g.active, g.standby = watch{}, watch{}
		g.helloAt, g.preemptAt, g.retryAt = time.Time{}, time.Time{}, time.Time{}
		g.yielded = yielded{}
		g.forgetLearned()
	case hello.Learn, hello.Listen:
		g.helloAt = time.Time{}
	case hello.Standby:
		g.standby = watch{}
	case hello.Active:
		g.active = watch{}
		g.preemptAt, g.yielded = time.Time{}, yielded{}
	}
}

// sendHello sends action F and starts the Hello timer again.
func (g *Group) sendHello(now time.Time, state hello.HSRPState) {
	g.send(hello.OpHello, state, state == hello.Active)
	g.helloAt = g.align(now.Add(g.interval()))
	g.said = now
}

// gap is the shortest time between two answers of an active router to messages that
// contest its role. Even authentication cannot tell old messages from new ones, so a
// recorded one may come again and again.
func (g *Group) gap() time.Duration { return max(g.helloTime/10, leastGap) }

// leastGap bounds the answers of groups whose hello time is short.
const leastGap = 10 * time.Millisecond

// sendCoup sends action G. An active router does not repeat it soon: all routers of
// the group have heard the last one, and the next hello of one that has not leads to
// another. The Coup that took the role is not counted: it made one router yield, and
// another may have become active because of that.
func (g *Group) sendCoup(now time.Time) {
	active := g.state == hello.Active
	if active {
		if now.Sub(g.couped) < g.gap() {
			return
		}
		g.couped = now
	}
	g.send(hello.OpCoup, g.state, active)
}

// repeats reports whether a Hello in which an active router answers would follow too
// soon. As an answer to a worse active router it is left out after any other Hello:
// the Coup alone makes that router yield. If it does not yield, because it takes
// itself for the better one, Hello would answer Hello for ever. As an answer to a
// Resign it is put off, unless it is the first for a hold time.
func (g *Group) repeats(o occurrence) bool {
	if g.state != hello.Active {
		return false
	}
	switch o.event {
	case worseActive, preemptedActive:
		return o.now.Sub(g.said) < g.gap()
	case resigned:
		first, again := o.now.Sub(g.contested) >= g.holdTime, g.said.Add(g.gap())
		g.contested = o.now
		if !first && o.now.Before(again) {
			g.helloAt = earlier(g.helloAt, again)
			return true
		}
	}
	return false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// sendResign sends action H. A router that stops or hands over says so as the active router
// that it still is to the others; one that lost the role must not use the
// virtual MAC any more.
func (g *Group) sendResign(o occurrence) {
	if o.event == disabled || o.event == handedOver {
		g.send(hello.OpResign, hello.Active, true)
		return
	}
	g.send(hello.OpResign, hello.Speak, false)
}

// announce does action I. A router that is already active only reasserts the role.
func (g *Group) announce() {
	kind := fsm.Claim
	if g.state == hello.Active {
		kind = fsm.Reassert
	}
	g.emit(fsm.Announce{Kind: kind})
}

// usualActions is how many actions a step has at most, unless it preempts.
const usualActions = 4

func (g *Group) emit(a fsm.Action) {
	if g.out == nil {
		g.out = make([]fsm.Action, 0, usualActions)
	}
	g.out = append(g.out, a)
}

// send says something. A message that says what the last one said is the same one, as
// most are.
func (g *Group) send(op hello.Op, state hello.HSRPState, virtual bool) {
	m := g.message(op, state)
	if s, ok := g.last.(fsm.Send); !ok || s.Virtual != virtual || *s.Message.(*hello.HSRP) != m {
		g.last = fsm.Send{Message: new(m), Virtual: virtual}
	}
	g.emit(g.last)
}

// message returns a complete message of this group.
func (g *Group) message(op hello.Op, state hello.HSRPState) hello.HSRP {
	m := hello.HSRP{
		Version:   g.cfg.Version,
		Op:        op,
		State:     state,
		Family:    g.cfg.Family,
		Group:     g.cfg.Group,
		Priority:  g.priority,
		VirtualIP: g.virtualIP(),
	}
	m.HelloTime, m.HoldTime = g.carriedTimes()
	if g.cfg.Version == 2 {
		m.Identifier = g.mac
	}
	return m
}
