package configs

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

func (p *parser) hsrp(o *opt[rawHSRP]) (HSRP, entry) {
	r := &o.v
	h := HSRP{
		Group:   p.group(o.at, &r.rawGroup, protocol{preempt: false, realIP: true}),
		Version: uint8(p.number(&r.Version, 2, 1, 2, "")),
		Auth:    p.hsrpAuth(&r.Auth),

		OffSubnet: oneOf(p, &r.OffSubnet, "ignore, accept") == "accept",
	}
	h.ID = p.hsrpGroup(r, h.Version)
	p.hsrpTimers(r, &h)
	p.hsrpAddresses(r, &h)
	return h, entry{
		proto: "hsrp", at: o.at, number: h.ID, numberAt: r.Group.at, raw: &r.rawGroup, group: h.Group,
		unsure: r.Group.bad || r.Interface.bad || r.VirtualIPs.bad,
		timers: []setting{{r.Hello.at, r.Hello.set}, {r.Hold.at, r.Hold.set}},
	}
}

// hsrpGroup defaults to group 0, as on IOS.
func (p *parser) hsrpGroup(r *rawHSRP, version uint8) uint16 {
	high, where := int64(hello.MaxGroupV2), fmt.Sprintf(" in version %d", version)
	switch {
	case r.Version.bad:
		where = ""
	case version == 1:
		high = hello.MaxGroupV1
	}
	return uint16(p.number(&r.Group, 0, 0, high, where))
}

// hsrpTimers reads hello and hold. With neither, 3 s and 10 s apply until the
// active router's are learned (RFC 2281 section 5.1). With one of them the
// other follows: hold is 10 s or three hellos, whichever is more; hello is 3 s
// or a third of hold, whichever is less.
func (p *parser) hsrpTimers(r *rawHSRP, h *HSRP) {
	h.Learn = !r.Hello.set && !r.Hold.set
	h.Hello = p.duration(&r.Hello, hello.DefaultHelloTime, hello.MinHelloTime, hello.MaxHelloTime)
	h.Hold = p.duration(&r.Hold, hello.DefaultHoldTime, hello.MinHelloTime, hello.MaxHoldTime)
	if h.Learn || r.Hello.bad || r.Hold.bad {
		return
	}
	switch {
	case !r.Hold.set:
		h.Hold = min(max(hello.DefaultHoldTime, 3*h.Hello), hello.MaxHoldTime)
		if h.Hello < time.Second {
			p.warn(r.Hello.at, "hello %s without hold: a takeover takes %s", short(h.Hello), short(h.Hold))
		}
	case !r.Hello.set:
		h.Hello = helloFor(h.Hold, h.Version)
	}
	p.hsrpUnits(r, h)
	p.hsrpHold(r, h)
}

// helloFor returns the hello time for a hold time, in a unit the version has.
func helloFor(hold time.Duration, version uint8) time.Duration {
	d := min(hello.DefaultHelloTime, hold/3)
	if version == 1 && hold > time.Second {
		return max(time.Second, d.Truncate(time.Second))
	}
	return max(hello.MinHelloTime, d.Truncate(time.Millisecond))
}

// hsrpUnits checks that the wire can carry the timers: version 2 counts
// milliseconds. Version 1 counts seconds, and has no word for less: a hello
// below one second is sent as 0 and neither timer is learned by others.
func (p *parser) hsrpUnits(r *rawHSRP, h *HSRP) {
	unit, note := time.Millisecond, "whole milliseconds"
	if h.Version == 1 && h.Hello >= time.Second {
		unit, note = time.Second, "whole seconds in version 1, unless hello is below 1s"
	}
	for _, t := range []*opt[time.Duration]{&r.Hello, &r.Hold} {
		if t.given() && t.v%unit != 0 {
			t.refuse(p, "%s %s must be %s", t.at.key, short(t.v), note)
		}
	}
}

func (p *parser) hsrpHold(r *rawHSRP, h *HSRP) {
	at := r.Hold.at
	if !r.Hold.set {
		at = r.Hello.at
	}
	switch {
	case r.Hello.bad || r.Hold.bad:
	case h.Hold <= h.Hello:
		p.fault(at, "hold %s must exceed hello %s; three times as much is usual", short(h.Hold), short(h.Hello))
	case h.Hold < 3*h.Hello:
		p.warn(at, "hold %s is less than three times hello %s: two lost packets can move the group",
			short(h.Hold), short(h.Hello))
	}
	if h.Confirm && h.Hold > h.Hello && h.Hold < h.Hello*5/4 {
		p.warn(r.Confirm.at, "confirm has no effect: its questions take a quarter of the hello time %s, and hold is %s", short(h.Hello), short(h.Hold))
	}
}

// hsrpAddresses fixes family and order of the virtual addresses. Without any
// the group learns its address, which only IPv4 can.
func (p *parser) hsrpAddresses(r *rawHSRP, h *HSRP) {
	if h.Family != hello.IPv6 {
		h.Family = hello.IPv4
		return
	}
	if h.Version == 1 && !r.Version.bad {
		p.fault(r.VirtualIPs.at, "virtual_ips %s: version 1 is IPv4 only, set version = 2", h.VirtualIPs[0])
	}
	if !linkLocalFirst(h.VirtualIPs) && !r.Group.bad {
		h.VirtualIPs = slices.Insert(h.VirtualIPs, 0, hello.VirtualLinkLocal(hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv6, h.ID)))
	}
}

// linkLocalFirst moves the first link-local address to the front, and reports
// whether there was one.
func linkLocalFirst(addrs []netip.Addr) bool {
	i := slices.IndexFunc(addrs, netip.Addr.IsLinkLocalUnicast)
	if i < 0 {
		return false
	}
	a := addrs[i]
	copy(addrs[1:], addrs[:i])
	addrs[0] = a
	return true
}
