package hsrp

import (
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// watch is the Active or the Standby timer of RFC 2281 section 5.4 together
// with the router it watches. What is known of the router outlives the timer,
// so that a later report can still name it.
type watch struct {
	at    time.Time     // when it expires; zero when stopped
	since time.Time     // last hello of the router, else when the timer started
	hold  time.Duration // what it was started with
	known bool          // a router is in the role, as far as this one knows
	peer  peer
}

func (w *watch) running() bool          { return !w.at.IsZero() }
func (w *watch) due(now time.Time) bool { return w.running() && !now.Before(w.at) }
func (w *watch) stop()                  { w.at = time.Time{} }
func (w *watch) forget()                { w.known, w.peer, w.since = false, peer{}, time.Time{} }

// start sets the timer. The router that is watched, if any, was not heard.
func (w *watch) start(now time.Time, hold time.Duration) {
	w.at, w.hold = now.Add(hold), hold
	if w.since.IsZero() {
		w.since = now
	}
}

// heard sets the timer because p was heard in the role.
func (w *watch) heard(now time.Time, hold time.Duration, p peer) {
	w.known, w.peer, w.since = true, p, now
	w.start(now, hold)
}

// startActive is action A: the hold time in a hello of the active router, else
// the own one (RFC 2281 section 5.6). A Coup names the active router as well,
// but is no hello.
func (g *Group) startActive(o occurrence) {
	switch o.event {
	case betterActive, worseActive, preemptedActive:
		g.active.heard(o.now, g.holdOf(o.message), o.peer)
		if g.standby.peer.addr == o.peer.addr {
			g.standby.forget() // it was promoted
			g.standby.since = o.now
		}
	case coup:
		g.active.heard(o.now, g.holdTime, o.peer)
	default:
		g.active.start(o.now, g.holdTime)
	}
}

// startStandby is action B: the hold time in a hello of the standby router,
// else the own one (RFC 2281 section 5.6).
func (g *Group) startStandby(o occurrence) {
	switch o.event {
	case betterStandby, worseStandby:
		g.standby.heard(o.now, g.holdOf(o.message), o.peer)
	default:
		g.standby.start(o.now, g.holdTime)
	}
}

// holdOf returns how long a hello counts: the hold time in it, or the own one when it
// carries none. RFC 2281 section 5.1 demands that the hold time exceeds the hello
// time. Otherwise the sender would die and rise with each of its hellos, so the own
// hold time or three of those hellos count, whichever is longer. Version 2 has room
// for 49 days, and one packet of an absent router would keep all others silent for so
// long. No router can be configured with more than MaxHoldTime.
func (g *Group) holdOf(m *hello.HSRP) time.Duration {
	hold := m.HoldTime
	if hold <= m.HelloTime {
		hold = max(g.holdTime, 3*m.HelloTime)
	}
	return min(hold, hello.MaxHoldTime)
}

// tick fires what is due: event d, then c, then the end of the preempt delay,
// then e. The Standby timer is first because event c does nothing in Speak. The Hello
// timer is last because the other events may have sent a Hello already.
func (g *Group) tick(now time.Time) {
	if g.standby.due(now) {
		g.standby.stop()
		g.standby.known = false
		g.take(occurrence{event: standbyExpired, now: now})
	}
	if g.active.due(now) {
		g.active.stop()
		g.active.known = false
		g.preemptAt, g.yielded = time.Time{}, yielded{}
		g.take(occurrence{event: activeExpired, now: now})
	}
	if !g.refrains && !g.preemptAt.IsZero() && !now.Before(g.preemptAt) {
		g.preempt(now)
	}
	if !g.helloAt.IsZero() && !now.Before(g.helloAt) {
		g.take(occurrence{event: helloDue, now: now})
	}
}

// preempt ends the preempt delay without a new hello. The worse active router is
// still known, or the delay would have ended with it. Its last hello still counts
// unless the own priority has changed since.
func (g *Group) preempt(now time.Time) {
	if !g.worseThan(g.active.peer) {
		g.take(occurrence{event: preemptedActive, now: now, peer: g.active.peer})
	}
	g.preemptAt = time.Time{}
}

// mustWait reports whether a fence still keeps this router in Listen.
func (g *Group) mustWait(now time.Time) bool { return now.Before(g.retryAt) }

// wait puts off what would make this router speak. An active router that is heard
// meanwhile is watched as usual.
func (g *Group) wait() {
	g.standby.at = g.retryAt
	if !g.active.known || !g.active.running() {
		g.active.at = g.retryAt
	}
}

// forgetPeers drops what is known of the routers in both roles.
func (g *Group) forgetPeers() {
	g.active.forget()
	g.standby.forget()
	g.preemptAt = time.Time{}
}

// Share of a hello time by which one interval may be shorter. Routers on one LAN must
// not keep in step (RFC 2281 section 5.4). Cisco's draw from 80 % to 100 %. An interval is never longer than the hello time, so the others'
// hold times are safe. Below a second there is little load to spread and much
// to send, hence the smaller share.
const (
	jitterShare          = 0.2
	jitterShareSubsecond = 0.05
)

// interval returns the time to the next periodic Hello.
func (g *Group) interval() time.Duration {
	if g.cfg.Jitter == nil {
		return g.helloTime
	}
	share := jitterShare
	if g.helloTime < time.Second {
		share = jitterShareSubsecond
	}
	return g.helloTime - time.Duration(g.cfg.Jitter()*share*float64(g.helloTime))
}

// companyShare is the share of a hello time by which a standby router may bring its hello
// forward: by what the active router's may jitter, and be brought forward itself.
const companyShare = 0.3

// accompany sends the hello of a standby router that is due soon, because the active
// router's was heard just now. The next one is jittered as the active router's next is,
// and by itself after one that has left alone.
func (g *Group) accompany(now time.Time) {
	if g.cfg.Company == nil || !g.cfg.Company() || g.helloAt.Sub(now) > time.Duration(companyShare*float64(g.helloTime)) {
		return
	}
	g.sendHello(now, hello.Standby)
	g.helloAt = now.Add(g.helloTime)
}

func (g *Group) align(at time.Time) time.Time {
	if g.cfg.Align == nil {
		return at
	}
	return g.cfg.Align(at, g.helloTime)
}
