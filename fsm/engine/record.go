package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// RecordKind is what a record is about.
type RecordKind string

// The kinds of record.
const (
	RecordTrack      RecordKind = "track"      // a tracked object went down or came up
	RecordCommand    RecordKind = "command"    // somebody gave a command
	RecordPriority   RecordKind = "priority"   // this router's priority changed
	RecordPeer       RecordKind = "peer"       // another router of the group says something else than before
	RecordSilence    RecordKind = "silence"    // nothing was heard of a router for too long
	RecordRejected   RecordKind = "rejected"   // packets of a router were not believed
	RecordUnderstudy RecordKind = "understudy" // this router began to forward for an active router that was silent
	RecordStall      RecordKind = "stall"      // this process did nothing for too long
	RecordRouter     RecordKind = "router"     // something of this router: an interface, its kernel, its own start or stop
	RecordTransition RecordKind = "transition" // this router's group changed its state
)

// Record is one fact about why another router serves, or this one, as it was
// known when it happened. Records do not change. What led to one is a chain of a
// few, which begins with something that lies outside of the protocols.
type Record struct {
	ID    int // counts from 1
	At    time.Time
	Kind  RecordKind
	After *Record // what led to it; nil when it is the first that this router knows

	Object       string        // RecordTrack: its name
	Detail       string        // RecordTrack: what the check said; RecordRouter: what happened
	Command      *Command      // RecordCommand
	Group        Ref           // RecordCommand: what it was about
	Up           bool          // RecordTrack
	StarvedKnown bool          // RecordStall: whether Starved is
	Priority     Shift         // RecordPriority; RecordPeer: that which the router says
	Peer         netip.Addr    // RecordPeer, RecordSilence, RecordRejected, RecordUnderstudy
	News         News          // RecordPeer
	Heard        Heard         // RecordPeer: the message; RecordSilence: the last one
	For          time.Duration // RecordSilence, RecordStall: how long; RecordPeer: the silence before, with NewsBack
	Suspended    time.Duration // RecordStall: of this, so long the host itself slept
	Starved      time.Duration // RecordStall: so long it was ready to run and got no processor
	Rejected     *Unheard      // RecordRejected
	Transition   *Transition   // RecordTransition
	Cause        fsm.Cause     // RecordRouter: the word for it
}

// Shift is a change of priority.
type Shift struct{ From, To uint8 }

// News is what is new about a router of the group.
type News string

// The news.
const (
	NewsFirst    News = "first-heard"
	NewsBack     News = "heard-again" // after a silence longer than its hold time
	NewsPriority News = "priority"    // another one; its messages went on
	NewsState    News = "state"       // another one, with the same priority
	NewsCoup     News = "coup"
	NewsResign   News = "resign"
	NewsLinkDown News = "link-down" // it says over another link that it has lost one
)

// record makes a record.
func (j *journal) record(r Record) *Record {
	j.records++
	r.ID = j.records
	return &r
}

// speaksFirst reports whether r is the first word of a router, or the first after a
// silence.
func (r *Record) speaksFirst() bool { return r.News == NewsFirst || r.News == NewsBack }

// chain returns what led to r, and r, oldest first.
func (r *Record) chain() []*Record {
	n := 0
	for at := r; at != nil; at = at.After {
		n++
	}
	list := make([]*Record, n)
	for ; r != nil; r = r.After {
		n--
		list[n] = r
	}
	return list
}

// claims reports whether the sender of h says that it is active, or takes the role.
func (h *Heard) claims() bool {
	if h.State == 0 {
		return h.Priority != hello.ResignPriority
	}
	return h.Op == hello.OpCoup || h.Op == hello.OpHello && h.State == hello.Active
}

// resigns reports whether the sender gives the role up.
func (h *Heard) resigns() bool {
	if h.State == 0 {
		return h.Priority == hello.ResignPriority
	}
	return h.Op == hello.OpResign
}
