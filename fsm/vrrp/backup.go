package vrrp

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// inBackup handles an advertisement in Backup (RFC 9568 section 6.4.2, RFC
// 3768 section 6.4.2). Addresses are not compared here: of two equal routers the
// Active one stays so.
func (r *Router) inBackup(now time.Time, from peer, m *hello.VRRP) {
	r.noteSuccessor(from)
	switch {
	case m.Priority == 0:
		r.resigned(now, from)
	case m.Priority >= r.priority:
		r.preemptFrom = time.Time{}
		r.obey(now, from, m)
	case !r.preempts(now):
		r.obey(now, from, m)
	default:
		r.challenge(from)
	}
}

// resigned follows the Active's resignation after Skew_Time, whatever the preempt
// settings are: there is no Active to be preempted.
func (r *Router) resigned(now time.Time, from peer) {
	r.heard, r.lastWord, r.yielded = peer{}, from.addr, false
	r.pending = fsm.CauseResigned
	r.activeDown = now.Add(r.skewTime())
}

// obey takes the sender for the Active: learn its interval as
// Active_Adver_Interval, then restart the Active_Down_Timer with it. In version 2
// there is nothing to learn, as Check refuses any other interval.
func (r *Router) obey(now time.Time, from peer, m *hello.VRRP) {
	r.heard = from
	r.activeAdverInterval = m.AdverInterval
	r.waitFor(now, fsm.CauseActiveTimer)
}

// challenge leaves the Active_Down_Timer running under a worse router, so that
// this one takes over when it ends.
func (r *Router) challenge(from peer) {
	r.heard = from
	if r.pending != fsm.CauseResigned {
		r.pending = fsm.CausePreempt
	}
}

// preempts reports whether a worse router's advertisement is to be discarded.
// The preempt delay starts with the first such advertisement. While it lasts the
// worse router is obeyed. The owner does not wait.
func (r *Router) preempts(now time.Time) bool {
	if r.owner() {
		return true
	}
	if !r.cfg.Preempt || r.yielded {
		return false
	}
	if r.cfg.PreemptDelay > 0 && r.preemptFrom.IsZero() {
		r.preemptFrom = now.Add(r.cfg.PreemptDelay)
	}
	return !r.refrains && !now.Before(r.preemptFrom)
}

// refrain begins or ends a time without preemption. A worse router that was about to be
// preempted is obeyed again.
func (r *Router) refrain(now time.Time, ev fsm.Refrain) {
	r.refrains = ev.On
	if ev.On && r.state == Backup && r.pending == fsm.CausePreempt {
		r.waitFor(now, fsm.CauseActiveTimer)
	}
}

// waitFor restarts the Active_Down_Timer in full. cause is what its end will mean.
func (r *Router) waitFor(now time.Time, cause fsm.Cause) {
	r.pending = cause
	r.activeDown = now.Add(r.activeDownInterval())
}

// takeOver is the end of the Active_Down_Timer.
func (r *Router) takeOver(now time.Time) {
	r.becomeActive(now, r.pending, r.takeOverDetail(now))
}

func (r *Router) takeOverDetail(now time.Time) string {
	switch {
	case r.pending == fsm.CauseResigned:
		return fmt.Sprintf("%s resigned", r.lastWord)
	case !r.heard.addr.IsValid():
		return "no advertisement heard"
	case r.pending == fsm.CausePreempt:
		return fmt.Sprintf("%s has priority %d, below our %d", r.heard.addr, r.heard.priority, r.priority)
	}
	return fmt.Sprintf("nothing from %s with priority %d for %s",
		r.heard.addr, r.heard.priority, seconds(now.Sub(r.heard.at)))
}
