package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Check returns why an advertisement is not for Step, or "" if it is. Call it before
// Step to count what is refused. Step refuses the same.
//
// The rules are those that need the router's configuration: RFC 9568 section
// 7.1 and RFC 3768 section 7.1. An owner hears other owners in version 3
// (erratum 8298), so that one of them gives way. In version 2 it hears nobody.
func (r *Router) Check(m *hello.VRRP) hello.Reject {
	switch {
	case m.Version != r.cfg.Version:
		return hello.RejectVersion
	case m.VRID != r.cfg.VRID || m.Family != r.cfg.Family:
		return hello.RejectGroup
	case m.AdverInterval <= 0:
		return hello.RejectInterval
	case m.Version == 2 && m.AdverInterval != r.cfg.AdverInterval:
		return hello.RejectInterval
	case m.Version == 2 && r.owner():
		return hello.RejectOwner
	}
	return ""
}

// received handles an advertisement by state. One from our own address came back to
// us, or the address is a duplicate: neither is to be answered.
func (r *Router) received(now time.Time, ev *fsm.Received) {
	m, ok := ev.Message.(*hello.VRRP)
	if !ok || m == nil || r.Check(m) != "" {
		return
	}
	from := peer{addr: plain(ev.From), mac: ev.MAC, priority: m.Priority, at: now}
	if !from.addr.IsValid() || from.addr == r.addr {
		return
	}
	switch r.state {
	case Backup:
		r.inBackup(now, from, m)
	case Active:
		r.inActive(now, from, m)
	}
}

// advertise sends an advertisement and restarts the Adver_Timer, which always
// runs at the own Advertisement_Interval.
func (r *Router) advertise(now time.Time) {
	r.do(r.advertisement(r.priority))
	r.said = now
	r.advertiseAfter(now, r.cfg.AdverInterval)
}

// resignation is the advertisement with priority zero (RFC 9568 section 5.2.4).
func (r *Router) resignation() fsm.Action { return r.advertisement(0) }

// advertisement returns the last one where it would say the same, as most do.
func (r *Router) advertisement(priority uint8) fsm.Action {
	if s, ok := r.last.(fsm.Send); ok {
		m := s.Message.(*hello.VRRP)
		if m.Priority == priority && m.AdverInterval == r.cfg.AdverInterval && slices.Equal(m.VirtualIPs, r.cfg.VirtualIPs) {
			return r.last
		}
	}
	r.last = fsm.Send{Virtual: true, Message: &hello.VRRP{
		Version:       r.cfg.Version,
		VRID:          r.cfg.VRID,
		Priority:      priority,
		Family:        r.cfg.Family,
		AdverInterval: r.cfg.AdverInterval,
		VirtualIPs:    r.cfg.VirtualIPs,
	}}
	return r.last
}

// setPriority changes the priority of any router but an owner. It is kept inside
// 1-254, since 0 and 255 have meanings of their own, and takes effect in the next
// advertisement, comparison and timer. A running timer stays.
func (r *Router) setPriority(ev fsm.SetPriority) {
	if r.owner() {
		return
	}
	r.priority = clamp(ev.Effective)
	r.configured = clamp(ev.Configured)
}

func clamp(priority uint8) uint8 { return min(max(priority, 1), hello.OwnerPriority-1) }

// plain removes what would spoil a comparison: the zone of a link-local address and
// the IPv6 form of an IPv4 one.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// advertiseAfter starts the Adver_Timer.
func (r *Router) advertiseAfter(now time.Time, d time.Duration) {
	r.adver = now.Add(d)
	if r.cfg.Align != nil {
		r.adver = r.cfg.Align(r.adver, r.cfg.AdverInterval)
	}
}

// firstShare is the part of the first interval that jitter may take away.
const firstShare = 0.5

// firstInterval returns the time from the advertisement that claims the role to
// the next one.
func (r *Router) firstInterval() time.Duration {
	if r.cfg.Jitter == nil {
		return r.cfg.AdverInterval
	}
	return r.cfg.AdverInterval - time.Duration(firstShare*r.cfg.Jitter()*float64(r.cfg.AdverInterval))
}
