package garp

import (
	"fmt"
	"time"
)

// RequestDelay is how long after its replies the request forms of a burst follow.
// In that time a deposed router reads the hello and the replies, so that it does
// not answer the request as if it still held the address.
const RequestDelay = 5 * time.Millisecond

// againDelay is how long after the first burst of a role the first address is
// announced once more, in a form that nobody answers. By then a deposed router
// that was slower than RequestDelay has answered the request, or said goodbye,
// from the virtual MAC, and the switch sends the traffic the wrong way.
const againDelay = 50 * time.Millisecond

// Defence against another owner. RFC 5227 section 2.4 (c) lets a host that
// never gives its address up defend it once in ten seconds. A redundancy pair
// that heals needs its answer sooner, so the n-th defence of a dispute waits
// 0, 1, 2, 4, 8 seconds after the one before and ten seconds from then on:
// five frames per address in the first 15 seconds, then the RFC's rate.
const (
	defenceMin    = 1 * time.Second
	defenceMax    = 10 * time.Second // DEFEND_INTERVAL of RFC 5227
	defenceForget = 60 * time.Second // a dispute ends when no defence was needed for so long
)

// refreshJitter is the share of the refresh interval by which refreshes are
// spread to either side, so that many groups do not send at the same time.
const refreshJitter = 0.1

// StepKind says what a step of a Schedule announces.
type StepKind uint8

// The kinds of step, the most important first: when several are due together,
// the first contains what the others would announce.
const (
	_            StepKind = iota
	StepWithdraw          // the role is gone: see Withdraw
	StepClaim             // one burst of a new role: see Claim
	StepReassert          // another router claims it: see Refresh
	StepRefresh           // keep entries alive: see Refresh
	numKinds
)

