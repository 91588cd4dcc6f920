package vrrp

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// becomeActive takes the addresses, then advertises: the old Active must give way
// before hosts and switches are told.
func (r *Router) becomeActive(now time.Time, cause fsm.Cause, detail string) {
	r.activeAdverInterval = r.cfg.AdverInterval
	r.heard, r.preemptFrom, r.yielded = peer{}, time.Time{}, false
	r.do(fsm.Acquire{})
	r.advertise(now)
	r.advertiseAfter(now, r.firstInterval())
	r.do(fsm.Announce{Kind: fsm.Claim})
	r.enter(Active, cause, detail)
}

// inActive handles an advertisement in Active (RFC 9568 section 6.4.3, RFC
// 3768 section 6.4.3). Its sender claimed the role, so the hosts and switches that
// believed it are told again.
func (r *Router) inActive(now time.Time, from peer, m *hello.VRRP) {
	switch {
	case m.Priority == 0:
		r.insist(now)
		r.do(fsm.Announce{Kind: fsm.Reassert})
	case r.losesTo(from):
		r.yield(now, from, m)
	default:
		r.answer(now)
		r.do(fsm.Announce{Kind: fsm.Reassert})
	}
}

// replyGap is the shortest time between two answers to another claimant.
const replyGap = hello.MinAdverIntervalV3

// answer sends the loser an advertisement at once. RFC 9568 brought this. RFC 3768
// discards the loser's in silence. Within replyGap of the last one it is left out:
// that one crossed with the loser's, or the other router believes that it has won
// and would answer without end.
func (r *Router) answer(now time.Time) {
	if r.cfg.Version == 3 && now.Sub(r.said) >= replyGap {
		r.advertise(now)
	}
}

// insist advertises because another router resigns: all Backups that heard it
// wait for no more than their Skew_Time now. Within replyGap of the last
// advertisement it is put off rather than left out, since that one came before.
func (r *Router) insist(now time.Time) {
	at := r.said.Add(replyGap)
	switch {
	case !now.Before(at):
		r.advertise(now)
	case at.Before(r.adver):
		r.adver = at
	}
}

// losesTo compares priorities and, between equals, the source addresses as
// unsigned numbers in network byte order.
func (r *Router) losesTo(p peer) bool {
	if p.priority != r.priority {
		return p.priority > r.priority
	}
	return p.addr.Compare(r.addr) > 0
}

// yield goes back to Backup under a better Active. Nothing is advertised: the winner
// has already advertised.
func (r *Router) yield(now time.Time, from peer, m *hello.VRRP) {
	detail := fmt.Sprintf("%s has priority %d against our %d", from.addr, from.priority, r.priority)
	if from.priority == r.priority {
		detail = fmt.Sprintf("%s has priority %d as we have, and the higher address", from.addr, from.priority)
	}
	r.do(fsm.Release{})
	r.do(fsm.Announce{Kind: fsm.Withdraw})
	r.obey(now, from, m)
	r.enter(Backup, fsm.CauseBetterActive, detail)
}

// fenced gives up a role that the kernel has already taken away. It does not resign:
// another router may have the role by now. In Backup the advertisements of the stall
// are still unread, so the wait starts again.
func (r *Router) fenced(now time.Time, ev fsm.Fenced) {
	switch r.state {
	case Backup:
		r.waitFor(now, fsm.CauseActiveTimer)
	case Active:
		r.do(fsm.Release{})
		r.waitFor(now, fsm.CauseActiveTimer)
		r.enter(Backup, ev.Cause, ev.Detail)
	}
}
