package engine

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// minimumLease is the shortest lease that a stall of an otherwise healthy host
// does not use up: virtual machines stop for up to half a second.
const minimumLease = 500 * time.Millisecond

// leases are those of one segment.
type leases struct {
	owners  int
	terms   []terms   // of the leases in force
	renewed time.Time // when all were last known to be whole
	retry   time.Time // next attempt after a failed one, zero when the last succeeded
	beat    bool      // a hello of an owner leaves with the next flush
	lost    []ID      // groups whose lease ran out; the next Tick fences them
}

// term is a lease and how often its owner sends hellos. Groups have few
// different ones.
type term struct{ lease, hello time.Duration }

func (g *group) term() term { return term{g.lease, g.beat} }

// terms counts the groups with the same term. There are so few that a slice,
// which every turn looks through, is faster than a map.
type terms struct {
	term
	groups int
}

// count adds groups to those with a term, or takes them away.
func (l *leases) count(t term, groups int) {
	i := slices.IndexFunc(l.terms, func(have terms) bool { return have.term == t })
	if i < 0 {
		l.terms = append(l.terms, terms{t, groups})
		return
	}
	if l.terms[i].groups += groups; l.terms[i].groups == 0 {
		l.terms = slices.Delete(l.terms, i, i+1)
	}
}

// leaseOf returns how long the kernel goes on forwarding for g without the
// daemon: not shorter than the peer needs to take over.
func (e *Engine) leaseOf(g *group) time.Duration {
	switch {
	case e.lease.Off:
		return 0
	case !e.lease.Auto && e.lease.Duration > 0:
		return e.lease.Duration
	}
	return g.succession()
}

// succession is how long the other routers need at most to take over when g dies:
// one more hello than they wait, and not less than a stall may last.
func (g *group) succession() time.Duration {
	st := g.elector().machine.Status()
	return max(peersHold(g, st)+st.HelloTime, minimumLease)
}

// peersHold is how long the other routers wait at most for a sign of life.
// HSRP's hello carries it. In VRRP it depends on the waiting router's priority:
// three intervals and up to one whole skew (RFC 9568 section 6.1; in version 2
// the skew is up to a second, RFC 3768 section 6.1).
func peersHold(g *group, st fsm.Status) time.Duration {
	switch {
	case g.isHSRP():
		return st.HoldTime
	case g.wire.version == 2:
		return 3*st.HelloTime + time.Second
	}
	return 4 * st.HelloTime
}

// elector returns the group whose election decides over g.
func (g *group) elector() *group {
	if g.leader != nil {
		return g.leader
	}
	return g
}

// own notes that g is active since now, under the lease that it is to get.
func (s *segment) own(now time.Time, g *group, lease time.Duration) {
	if s.leases.owners == 0 {
		s.leases.renewed, s.leases.retry = now, time.Time{}
	}
	g.owner, g.opened, g.lease = true, now, lease
	g.beat = g.elector().machine.Status().HelloTime
	s.leases.owners++
	s.leases.count(g.term(), 1)
}

// disown notes that it no longer is.
func (s *segment) disown(g *group) {
	g.owner = false
	s.leases.owners--
	s.leases.count(g.term(), -1)
}

// shortestLease returns the shortest lease in force, 0 when none is.
func (s *segment) shortestLease() time.Duration { return s.shortest().lease }

// shortest returns the shortest lease in force and the shortest hello time of
// those that have one.
func (s *segment) shortest() (least term) {
	for _, t := range s.leases.terms {
		if t.lease <= 0 {
			continue
		}
		if least.lease == 0 || t.lease < least.lease {
			least.lease = t.lease
		}
		if least.hello == 0 || t.hello < least.hello {
			least.hello = t.hello
		}
	}
	return least
}

// renewBeat renews the leases with the hellos that have just left: a router
// that dies goes on forwarding for one whole lease from its last hello, and so
// for as long as the others wait. Hellos of many groups share a renewal.
func (e *Engine) renewBeat(now time.Time, s *segment) {
	if !s.leases.beat {
		return
	}
	s.leases.beat = false
	if t := s.shortest(); t.lease > 0 && s.leases.retry.IsZero() && now.Sub(s.leases.renewed) >= t.hello/2 {
		e.renew(now, s)
	}
}

// renewal returns when the segment's leases are to be renewed.
func (s *segment) renewal() (time.Time, bool) {
	lease := s.shortestLease()
	if lease == 0 {
		return time.Time{}, false
	}
	if !s.leases.retry.IsZero() {
		return s.leases.retry, true
	}
	return s.leases.renewed.Add(lease / 3), true
}

// leaseWork returns when checkLeases has something to do.
func (s *segment) leaseWork() (time.Time, bool) {
	if len(s.leases.lost) > 0 {
		return s.leases.renewed, true // now
	}
	at, armed := s.renewal()
	if len(s.stuck.ids) > 0 && (!armed || s.stuck.at.Before(at)) {
		return s.stuck.at, true
	}
	return at, armed
}

// leaseAge returns how long ago g's lease was last known to be whole.
func (s *segment) leaseAge(now time.Time, g *group) time.Duration {
	if g.opened.After(s.leases.renewed) {
		return now.Sub(g.opened)
	}
	return now.Sub(s.leases.renewed)
}

