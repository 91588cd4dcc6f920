// Package vrrp is the state machine of one virtual router, for VRRP version 3
// (RFC 9568 section 6.4) and version 2 (RFC 3768 section 6.4). The two have
// one chart and differ in a few rows, so they share one type. Each state has
// a file of its own.
//
// A Router is a value without clock, socket or log: the engine hands in time and
// events and does what comes back. It must not be used from two goroutines at once.
//
// # Order of actions
//
// The order of the actions of one Step is part of the contract.
//
//   - Start in Backup: Announce Withdraw, Report.
//   - Becoming Active: Acquire, Send, Announce Claim, Report.
//   - Adver_Timer: Send.
//   - Another claimant while staying Active: Send (in version 2 only when the
//     other resigned), Announce Reassert.
//   - Another interface MAC while Active: Announce Reassert.
//   - Losing to a better Active: Release, Announce Withdraw, Report.
//   - Shutdown while Active: Release, Send of priority 0, Announce Withdraw,
//     Report.
//   - Fenced: Release, Report. No frame and no announcement.
//   - Yield: Release, Send of priority 0, Announce Withdraw, Report.
//   - Reclaim: as becoming Active.
//   - Served: Send.
//
// Every Send leaves from the virtual MAC. Report is the last action of its
// transition. One Step holds two transitions when the own address changes.
package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Config is a virtual router as configured. It is taken to be valid.
type Config struct {
	VRID          uint8 // 1-255
	Version       uint8 // 2 or 3
	Family        hello.Family
	Priority      uint8         // 1-254; hello.OwnerPriority for the address owner
	Preempt       bool          // Preempt_Mode; an owner always preempts
	PreemptDelay  time.Duration // how long lower-priority routers are obeyed first, 0 = not at all
	AdverInterval time.Duration // Advertisement_Interval: whole seconds in version 2, 10 ms to 40.95 s in version 3
	VirtualIPs    []netip.Addr  // in the order sent; IPv6: the link-local address first
	Accept        bool          // Accept_Mode, see Router.Accepts

	// Jitter returns a number in [0,1) that shortens the first interval after
	// becoming Active, by half at most, so that routers that become Active together
	// do not keep in step. Nil: no interval is shortened.
	Jitter func() float64
	// Align may bring a periodic advertisement forward, by a small part of the
	// interval, to an instant that it shares with those of other routers. Nil:
	// no advertisement is brought forward.
	Align func(at time.Time, interval time.Duration) time.Time
}

// State is a state of RFC 9568 section 6.4. RFC 3768 calls Active "Master".
type State uint8

// The three states. The zero value is none of them.
const (
	_ State = iota
	Initialize
	Backup
	Active
)

// String returns the state's name in the words of RFC 9568.
func (s State) String() string {
	switch s {
	case Initialize:
		return "Initialize"
	case Backup:
		return "Backup"
	case Active:
		return "Active"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Router is one virtual router on one interface. Make it with New.
type Router struct {
	cfg   Config
	state State

	priority   uint8 // used in elections
	configured uint8 // shown as configured

	addr    netip.Addr // own source address, without zone
	mac     hello.MAC
	stopped fsm.Cause // why it last left the election; empty before the first Up

	activeAdverInterval time.Duration // Active_Adver_Interval
	adver               time.Time     // Adver_Timer, in Active
	said                time.Time     // last own advertisement
	activeDown          time.Time     // Active_Down_Timer, in Backup
	preemptFrom         time.Time     // end of the preempt delay; zero = not started

	heard    peer       // who advertises, as heard in Backup
	pending  fsm.Cause  // what the Active_Down_Timer will mean when it fires
	lastWord netip.Addr // who resigned last
	yielded  bool       // the role was handed over
	refrains bool       // it preempts nobody for now; see fsm.Refrain

	last    fsm.Action   `state:"made again"` // the last Send
	actions []fsm.Action `state:"of one step"`
}

// peer is the sender of an advertisement.
type peer struct {
	addr     netip.Addr
	mac      hello.MAC
	priority uint8
	at       time.Time // when it was heard
}

// New returns a router in Initialize.
func New(c Config) *Router {
	c.VirtualIPs = slices.Clone(c.VirtualIPs)
	return &Router{
		cfg:                 c,
		state:               Initialize,
		priority:            c.Priority,
		configured:          c.Priority,
		activeAdverInterval: c.AdverInterval,
	}
}

// Accepts reports whether packets to the virtual addresses are for this host
// while it is Active (RFC 9568 section 6.1, Accept_Mode). Version 2 has no such
// mode and only lets the owner accept: the setting extends it.
func (r *Router) Accepts() bool { return r.owner() || r.cfg.Accept }

// Step takes one event and returns what is to be done, in order. The slice is valid
// until the next Step. The messages in it may be kept. A message that comes together
// with a deadline is handed in first: its sender is alive.
func (r *Router) Step(now time.Time, ev fsm.Event) []fsm.Action {
	clear(r.actions)
	r.actions = r.actions[:0]
	switch ev := ev.(type) {
	case *fsm.Received:
		r.received(now, ev)
	case fsm.Tick:
		r.tick(now)
	case fsm.Up:
		r.up(now, ev)
	case fsm.Down:
		r.shutdown(ev.Cause, ev.Detail)
	case fsm.SetPriority:
		r.setPriority(ev)
	case fsm.Configured:
		r.configure(now, ev)
	case fsm.Fenced:
		r.fenced(now, ev)
	case fsm.Yield:
		r.handOver(now, ev)
	case fsm.Reclaim:
		r.reclaim(now, ev)
	case fsm.Contend:
		r.yielded = false
	case fsm.Refrain:
		r.refrain(now, ev)
	case fsm.Served:
		r.served(now)
	}
	return r.actions
}

// Deadline returns when Tick is due, and whether it is at all.
func (r *Router) Deadline() (at time.Time, armed bool) {
	switch r.state {
	case Backup:
		return r.activeDown, true
	case Active:
		return r.adver, true
	}
	return time.Time{}, false
}

// Status returns what the router shows of itself. VirtualIPs is shared and
// must not be changed.
func (r *Router) Status() fsm.Status {
	s := fsm.Status{
		State:      r.state.String(),
		Active:     r.activePeer(),
		Priority:   r.priority,
		Configured: r.configured,
		HelloTime:  r.activeAdverInterval,
		HoldTime:   r.activeDownInterval(),
		VirtualIPs: r.cfg.VirtualIPs,
		Yielded:    r.yielded,
		Role:       [...]fsm.Role{Backup: fsm.Candidate, Active: fsm.Active}[r.state],
	}
	if r.state == Active {
		s.NextHello = r.adver
	}
	return s
}

func (r *Router) activePeer() fsm.Peer {
	switch {
	case r.state == Active:
		return fsm.Peer{Known: true, Local: true, Priority: r.priority, MAC: r.mac}
	case r.state == Backup && r.heard.addr.IsValid():
		return fsm.Peer{
			Known:    true,
			Addr:     r.heard.addr,
			Priority: r.heard.priority,
			MAC:      r.heard.mac,
			Expires:  r.activeDown,
		}
	}
	return fsm.Peer{}
}

func (r *Router) owner() bool { return r.cfg.Priority == hello.OwnerPriority }

func (r *Router) do(a fsm.Action) { r.actions = append(r.actions, a) }

// enter moves to state s and reports it. It comes last in every transition.
func (r *Router) enter(s State, cause fsm.Cause, detail string) {
	r.do(fsm.Report{From: r.state.String(), To: s.String(), Cause: cause, Detail: detail})
	r.state = s
}
