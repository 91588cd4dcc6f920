package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// anyOwner reports whether a group other than except is active on the segment.
func (s *segment) anyOwner(except *group) bool {
	for _, g := range s.groups {
		if g != except && g.owner {
			return true
		}
	}
	return false
}

// shortest returns the shortest lease in force on the segment, 0 when none is.
func (e *Engine) shortest(s *segment) time.Duration {
	var least time.Duration
	for _, g := range s.groups {
		if !g.owner {
			continue
		}
		if l := e.leaseOf(g); l > 0 && (least == 0 || l < least) {
			least = l
		}
	}
	return least
}

// renewal returns when the segment's leases are to be renewed.
func (s *segment) renewal() (time.Time, bool) {
	if s.lease == 0 {
		return time.Time{}, false
	}
	return s.renewed.Add(s.lease / 3), true
}

// noteLost remembers the groups that lost their gate without knowing. A gate
// that this very transaction opens, or whose group has given the role up, is
// nobody's loss.
func (e *Engine) noteLost(s *segment, lost []ID) {
	for _, id := range lost {
		if g := e.byID(id); g != nil && g.owner && !slices.ContainsFunc(s.out.open, func(c Claim) bool { return c.ID == id }) {
			s.lost = append(s.lost, id)
		}
	}
}

// checkLeases fences what the kernel has shut and renews what is due.
func (e *Engine) checkLeases(now time.Time) {
	for _, s := range e.segments {
		s.lease = e.shortest(s)
		if due, armed := s.renewal(); armed && !due.After(now) {
			e.renew(now, s)
		}
		e.fenceLost(now, s)
	}
}

func (e *Engine) renew(now time.Time, s *segment) {
	lost, err := s.port.Renew()
	if err != nil {
		// The gate shuts by itself if this goes on; the next try is soon.
		e.emitSegment(now, s, eventLease, "renew lease: "+err.Error())
		s.renewed = now.Add(-s.lease/3 + s.lease/30)
		return
	}
	e.noteLost(s, lost)
	e.fenceLost(now, s)
	s.renewed = now
}

func (e *Engine) fenceLost(now time.Time, s *segment) {
	if len(s.lost) == 0 {
		return
	}
	lost := s.lost
	s.lost = nil
	for _, id := range lost {
		if g := e.byID(id); g != nil {
			e.fence(now, g, fsm.CauseLeaseLost, fmt.Sprintf("the lease of %v ran out; it was last renewed %v ago",
				e.leaseOf(g), now.Sub(s.renewed).Round(time.Millisecond)))
		}
	}
	e.Flush(now)
}

// Wake must be called after every wait, before anything that was received is
// looked at: a process that was stopped for longer than its lease has been
// replaced and must not say one word as the active router. suspended is how
// long the host itself slept, as far as its clocks tell.
func (e *Engine) Wake(now time.Time, suspended time.Duration) {
	for _, s := range e.segments {
		gap := now.Sub(s.renewed) + suspended
		for _, g := range s.groups {
			if lease := e.leaseOf(g); g.owner && lease > 0 && gap > lease {
				e.fence(now, g, fsm.CauseStalled, fmt.Sprintf("nothing was done for %v, the lease is %v", gap.Round(time.Millisecond), lease))
			}
		}
	}
	e.Flush(now)
}

// fence takes the role from an active group in silence.
func (e *Engine) fence(now time.Time, g *group, cause fsm.Cause, detail string) {
	if g.owner {
		e.step(now, g, fsm.Fenced{Cause: cause, Detail: detail})
	}
}
