// Package hsrp is the HSRP machine of RFC 2281 sections 5.3 to 5.7. Where the RFC
// leaves a hole it does what Cisco routers do.
//
// A Group is a value that knows no clock, socket or log: events and the time go
// in, actions come out, and every wait is a deadline. The machine itself is the
// table in table.go, which can be compared with the RFC cell by cell. The other
// files say what an event is (events.go), what a letter in the table does
// (state.go), when something is due (timers.go), what may be learned (learn.go)
// and how a change is explained (detail.go).
//
// # Order of actions
//
// The order of the actions of one Step is part of the contract.
//
//   - Becoming active: Acquire, Send Coup (only when preempting: real MAC, the
//     state being left), Send Hello (virtual MAC), Announce Claim, Report.
//   - Losing to a better router: Release, Send Resign (state Speak; not when a
//     Coup took the role), Send Hello (state Speak), Announce Withdraw, Report.
//     Both messages leave from the real MAC; from the virtual one they would
//     pull the switches back.
//   - Clean stop while active: Release, Send Resign (state Active, virtual MAC),
//     Announce Withdraw, Report.
//   - Another interface MAC while active: Send Hello, Announce Reassert.
//   - Start: Announce Withdraw, Report.
//   - Fenced: Release, Report. No frame and no announcement.
//   - Yield: like a clean stop.
//   - Reclaim: Acquire, Send Hello (virtual MAC), Announce Claim, Report.
//   - Served: Send Hello (virtual MAC).
//
// Learned comes before everything that follows from it. Report is always the
// last action of its transition; one Step may hold more than one transition,
// for example Speak to Standby and on to Active.
package hsrp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Config is the configuration of a group. What fsm.SetPriority and fsm.Configured do
// not carry does not change during the life of a Group.
type Config struct {
	Group    uint16       // 0-255 in version 1, 0-4095 in version 2
	Version  uint8        // 1 or 2
	Family   hello.Family // hello.IPv6 only in version 2
	Priority uint8        // 0-255, the highest wins

	// Preempt lets this router take the role from a worse active router
	// (RFC 2281 section 5.1). PreemptDelay holds that back, counted from the
	// first hello of the worse active router. 0 means at once.
	Preempt      bool
	PreemptDelay time.Duration

	// HelloTime and HoldTime are learned from the active router when both are
	// zero. When only one is, it follows from the other: a configured time is
	// never combined with a learned one (RFC 2281 section 5.1).
	HelloTime, HoldTime time.Duration

	// VirtualIPs holds the primary virtual address and after it the secondary
	// ones, which HSRP does not carry. Empty: learn the primary.
	VirtualIPs []netip.Addr

	// Jitter returns a number in [0,1) that shortens one hello interval
	// (RFC 2281 section 5.4). Nil: no jitter.
	Jitter func() float64

	// Align may bring a periodic hello forward, by a small part of the hello
	// time, to an instant that it shares with those of other groups. Nil: no
	// hello is brought forward.
	Align func(at time.Time, helloTime time.Duration) time.Time

	// Company reports whether the hello of a standby router is to leave with the active
	// router's, where it is due soon: each of the two wakes once for both then. Nil: it
	// leaves by itself.
	Company func() bool
}

// Group is the machine of one standby group on one interface. It starts in
// Initial and waits for fsm.Up. A Group is not safe for concurrent use.
type Group struct {
	cfg        Config
	addr       netip.Addr // own address, without zone
	mac        hello.MAC
	priority   uint8     // in elections
	configured uint8     // as shown
	stopped    fsm.Cause // why it was stopped last; empty before the first start

	state     hello.HSRPState
	active    watch     // Active timer
	standby   watch     // Standby timer
	helloAt   time.Time // Hello timer; zero when stopped
	said      time.Time // last own Hello
	couped    time.Time // last own Coup while active
	contested time.Time // last Resign that came while active

	preemptAt time.Time // end of the preempt delay; zero when none is running
	retryAt   time.Time // until then a fence keeps this router in Listen
	yielded   yielded
	refrains  bool // it preempts nobody for now; see fsm.Refrain

	helloTime, holdTime time.Duration // in force
	learnsTimes         bool
	learnedIP           netip.Addr

	last fsm.Action   `state:"made again"` // the last Send
	out  []fsm.Action `state:"of one step"`
}

// New returns a group in Initial. It trusts cfg: ranges are checked where the
// configuration is read.
func New(cfg Config) *Group {
	cfg.VirtualIPs = slices.Clone(cfg.VirtualIPs)
	g := &Group{
		cfg:        cfg,
		priority:   cfg.Priority,
		configured: cfg.Priority,
		state:      hello.Initial,
	}
	g.forgetLearned()
	return g
}

// Step takes one event at the time now and returns what is to be done, in order.
// The slice is valid until the next Step. The messages in it do not change any
// more. Time must not run backwards from Step to Step.
func (g *Group) Step(now time.Time, ev fsm.Event) []fsm.Action {
	clear(g.out)
	g.out = g.out[:0]
	switch ev := ev.(type) {
	case fsm.Up:
		g.up(now, ev)
	case fsm.Down:
		g.down(now, ev.Cause, ev.Detail)
	case *fsm.Received:
		g.receive(now, ev)
	case fsm.Tick:
		g.tick(now)
	case fsm.SetPriority:
		g.priority, g.configured = ev.Effective, ev.Configured
	case fsm.Configured:
		g.configure(now, ev)
	case fsm.Fenced:
		g.fence(now, ev)
	case fsm.Yield:
		g.yield(now, ev)
	case fsm.Reclaim:
		g.reclaim(now, ev)
	case fsm.Contend:
		g.yielded = yielded{}
	case fsm.Refrain:
		g.refrains = ev.On
	case fsm.Served:
		g.served(now)
	}
	return g.out
}

// Deadline returns when a Tick is due, and false when none is. An earlier Tick
// does nothing.
func (g *Group) Deadline() (at time.Time, armed bool) {
	preemptAt := g.preemptAt
	if g.refrains {
		preemptAt = time.Time{}
	}
	for _, t := range [...]time.Time{g.standby.at, g.active.at, preemptAt, g.helloAt} {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at, !at.IsZero()
}