// noteLost remembers the groups that lost their gate without knowing. A group
// that has given the role up has nothing to lose.
func (e *Engine) noteLost(s *segment, lost []ID) {
	for _, id := range lost {
		if g := e.byID(id); g != nil && g.owner {
			s.leases.lost = append(s.leases.lost, id)
		}
	}
}

// checkLeases fences what the kernel has shut and renews what is due.
func (e *Engine) checkLeases(now time.Time) {
	for _, s := range e.segments {
		if due, armed := s.renewal(); armed && !due.After(now) {
			e.renew(now, s)
		}
		e.fenceLost(now, s)
		s.retryShut(now)
	}
}

// renew renews the leases. When that fails it is tried again long before they
// run out, and once they have the groups behave as if the kernel had said so.
func (e *Engine) renew(now time.Time, s *segment) {
	lost, err := s.port.Renew()
	if err == nil {
		e.noteLost(s, lost)
		s.leases.renewed, s.leases.retry = now, time.Time{}
		return
	}
	s.leases.retry = now.Add(s.shortestLease() / 30)
	if e.complaints.first(now, s.name+" renew", err.Error()) {
		e.emitSegment(now, s, eventLease, "renew lease: "+err.Error())
	}
	for _, g := range s.groups {
		if g.owner && g.lease > 0 && s.leaseAge(now, g) > g.lease {
			s.leases.lost = append(s.leases.lost, g.id)
		}
	}
}

func (e *Engine) fenceLost(now time.Time, s *segment) {
	lost := s.leases.lost
	s.leases.lost = nil
	for _, id := range lost {
		if g := e.byID(id); g.owner {
			e.fence(now, g, fsm.CauseLeaseLost, fmt.Sprintf("the lease of %v ran out; it was last renewed %v ago",
				g.lease, s.leaseAge(now, g).Round(time.Millisecond)))
		}
	}
	if len(lost) > 0 {
		e.Flush(now)
	}
}

// Wake must be called after every wait, before anything that was received is
// looked at: a process that was stopped for longer than its lease has been
// replaced and must not say one word as the active router. suspended is how
// long the host itself slept, as far as its clocks tell.
//
// A process that was stopped for longer than the hold time but not than its
// lease is not fenced: the kernel has gone on forwarding for it. What it finds
// in its receive buffer tells whether another router took over meanwhile, and
// the protocols have rules for two active routers: the better one answers, the
// other one resigns.
func (e *Engine) Wake(now time.Time, suspended time.Duration) {
	if e.stopped {
		return
	}
	e.fenceHolds(now, now.Sub(e.woken)+suspended)
	e.woken = now
	for _, s := range e.segments {
		lease := s.shortestLease()
		if lease == 0 || now.Sub(s.leases.renewed)+suspended <= lease {
			continue
		}
		for _, g := range s.groups {
			if gap := s.leaseAge(now, g) + suspended; g.owner && g.lease > 0 && gap > g.lease {
				cause, detail := s.whyOld(g, gap)
				e.fence(now, g, cause, detail)
			}
		}
	}
	e.Flush(now)
}

// whyOld tells a process that slept from one that tried in vain.
func (s *segment) whyOld(g *group, gap time.Duration) (fsm.Cause, string) {
	gap = gap.Round(time.Millisecond)
	if s.leases.retry.IsZero() {
		return fsm.CauseStalled, fmt.Sprintf("nothing was done for %v, the lease is %v", gap, g.lease)
	}
	return fsm.CauseLeaseLost, fmt.Sprintf("the lease of %v could not be renewed for %v", g.lease, gap)
}

// fence takes the role from an active group in silence, and from its followers
// before it: told by their leader they would not be silent. Who has resigned has
// no role to lose, but must not go on answering for the address.
func (e *Engine) fence(now time.Time, g *group, cause fsm.Cause, detail string) {
	if !g.leaving.IsZero() {
		e.letGo(g)
		return
	}
	for _, f := range g.followers {
		e.fence(now, f, cause, detail)
	}
	if g.elected() {
		e.step(now, g, fsm.Fenced{Cause: cause, Detail: detail})
	}
}

// shutAgain is the pause before a gate that could not be shut is tried again.
const shutAgain = 100 * time.Millisecond

// stuck are the gates that should be shut and could not be. They are not left
// to their lease, which is renewed for all gates of a port at once.
type stuck struct {
	ids []ID
	at  time.Time // next attempt
}

// keepShutting remembers gates that could not be shut. On a port that is
// closed none is open.
func (s *segment) keepShutting(now time.Time, ids []ID, err error) {
	if errors.Is(err, net.ErrClosed) {
		return
	}
	s.stuck.ids = append(s.stuck.ids, ids...)
	s.stuck.at = now.Add(shutAgain)
}

func (s *segment) retryShut(now time.Time) {
	if len(s.stuck.ids) == 0 || now.Before(s.stuck.at) {
		return
	}
	s.out.shut = append(s.out.shut, s.stuck.ids...)
	s.stuck.ids = nil
}

// unstick forgets a gate that is to be opened.
func (s *segment) unstick(id ID) {
	s.stuck.ids = slices.DeleteFunc(s.stuck.ids, func(i ID) bool { return i == id })
}
