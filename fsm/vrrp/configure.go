package vrrp

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// configure takes over another configuration. In version 3 the others learn the
// interval from the next advertisement, which is never put off, and the new addresses
// from one at once (RFC 9568 section 5.2.8).
func (r *Router) configure(now time.Time, ev fsm.Configured) {
	moved := !slices.Equal(r.cfg.VirtualIPs, ev.VirtualIPs)
	r.cfg.VirtualIPs, r.cfg.Accept = slices.Clone(ev.VirtualIPs), ev.Accept
	r.cfg.Preempt, r.cfg.PreemptDelay = ev.Preempt, ev.PreemptDelay
	if !r.preemptFrom.IsZero() {
		r.preemptFrom = earlier(r.preemptFrom, now.Add(ev.PreemptDelay))
	}
	if ev.HelloTime != r.cfg.AdverInterval {
		r.configureInterval(now, ev.HelloTime)
	}
	if moved && r.state == Active {
		r.advertise(now)
	}
}

// configureInterval leaves a Backup the interval that it has learned. In version 2
// there is none to learn: all routers have to have the same.
func (r *Router) configureInterval(now time.Time, interval time.Duration) {
	r.cfg.AdverInterval = interval
	switch {
	case r.state == Active:
		r.activeAdverInterval = interval
		r.adver = earlier(r.adver, now.Add(interval))
	case r.cfg.Version == 2 || !r.heard.addr.IsValid():
		r.activeAdverInterval = interval
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
