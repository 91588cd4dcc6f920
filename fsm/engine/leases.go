package engine

import (
	"slices"
	"time"
)

// minimumLease is the shortest lease that a stall of an otherwise healthy host
// does not use up: virtual machines stop for up to half a second.
const minimumLease = 500 * time.Millisecond

// leases is the account of those on one interface.
type leases struct {
	terms   []terms   // of the leases in force
	groups  int       // that have an open gate, with a lease or without
	renewed time.Time // when all were last known to be whole
	retry   time.Time // next attempt after a failed one, zero when the last succeeded
	hello   bool      // one that leaves with the next flush renews them
	lost    []ID      // groups whose lease ran out; the next Tick fences them

	// Gates that should be shut and could not be. They are not left to their
	// lease, which is renewed for all gates of a port at once.
	stuck   []ID
	stuckAt time.Time // next attempt
}

// term is a lease and how the hellos of the group under it renew it. Groups have few
// different ones.
type term struct {
	lease time.Duration
	hello time.Duration // from one hello to the next
	spare time.Duration // of the lease, which the others do not need to take over
}

// perLease is how many renewals by hellos fit into a lease at least.
const perLease = 4

// age is how old a lease may be when a hello leaves that does not renew it. The
// spare part covers for it where hellos are quick: each renewal is a transaction.
func (t term) age() time.Duration { return max(t.hello/2, min(t.spare, t.lease/perLease)) }

// grant is what one group got.
type grant struct {
	term
	at time.Time // when the gate was opened
}

// terms counts the groups with the same term. There are so few that a slice,
// which every turn looks through, is faster than a map.
type terms struct {
	term
	groups int
}

func (l *leases) add(now time.Time, t term) {
	if l.groups == 0 {
		l.renewed, l.retry = now, time.Time{}
	}
	l.count(t, 1)
}

func (l *leases) remove(t term) { l.count(t, -1) }

func (l *leases) count(t term, groups int) {
	l.groups += groups
	i := slices.IndexFunc(l.terms, func(have terms) bool { return have.term == t })
	if i < 0 {
		l.terms = append(l.terms, terms{t, groups})
		return
	}
	if l.terms[i].groups += groups; l.terms[i].groups == 0 {
		l.terms = slices.Delete(l.terms, i, i+1)
	}
}

// shortest returns the shortest lease in force, 0 when none is.
func (l *leases) shortest() (least time.Duration) {
	for _, t := range l.terms {
		if t.lease > 0 && (least == 0 || t.lease < least) {
			least = t.lease
		}
	}
	return least
}

// helloLeaves notes that a hello under t leaves with the next flush. The leases are to
// be renewed with it: a router that dies goes on forwarding from its last hello for as
// long as the others wait. Hellos of many groups share a renewal.
func (l *leases) helloLeaves(now time.Time, t term) {
	l.hello = l.hello || t.lease > 0 && l.retry.IsZero() && now.Sub(l.renewed) >= t.age()
}

// takeDue reports whether hellos that have just left renew the leases.
func (l *leases) takeDue() bool {
	due := l.hello
	l.hello = false
	return due
}

// renewal returns when the leases are to be renewed, zero when there are none.
func (l *leases) renewal() time.Time {
	lease := l.shortest()
	switch {
	case lease == 0:
		return time.Time{}
	case !l.retry.IsZero():
		return l.retry
	}
	return l.renewed.Add(lease / 3)
}

// renewalFailed plans the next attempt, long before the leases run out.
func (l *leases) renewalFailed(now time.Time) { l.retry = now.Add(l.shortest() / 30) }

// deadline returns when there is something to do, zero when there is not.
func (l *leases) deadline() time.Time {
	if len(l.lost) > 0 {
		return l.renewed // now
	}
	if len(l.stuck) > 0 {
		return sooner(l.renewal(), l.stuckAt)
	}
	return l.renewal()
}

// age returns how long ago a lease was last known to be whole.
func (l *leases) age(now time.Time, g grant) time.Duration {
	if g.at.After(l.renewed) {
		return now.Sub(g.at)
	}
	return now.Sub(l.renewed)
}

// shutAgain is the pause before a gate that could not be shut is tried again.
const shutAgain = 100 * time.Millisecond

// keepShutting remembers gates that could not be shut.
func (l *leases) keepShutting(now time.Time, ids []ID) {
	l.stuck = append(l.stuck, ids...)
	l.stuckAt = now.Add(shutAgain)
}

// stuckDue returns the gates to be tried again at now, and forgets them.
func (l *leases) stuckDue(now time.Time) []ID {
	if len(l.stuck) == 0 || now.Before(l.stuckAt) {
		return nil
	}
	due := l.stuck
	l.stuck = nil
	return due
}
