package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// Status is what an engine shows of itself. It shares nothing that changes.
type Status struct {
	Maintenance bool              // every group is in maintenance
	Leave       *Leave            // what was said of all of them; nil: nothing
	Groups      []GroupStatus     // in the order of the configuration
	Interfaces  []InterfaceStatus // in the order of their first groups
	Tracks      []TrackStatus     // in the order of the configuration
}

// GroupStatus is one group.
type GroupStatus struct {
	Group                         // as configured
	Machine       fsm.Status      // its addresses are the configured or the learned ones
	Since         time.Time       // when the state was entered
	InForce       fsm.SetPriority // also of a follower, whose machine has none
	SetPriority   int             // the one set at run time, -1 = none
	Obstacle      string          // why it waits in its first state, "" when it does not
	DelayLeft     time.Duration   // of the initial delay, 0 when there is none
	ForwardingOff string          // the setting that keeps packets of its family from being forwarded; "" where they are
	Outside       []netip.Addr    // virtual addresses in no prefix of the interface
	MAC           hello.MAC       // of the virtual router
	Address       netip.Addr      // this router's own, invalid when unknown
	DownTracks    []string
	Transitions   int
	Last          *Transition // nil when there was none
	Counters      Counters
	LastRefresh   time.Time // of the announcements; zero: none yet
	NextRefresh   time.Time // zero: none is due
	Refreshes     uint64
	Proofs        []prove.Result
	Conflict      Conflict
	Duplicate     Duplicate // of Address
	Rival         Rival
	BothActive    bool          // the rival and this router, as far as is known
	RouteStates   []RouteStatus // of the group's Routes
	RuleStates    []RouteStatus // of its Rules
	Wait          Wait          // the present or the last one; its outcome is "" when there was none
	Serves        Holder        // the last router that was known to have the role
	ServesSince   time.Time     // when that was known first
	Change        *Change       // the last one of who serves; nil when there was none
	Contested     *Record       // the last time that another router claimed the role since this one has it; nil: never
	Unheard       []Unheard     // routers that may belong to the group and were not believed in the last hold time
	Heirs         []netip.Addr  // who would take the role at the word that a link has died, the best one first; none unless active
	Yielded       bool          // it has handed the role over, and does not preempt who has it
	Handover      Handover      // the last one by this router; its state is "" when there was none
	Leave         *Leave        // it is in maintenance, or leaves for it; nil: it is not
	Departing     bool          // it leaves for it, and has its address still
	StandIn       netip.Addr    // who serves while it is in maintenance; invalid: nobody is heard
	Unserved      time.Time     // since when nobody serves while it is in maintenance; zero: somebody does

	Covers *Understudy   // it forwards for a silent active router; nil: it does not
	Stint  *Stint        // the last one that has ended; nil: none
	Signed *SignedStatus // nil where VRRP has no HMAC trailer
}

// Conflict is the last claim of one of a group's addresses by somebody else.
type Conflict struct {
	At      time.Time // zero: there was none
	Address netip.Addr
	MAC     hello.MAC
	Who     garp.Owner
	Reason  garp.Reason
}

// Counters count since the start.
type Counters struct {
	Sent, Received uint64 // messages of the protocol; those sent are those that left, to each peer
	Announced      uint64 // announcement frames
	Answered       uint64 // ARP requests and neighbour solicitations
	Conflicts      uint64 // claims of a virtual address by others
	Rejected       map[hello.Reject]uint64
	Understudied   uint64                   // times that it forwarded for a silent active router
	Questioned     uint64                   // times that it asked an active router whose hello was overdue
	Handovers      map[HandoverState]uint64 // by this router, by how they ended; nil before the first
}

// InterfaceStatus is one interface with groups on it.
type InterfaceStatus struct {
	Link
	Advertises uint64                  // HSRP interface-state messages heard
	Rejected   map[hello.Reject]uint64 // packets that belong to no group
	Duplicate  Duplicate
	Restored   Restored
	Unsent     uint64 // frames that did not leave
	LastError  error  // why
}

// TrackStatus is one tracked object.
type TrackStatus struct {
	Name    string
	Known   bool // false until the first result
	Up      bool
	Since   time.Time
	Changes int
	Detail  string
	UsedBy  []Ref
}
