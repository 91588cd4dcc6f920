package hsrp

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// learn is action E: it takes the virtual address and the times that are not
// configured here from the active router (RFC 2281 section 5.1). The table has it
// neither in Active nor for a standby router's hello.
func (g *Group) learn(o occurrence) {
	l := fsm.Learned{From: o.peer.addr}
	if ip := plain(o.message.VirtualIP); g.learnable(ip) && ip != g.learnedIP {
		g.learnedIP, l.VirtualIP = ip, ip
	}
	if g.learnableTimes(o.message) {
		l.HelloTime, l.HoldTime = o.message.HelloTime, o.message.HoldTime
		g.helloTime, g.holdTime = l.HelloTime, l.HoldTime
	}
	if l.VirtualIP.IsValid() || l.HoldTime != 0 {
		g.emit(l)
	}
}

// learnable reports whether ip may become the virtual address of this router.
func (g *Group) learnable(ip netip.Addr) bool {
	ip = plain(ip)
	return len(g.cfg.VirtualIPs) == 0 &&
		ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() &&
		hello.FamilyOf(ip) == hello.FamilyOf(g.addr) && ip != g.addr
}

// learnableTimes reports whether m carries a new pair of times within the limits of
// the configuration: no other router can impose shorter ones on this one. Version 1
// counts in seconds, so the sender does not use anything below one.
func (g *Group) learnableTimes(m *hello.HSRP) bool {
	least := hello.MinHelloTime
	if g.cfg.Version == 1 {
		least = time.Second
	}
	return g.learnsTimes && m.HelloTime >= least && m.HoldTime > m.HelloTime && m.HoldTime <= hello.MaxHoldTime &&
		(m.HelloTime != g.helloTime || m.HoldTime != g.holdTime)
}

// forgetLearned goes back to what is configured.
func (g *Group) forgetLearned() {
	g.learnedIP = netip.Addr{}
	g.helloTime, g.holdTime = g.cfg.times()
	g.learnsTimes = g.cfg.HelloTime == 0 && g.cfg.HoldTime == 0
}

// times returns the configured times. A missing one becomes its default, or, where
// that does not fit the other, a third or three times of the other.
func (c Config) times() (helloTime, holdTime time.Duration) {
	switch {
	case c.HelloTime == 0 && c.HoldTime == 0:
		return hello.DefaultHelloTime, hello.DefaultHoldTime
	case c.HelloTime == 0:
		return min(hello.DefaultHelloTime, c.HoldTime/3), c.HoldTime
	case c.HoldTime == 0:
		return c.HelloTime, max(hello.DefaultHoldTime, 3*c.HelloTime)
	}
	return c.HelloTime, c.HoldTime
}

// carriedTimes returns the times as messages carry them. Version 1 cannot express
// parts of a second: routers then send zero for both.
func (g *Group) carriedTimes() (helloTime, holdTime time.Duration) {
	if g.cfg.Version == 1 && (g.helloTime%time.Second != 0 || g.holdTime%time.Second != 0) {
		return 0, 0
	}
	return g.helloTime, g.holdTime
}

// virtualIP returns the primary virtual address, invalid when it is not known.
func (g *Group) virtualIP() netip.Addr {
	if len(g.cfg.VirtualIPs) > 0 {
		return g.cfg.VirtualIPs[0]
	}
	return g.learnedIP
}