// String returns withdraw, claim, reassert or refresh.
func (k StepKind) String() string {
	if k == 0 || k >= numKinds {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return [numKinds]string{"", "withdraw", "claim", "reassert", "refresh"}[k]
}

// Step is one thing to be sent now.
type Step struct {
	Kind     StepKind
	Requests bool // the request forms of the burst, otherwise its replies and NAs
	Again    bool // the repetition of the first burst, 50 ms after it
}

// Timing is when a role is announced.
type Timing struct {
	// Count is the number of bursts, 1 to 60, at 0, Interval, 2 × Interval and
	// so on. 0 means without end, as on Cisco IOS.
	Count int
	// Interval is the time from burst to burst. Without one there is one burst.
	Interval time.Duration
	// Refresh is the time from the last announcement to the next refresh, give
	// or take a tenth. 0 means none.
	Refresh time.Duration
}

// Schedule decides when a group is announced. Deadlines are data: ask Due
// whenever Deadline has come, or at any other time. A late call gets what is due
// once, not every burst that it missed. The zero value announces nothing. A
// Schedule is for one goroutine.
type Schedule struct {
	// Rand returns a number in [0, 1) that spreads refreshes. Without it they
	// come exactly on time.
	Rand func() float64

	// Align may bring a refresh forward to an instant that it shares with those of
	// other groups. Nil: no refresh is brought forward.
	Align func(at time.Time) time.Time

	timing  Timing
	active  bool
	start   time.Time
	at      [numKinds]time.Time // next replies of each kind; zero = none
	request time.Time           // when the request forms of the last burst follow; zero = never
	last    StepKind            // the kind of that burst
	again   time.Time           // when the repetition of the first burst follows; zero = never
	fresh   bool                // nothing has been sent since Start

	defended    time.Time // last defence
	gap         time.Duration
	lastRefresh time.Time
	refreshes   uint64
}

// Start begins a role, or its announcement all over again: the first burst is
// due now. Acquire the address and send the first hello before asking Due.
func (s *Schedule) Start(now time.Time, t Timing) {
	s.Stop()
	s.active, s.timing, s.start, s.fresh = true, t, now, true
	s.at[StepClaim] = now
}

// Retime changes the timing of a role that goes on. Bursts still to come keep
// their times; the next refresh is counted from now.
func (s *Schedule) Retime(now time.Time, t Timing) {
	s.timing.Refresh = t.Refresh
	if s.active {
		s.armRefresh(now)
	}
}

// Reassert asks for a defence because another router was seen to claim the
// role or an address. It returns when the defence is due: now, or when the
// last one is long enough ago. It returns false when no role is held.
func (s *Schedule) Reassert(now time.Time) (at time.Time, ok bool) {
	if !s.active {
		return time.Time{}, false
	}
	if s.at[StepReassert].IsZero() {
		s.at[StepReassert] = s.nextDefence(now)
	}
	return s.at[StepReassert], true
}

func (s *Schedule) nextDefence(now time.Time) time.Time {
	if s.defended.IsZero() || now.Sub(s.defended) >= defenceForget {
		s.gap = 0
		return now
	}
	return later(now, s.defended.Add(s.gap))
}

// Withdraw ends a role and makes its withdrawal due now.
func (s *Schedule) Withdraw(now time.Time) {
	s.Stop()
	s.at[StepWithdraw] = now
}

// Stop ends a role in silence: nothing is due any more. What is known of disputes
// and refreshes stays.
func (s *Schedule) Stop() {
	s.active = false
	s.at = [numKinds]time.Time{}
	s.request, s.again = time.Time{}, time.Time{}
}

// Due returns what is to be sent at now, at most one step per call; after it
// has returned false nothing is due before Deadline. Replies that are due make
// the requests of an earlier burst superfluous, as their own will follow.
func (s *Schedule) Due(now time.Time) (Step, bool) {
	for kind := StepWithdraw; kind < numKinds; kind++ {
		if due(s.at[kind], now) {
			s.sent(kind, now)
			return Step{Kind: kind}, true
		}
	}
	if due(s.request, now) {
		s.request = time.Time{}
		return Step{Kind: s.last, Requests: true}, true
	}
	if due(s.again, now) {
		s.again = time.Time{}
		return Step{Kind: StepClaim, Again: true}, true
	}
	return Step{}, false
}

// sent notes that the replies of kind are sent at now and arms what follows.
func (s *Schedule) sent(kind StepKind, now time.Time) {
	for k := kind; k < numKinds; k++ {
		if due(s.at[k], now) {
			s.at[k] = time.Time{}
		}
	}
	s.last, s.request, s.again = kind, now.Add(RequestDelay), time.Time{}
	if s.fresh {
		s.again, s.fresh = now.Add(againDelay), false
	}
	switch kind {
	case StepWithdraw:
		return
	case StepClaim:
		s.armBurst(now)
	case StepReassert:
		s.defended, s.gap = now, min(max(2*s.gap, defenceMin), defenceMax)
	case StepRefresh:
		s.lastRefresh = now
		s.refreshes++
	}
	s.armRefresh(now)
}

// armBurst sets the next burst to the next multiple of the interval that is
// not too close to now.
func (s *Schedule) armBurst(now time.Time) {
	t := s.timing
	if t.Interval <= 0 {
		return
	}
	n := int64(now.Sub(s.start)/t.Interval) + 1
	if t.Count != 0 && n >= int64(t.Count) {
		return
	}
	at := s.start.Add(time.Duration(n) * t.Interval)
	s.at[StepClaim] = later(at, now.Add(t.Interval/2))
}

// armRefresh counts the refresh interval from now: every announcement contains
// what a refresh would.
func (s *Schedule) armRefresh(now time.Time) {
	s.at[StepRefresh] = time.Time{}
	if s.timing.Refresh <= 0 {
		return
	}
	factor := 1.0
	if s.Rand != nil {
		factor += refreshJitter * (2*s.Rand() - 1)
	}
	at := now.Add(time.Duration(factor * float64(s.timing.Refresh)))
	if s.Align != nil {
		at = s.Align(at)
	}
	s.at[StepRefresh] = at
}

// Deadline returns when Due has something to return next, and false when
// nothing is planned.
func (s *Schedule) Deadline() (time.Time, bool) {
	first := earliest(s.request, s.again)
	for _, at := range s.at {
		first = earliest(first, at)
	}
	return first, !first.IsZero()
}

// earliest returns the earlier of two times of which zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// NextRefresh returns when the next refresh is planned, and false when none is.
func (s *Schedule) NextRefresh() (time.Time, bool) {
	return s.at[StepRefresh], !s.at[StepRefresh].IsZero()
}

// LastRefresh returns when the last refresh was due and taken, and false when
// there was none. Bursts do not count.
func (s *Schedule) LastRefresh() (time.Time, bool) { return s.lastRefresh, !s.lastRefresh.IsZero() }

// Refreshes returns how many refreshes were taken.
func (s *Schedule) Refreshes() uint64 { return s.refreshes }

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
