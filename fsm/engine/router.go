package engine

import "time"

// router is what the groups of one engine share.
type router struct {
	journal
	groups            []*group // in the order of the configuration, those on their way out last
	byID              map[ID]*group
	lastID            ID
	lease             time.Duration
	requireForwarding bool
	random            func() float64
	mark              func() uint64
	preActive         func(PreActive) (cancel func(error))
	started           time.Time
	starved           func() (time.Duration, bool)
	wall              func(now time.Time) time.Time
	signing           map[string]uint32 // the key that signs, by the name of its keychain

	lateness    time.Duration // of the machine being served
	woken       time.Time     // last Wake
	own         *Record       // what happened to this router itself last
	stall       *Record       // the last time that this process did nothing for too long
	alert       time.Duration // a shorter gap hides nothing; 0: none does
	behind      bool          // nothing is said before all that has arrived is read
	late        time.Duration // how long what is read before the next Tick may have waited
	stopping    bool          // every group is on its way out
	maintenance Maintenance   // which groups take no part
	returns     bool          // a group in maintenance comes back when nobody serves
	returned    func(Maintenance)
	contests    bucket // answers to who contests a role
	answers     bucket // to questions about hand-overs
	waits       waits
	farewells   farewells

	// Who is to be served when. The machines of elected groups have a queue of
	// their own, so that neither a thousand promotions at one instant nor the
	// announcements that follow them can delay a hello that is due.
	speaking queue[*group] `state:"filed again"` // machines of elected groups
	silent   queue[*group] `state:"filed again"` // of all others
	chores   queue[*group] `state:"filed again"` // what all groups do beside their machines
	turned   []*group      // to be filed there anew

	dismissed []*group // on their way out, because they are no longer configured

	// What the next Flush goes on with.
	doubtful []*group // to be reconsidered
	hindered []*group // whose obstacle is to be told
	begun    []*group // whose wait is to begin
}

// sooner returns the earlier of two deadlines, of which the zero time is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// farewells are the groups that are leaving.
type farewells struct {
	left int       // not ended
	next time.Time // no farewell ends before; zero when none has begun
}

func (f *farewells) begin(until time.Time) {
	f.left++
	f.next = sooner(f.next, until)
}

// deadline returns when the next farewell ends, at the earliest.
func (f *farewells) deadline() time.Time {
	if f.left == 0 {
		return time.Time{}
	}
	return f.next
}

// waits are the groups that wait for a pre_active command.
type waits struct {
	groups int
	lease  time.Duration // at most the shortest that one of them would have; 0: none would
}

// deadline returns when a wait needs a sign of life from the loop. Renewals, with
// which the loop shows that it was not stopped, begin with the address, and hellos
// alone may be further apart than a lease is long.
func (w *waits) deadline(woken time.Time) time.Time {
	if w.lease <= 0 {
		return time.Time{}
	}
	return woken.Add(w.lease / 3)
}
