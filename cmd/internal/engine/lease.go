package engine

import (
	"fmt"
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

// checkLeases renews what is due and fences what the kernel has shut.
func (e *Engine) checkLeases(now time.Time) {
	for _, s := range e.segments {
		s.lease = e.shortest(s)
		if s.lost {
			s.lost = false
			e.fence(now, s, fsm.CauseLeaseLost, fmt.Sprintf("the lease ran out; it was last renewed %v ago", now.Sub(s.renewed).Round(time.Millisecond)))
			continue
		}
		if due, armed := s.renewal(); armed && !due.After(now) {
			e.renew(now, s)
		}
	}
}

func (e *Engine) renew(now time.Time, s *segment) {
	held, err := s.port.Renew()
	switch {
	case err != nil:
		// The gate shuts by itself if this goes on; the next try is soon.
		e.emitSegment(now, s, eventLease, "renew lease: "+err.Error())
		s.renewed = now.Add(-s.lease/3 + s.lease/30)
	case !held:
		e.fence(now, s, fsm.CauseLeaseLost, fmt.Sprintf("the lease of %v ran out %v after its last renewal", s.lease, now.Sub(s.renewed)))
	default:
		s.renewed = now
	}
}

// Wake must be called after every wait, before anything that was received is
// looked at: a process that was stopped for longer than its lease has been
// replaced and must not say one word as the active router. suspended is how
// long the host itself slept, as far as its clocks tell.
func (e *Engine) Wake(now time.Time, suspended time.Duration) {
	for _, s := range e.segments {
		lease := e.shortest(s)
		gap := now.Sub(s.renewed) + suspended
		if lease > 0 && gap > lease {
			e.fence(now, s, fsm.CauseStalled, fmt.Sprintf("nothing was done for %v, the lease is %v", gap.Round(time.Millisecond), lease))
		}
	}
}

// fence takes the role from every active group of a segment in silence.
func (e *Engine) fence(now time.Time, s *segment, cause fsm.Cause, detail string) {
	for _, g := range s.groups {
		if g.owner {
			e.step(now, g, fsm.Fenced{Cause: cause, Detail: detail})
		}
	}
	s.lease = 0
	e.Flush(now)
}
