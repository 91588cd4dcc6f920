package vrrp

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// up is the Startup event of RFC 9568 section 6.4.1: the owner becomes Active
// at once, any other router waits in Backup for one Active_Down_Interval of its own
// Advertisement_Interval.
//
// In the other two states it gives the router another address or MAC.
func (r *Router) up(now time.Time, ev fsm.Up) {
	addr := plain(ev.Addr)
	if !addr.IsValid() {
		return
	}
	if r.state != Initialize {
		r.move(now, addr, ev.MAC)
		return
	}
	r.addr, r.mac = addr, ev.MAC
	r.startup(now)
}

// move goes on from another address, as when the first of two is removed, or from
// another interface MAC. The next advertisement decides ties with the new
// address, so it does not wait for its time. A new MAC behind the virtual one is
// visible to switches only.
func (r *Router) move(now time.Time, addr netip.Addr, mac hello.MAC) {
	moved, switched := addr != r.addr, mac != r.mac
	r.addr, r.mac = addr, mac
	if r.state != Active {
		return
	}
	if moved {
		r.advertise(now)
	}
	if switched {
		r.do(fsm.Announce{Kind: fsm.Reassert})
	}
}

func (r *Router) startup(now time.Time) {
	cause := r.stopped.Undone()
	if r.owner() {
		r.becomeActive(now, fsm.CauseAddressOwner, "owner of the virtual addresses, "+string(cause))
		return
	}
	r.waitFor(now, fsm.CauseActiveTimer)
	r.do(fsm.Announce{Kind: fsm.Withdraw}) // the last run may have ended anyhow
	r.enter(Backup, cause, "waiting "+seconds(r.activeDownInterval())+" for an advertisement")
}

// shutdown is the Shutdown event of sections 6.4.2 and 6.4.3. Only an Active has a
// role to resign.
func (r *Router) shutdown(cause fsm.Cause, detail string) {
	if r.state == Initialize {
		return
	}
	if r.state == Active {
		r.do(fsm.Release{})
		r.do(r.resignation())
		r.do(fsm.Announce{Kind: fsm.Withdraw})
	}
	r.stopped = cause
	r.forget()
	r.enter(Initialize, cause, detail)
}

// forget drops what was heard and what is waited for, so that the next startup is
// like the first.
func (r *Router) forget() {
	r.activeAdverInterval = r.cfg.AdverInterval
	r.heard, r.preemptFrom, r.yielded = peer{}, time.Time{}, false
}
