// Package fsm holds the words that the two protocol machines share with the
// engine that drives them: events in, actions out, and the closed list of
// causes. A machine is a pure value: the same state, time and event give the
// same actions and the same next state. Deadlines are data, never timers.
package fsm

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Event is something that happened: Up, Down, Received, Tick, SetPriority,
// Configured, Fenced, Yield, Reclaim, Contend, Refrain, Served or Leader.
type Event interface{ event() }

// Up says that the group may run: its interface is up and has a usable
// address. A second Up with another address or MAC changes no role: the machine
// speaks from there at once, and an active router shows itself to the switches.
type Up struct {
	Addr netip.Addr // this router's address on the LAN: primary IPv4 or IPv6 link-local
	MAC  hello.MAC  // the interface's own MAC
}

// Down says that the group must not run. The machine resigns if it is active
// and goes to its initial state.
type Down struct {
	Cause  Cause
	Detail string
}

// Received, of which a pointer is the event, is a message that has passed every check of the wire, including
// authentication, and that belongs to this group.
type Received struct {
	From    netip.Addr // IP source
	MAC     hello.MAC  // Ethernet source
	Message hello.Message
}

// Tick asks the machine whether anything is due. An early or second Tick does
// nothing.
type Tick struct{}

// SetPriority changes the priority used in elections at run time. Configured
// is the value to show as configured, Effective the one to use.
type SetPriority struct {
	Effective  uint8
	Configured uint8
}

// Configured changes what a running group was configured with. It moves no role:
// what is due stays due, or becomes due earlier, and what is new counts from the next
// message on. Priorities come by SetPriority.
type Configured struct {
	Preempt      bool
	PreemptDelay time.Duration
	HelloTime    time.Duration // VRRP: Advertisement_Interval; HSRP: 0 together with HoldTime learns both
	HoldTime     time.Duration // HSRP only
	VirtualIPs   []netip.Addr  // none where there were none
	Accept       bool          // VRRP only
}

// Fenced says that this router was stopped for so long that another one may have
// the role: for longer than its lease, after which the kernel has taken the
// virtual MAC away, or for longer than the others wait, one of whom is active. The
// machine gives the role up without a message and listens again.
type Fenced struct {
	Cause  Cause
	Detail string
}

// Yield says that an active router is to hand its role over. The machine resigns and
// waits, without taking the role back from whoever has it next, though it may be the
// better router: until that one is gone or replaced, or a Contend. A machine that is
// not active ignores it, and so does that of an address owner.
type Yield struct {
	Cause  Cause
	Detail string
}

// Reclaim takes a role that nobody has: that was handed over to nobody, or given
// back, or that of a router whose link has died. A machine that does not run, or is active, ignores it.
type Reclaim struct {
	Cause  Cause
	Detail string
}

// Contend ends what Yield began: this router may preempt again, as it is configured.
type Contend struct{}

// Refrain has a router preempt nobody while On, as long as it is not known whether it is
// fit. A preempt delay goes on meanwhile, and a role that nobody has is taken as ever.
// An address owner ignores it.
type Refrain struct{ On bool }

// Served says that the kernel serves the address of an active router now, for which
// it has waited until then. It shows itself.
type Served struct{}

// Leader tells a group that follows another what its leader now is. A machine
// that elects for itself ignores it.
type Leader struct {
	Active  bool   // the leader is active
	Standby bool   // HSRP: the leader is the standby router
	Cause   Cause  // why the leader changed
	Detail  string // and the facts, in one line
}

func (Up) event()          {}
func (Down) event()        {}
func (*Received) event()   {}
func (Tick) event()        {}
func (SetPriority) event() {}
func (Configured) event()  {}
func (Fenced) event()      {}
func (Yield) event()       {}
func (Reclaim) event()     {}
func (Contend) event()     {}
func (Refrain) event()     {}
func (Served) event()      {}
func (Leader) event()      {}

// Action is something to be done, in the order given: Send, Acquire, Release,
// Announce, Learned or Report.
type Action interface{ action() }

// Send puts a message on the wire.
type Send struct {
	Message hello.Message
	Virtual bool // Ethernet source is the virtual MAC instead of the real one
}

// Acquire takes the virtual MAC and addresses. It comes before the first
// message that claims the role. The answer to one that fails is Down, with
// CauseAcquireFailed.
type Acquire struct{}

// Release gives up the virtual MAC and addresses. It comes before the message
// that resigns.
type Release struct{}

// Announce tells hosts and switches where addresses are.
type Announce struct {
	Kind Announcement
}

// Announcement says what is to be announced.
type Announcement uint8

// The kinds of announcement. The zero value is none of them.
const (
	_        Announcement = iota
	Claim                 // this router is now active: the whole schedule
	Reassert              // it still is, and another router may have claimed it: once more, now
	Withdraw              // it no longer is: the real address is at the real MAC
)

// Learned says that the virtual address or the timers were learned from another
// router's hello (RFC 2281 section 5.1).
type Learned struct {
	From      netip.Addr
	VirtualIP netip.Addr // invalid when not learned now
	HelloTime time.Duration
	HoldTime  time.Duration
}

// Report says that the state changed and why.
type Report struct {
	From, To string
	Cause    Cause
	Detail   string // the facts in one line: who, with which priority, how late
}

func (Send) action()     {}
func (Acquire) action()  {}
func (Release) action()  {}
func (Announce) action() {}
func (Learned) action()  {}
func (Report) action()   {}

// Peer is a router in a role, as far as it is known.
type Peer struct {
	Known    bool
	Local    bool       // this router itself
	Addr     netip.Addr // when not Local
	Priority uint8
	MAC      hello.MAC // HSRPv2 identifier, else the Ethernet source
	Expires  time.Time // when it will count as dead
}

// Status is what a machine shows of itself.
type Status struct {
	State      string
	Active     Peer
	Standby    Peer // HSRP only
	Priority   uint8
	Configured uint8
	HelloTime  time.Duration // HSRP Hellotime, VRRP Advertisement_Interval in force
	HoldTime   time.Duration // HSRP Holdtime, VRRP Active_Down_Interval in force
	NextHello  time.Time     // zero when this router is silent
	VirtualIPs []netip.Addr
	Role       Role
	Yielded    bool // it has handed its role over, and does not take it back; see Yield
}

// Role is what a state means, whatever its protocol calls it.
type Role uint8

// The roles.
const (
	Idle      Role = iota // HSRP: Init, Learn and Listen; VRRP: Initialize
	Candidate             // HSRP: Speak; VRRP: Backup
	Standby               // HSRP alone has one
	Active
)
