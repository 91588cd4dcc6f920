package engine

import (
	"time"
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

// advertiser is the schedule of a group's router advertisements. Nil sends none.
type advertiser struct {
	lifetime time.Duration
	sent     int
	last     time.Time
	next     time.Time
}

// newAdvertiser begins with the first advertisement due at once.
func newAdvertiser(now time.Time, lifetime time.Duration) *advertiser {
	if lifetime == 0 {
		return nil
	}
	return &advertiser{lifetime: lifetime, next: now}
}

func (a *advertiser) deadline() time.Time {
	if a == nil {
		return time.Time{}
	}
	return a.next
}

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
	if a == nil {
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
