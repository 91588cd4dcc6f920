package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/garp"
)

// When an active IPv6 group offers itself as a default router (RFC 4861
// sections 6.2.4 and 6.2.6, constants of section 10).
const (
	maxRtrAdvInterval         = 600 * time.Second
	maxInitialRtrAdvInterval  = 16 * time.Second
	maxInitialRtrAdverts      = 3
	minDelayBetweenRAs        = 3 * time.Second
	lifetimePerRtrAdvInterval = 3 // AdvDefaultLifetime is three intervals by default
)

// advertiser is the schedule of a group's router advertisements. The zero value
// sends none.
type advertiser struct {
	lifetime time.Duration
	sent     int
	last     time.Time
	next     time.Time
}

// start begins with the first advertisement due at once.
func (a *advertiser) start(now time.Time, lifetime time.Duration) {
	*a = advertiser{lifetime: lifetime}
	if lifetime > 0 {
		a.next = now
	}
}

func (a *advertiser) stop() { a.next = time.Time{} }

func (a *advertiser) deadline() (time.Time, bool) { return a.next, !a.next.IsZero() }

// took notes that one was sent at now and plans the next.
func (a *advertiser) took(now time.Time) {
	a.sent++
	a.last = now
	interval := min(a.lifetime/lifetimePerRtrAdvInterval, maxRtrAdvInterval)
	if a.sent < maxInitialRtrAdverts {
		interval = min(interval, maxInitialRtrAdvInterval)
	}
	a.next = now.Add(interval)
}

// solicit brings the next one forward, but not closer to the last than
// multicast advertisements may follow each other.
func (a *advertiser) solicit(now time.Time) {
	if a.next.IsZero() {
		return
	}
	at := now
	if earliest := a.last.Add(minDelayBetweenRAs); at.Before(earliest) {
		at = earliest
	}
	if at.Before(a.next) {
		a.next = at
	}
}

// advertiseDue sends the router advertisement that is due: from the link-local
// virtual address, so that the hosts' default route does not die with this
// router.
func (e *Engine) advertiseDue(now time.Time, g *group) {
	if at, armed := g.router.deadline(); !armed || at.After(now) {
		return
	}
	g.router.took(now)
	if len(g.vips) == 0 {
		return
	}
	f, err := garp.RouterAdvert(g.vips[0], g.mac, g.router.lifetime, 0)
	if err != nil {
		return // the address is checked where the configuration is read
	}
	g.seg.out.put(g, whileOwner, func(b []byte) []byte { return append(b, f...) })
}

// solicited answers a host that looks for routers.
func (e *Engine) solicited(now time.Time, s *segment) {
	for _, g := range s.groups {
		if g.owner {
			g.router.solicit(now)
			e.reschedule(g)
		}
	}
}

// isRouterSolicitation reports whether b is one that may be answered (RFC 4861
// section 6.1.1).
func isRouterSolicitation(b []byte) bool {
	const icmp = 14 + 40
	return len(b) >= icmp+8 && b[12] == 0x86 && b[13] == 0xdd && b[14+6] == 58 && b[14+7] == 255 && b[icmp] == 133 && b[icmp+1] == 0
}
