package vrrp

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// handOver gives the role to whoever waits for the shortest time. An owner cannot:
// the addresses are its own ones.
func (r *Router) handOver(now time.Time, ev fsm.Yield) {
	if r.state != Active || r.owner() {
		return
	}
	r.do(fsm.Release{})
	r.do(r.resignation())
	r.do(fsm.Announce{Kind: fsm.Withdraw})
	r.forget()
	r.yielded = true
	r.waitFor(now, fsm.CauseActiveTimer)
	r.enter(Backup, ev.Cause, ev.Detail)
}

// reclaim takes back a role that nobody has.
func (r *Router) reclaim(now time.Time, ev fsm.Reclaim) {
	if r.state == Backup {
		r.becomeActive(now, ev.Cause, ev.Detail)
	}
}

// served shows that the address is there.
func (r *Router) served(now time.Time) {
	if r.state == Active {
		r.advertise(now)
	}
}

// noteSuccessor ends the yielding when another router is active than the one to which
// the role went: that is a new election.
func (r *Router) noteSuccessor(from peer) {
	if r.heard.addr.IsValid() && r.heard.addr != from.addr {
		r.yielded = false
	}
}
