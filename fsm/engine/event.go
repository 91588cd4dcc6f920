package engine

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Kind is a kind of event.
type Kind string

// The kinds of event.
const (
	KindTransition Kind = "transition"
	KindAddress    Kind = "address"
	KindConflict   Kind = "conflict"
	KindTrack      Kind = "track"
	KindLease      Kind = "lease"
	KindAnnounce   Kind = "announce"
	KindReject     Kind = "reject"
	KindTakeover   Kind = "takeover"
	KindWarning    Kind = "warning"
	KindNotice     Kind = "notice"
	KindHook       Kind = "hook"
	KindCommand    Kind = "command"
	KindUnderstudy Kind = "understudy"
)

// Event is something worth telling. What it points to does not change.
type Event struct {
	At         time.Time
	Kind       Kind
	Group      Ref    // zero when it is about no group or about several
	Name       string // KindCommand: the group's, "" when it has none
	Message    string
	Transition *Transition // KindTransition
	Wait       *Wait       // KindHook: a wait that begins or has ended
	Command    *Command    // KindCommand
}

// Transition is one change of a group's state.
type Transition struct {
	ID       int // counts all groups' transitions from 1
	Group    Ref
	Name     string // the group's, "" when it has none
	From, To string
	At       time.Time
	Cause    fsm.Cause
	Detail   string // the facts of the protocol in one line
	Facts    Facts
	Waits    bool // the address waits for the pre_active command
}

// String is the message that log rules written for Cisco IOS look for.
func (t Transition) String() string {
	mnemonic := "HSRP-5"
	if t.Group.Protocol == hello.ProtocolVRRP {
		mnemonic = "VRRP-6"
	}
	b := make([]byte, 0, 96)
	for _, s := range [...]string{"%", mnemonic, "-STATECHANGE: ", t.Group.Interface, " Grp "} {
		b = append(b, s...)
	}
	b = strconv.AppendUint(b, uint64(t.Group.Number), 10)
	for _, s := range [...]string{" state ", t.From, " -> ", t.To} {
		b = append(b, s...)
	}
	return string(b)
}

// Facts are what was known when a transition was decided.
type Facts struct {
	Priority            fsm.SetPriority
	Active, Standby     fsm.Peer // before it
	HelloTime, HoldTime time.Duration
	Heard               Heard
	Lateness            time.Duration // of the timer that led to it; 0 when that is not worth a word
	Down                []string      // tracked objects that are
}

// Heard is the last message of a group that passed every check.
type Heard struct {
	At       time.Time // zero: none
	From     netip.Addr
	Op       hello.Op        // HSRP
	State    hello.HSRPState // HSRP; 0 = a VRRP advertisement
	Priority uint8
}

// String names the message.
func (h Heard) String() string {
	if h.State == 0 {
		return "Advertisement"
	}
	return h.Op.String() + " " + h.State.String()
}

// Outcome is how a wait ended.
type Outcome string

// The outcomes.
const (
	Waiting   Outcome = "waiting"
	Succeeded Outcome = "succeeded" // the command ended well in time
	Failed    Outcome = "failed"    // it ended otherwise in time
	TimedOut  Outcome = "timeout"   // it was killed at its deadline
	Cancelled Outcome = "cancelled" // the group was not active any more
)

// Wait is the time for which the address of an active group waits for a
// pre_active command: the group's own, or its leader's. Whatever the outcome but
// Cancelled, the address was taken at the end.
type Wait struct {
	Transition int // the ID of the one that made the group active; 0 before it is reported
	Outcome    Outcome
	Since      time.Time
	Waited     time.Duration // so far, or in all
	Left       time.Duration // until the address is taken at the latest; 0 when the wait is over
	Leader     Ref           // whose command it is; zero for the own one
	Err        string        // why the command did not succeed
}

// PreActive asks for a group's pre_active command to be run.
type PreActive struct {
	Group      ID
	Transition Transition // which made the group active
}
