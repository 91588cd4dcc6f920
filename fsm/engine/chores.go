package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// wait is how an active group's address waits for the pre_active command. The
// election goes on as without a wait: the machine is active, and the other routers
// are told at once. The gate stays shut, and nothing is announced, answered or
// proven, until the command has ended or has had its time.
//
// What the group says meanwhile leaves from the interface's MAC, although
// RFC 2281 section 6.1 and RFC 9568 section 7.2 want the virtual one: the first
// frame from the virtual MAC turns the switches, and what they would bring is
// dropped here, while the former active router may still be serving its
// farewell. Receivers do not look at the source MAC. Cisco switches have been
// seen to send active hellos from the interface MAC for seconds after a link
// flap, keepalived always does without use_vmac. The announcements that follow
// the opening of the gate turn the switches.
type wait struct {
	begun   bool // the command has been asked for
	running bool // the group's own command has not ended
	since   time.Time
	until   time.Time       // when the own command has had its time
	cancel  func(why error) // kills the own command
	outcome Outcome         // how the own command ended
	err     string
}

func (w *wait) deadline() time.Time {
	if w == nil || !w.running {
		return time.Time{}
	}
	return w.until
}

// refusal is what the kernel refuses the group: its place in the interface's
// filter, the gate, the addresses, its messages. A group that could not serve
// does not take part, for it would take the role from those who can. The port is
// asked again after a pause, which grows as long as the refusals follow each
// other.
type refusal struct {
	cause fsm.Cause
	why   string    // "": nothing
	at    time.Time // of the last one
	pause time.Duration
	next  time.Time // when the port is asked again; zero: never
}

// mostRefusalPause is the longest pause between a refusal and the next attempt,
// unless the first one is longer.
const mostRefusalPause = 10 * time.Minute

// begin notes a refusal. The first pause is least, and so is that of one which
// comes long after the last: a group that may run again has to wait for its
// election, and delay before it preempts.
func (r *refusal) begin(now time.Time, cause fsm.Cause, why string, least, delay time.Duration) {
	r.pause = min(2*r.pause, mostRefusalPause)
	if r.pause < least || now.Sub(r.at) > 2*r.pause+delay {
		r.pause = least
	}
	r.cause, r.why, r.at, r.next = cause, why, now, now.Add(r.pause)
}

// hurry has the port asked at once: an interface that comes up may be another
// one, or cured.
func (r *refusal) hurry(now time.Time) {
	if r.on() {
		r.next = now
	}
}

// on reports whether something is refused.
func (r *refusal) on() bool { return r != nil && r.why != "" }

// end notes that nothing is refused any more.
func (r *refusal) end() { r.why, r.next = "", time.Time{} }

func (r *refusal) deadline() time.Time {
	if !r.on() {
		return time.Time{}
	}
	return r.next
}

// announcer is the schedule of a group's announcements.
type announcer struct {
	garp.Schedule
	claimed hello.MAC // at which MAC the addresses were claimed last
}

func (a *announcer) deadline() time.Time {
	at, _ := a.Deadline()
	return at
}

// proof is whether the last takeover reached the neighbours. It is held until
// the addresses are this host's: the kernel would forward the answer to a packet
// that comes from an address which it does not know, ask everybody from the
// interface's own MAC who has that address, and in the end tell the neighbour
// that the host is unreachable.
type proof struct {
	prove.Prover
	held bool
}

func (p *proof) deadline() time.Time {
	at, _ := p.Deadline()
	if p.held {
		return time.Time{}
	}
	return at
}

// probe looks for another host that has a virtual address, before this router
// claims it. It runs while the machine waits for other routers anyway, and never makes
// it wait, except for a stranger who answers and may veto.
type probe struct {
	alone     bool      // no active router was heard since the group started
	listening bool      // a question has left; an announcement before that is no answer
	veto      bool      // a stranger answered, and the configuration gives him a veto
	left      int       // probes to send in this round
	next      time.Time // the next one, or the end of the round; zero when idle
	gap       time.Duration
	pause     time.Duration // from round to round, while vetoed
	began     time.Time     // of the round
	answered  time.Time     // last answer of a stranger
}

func (p *probe) stop() {
	if p != nil {
		*p = probe{alone: p.alone}
	}
}

func (p *probe) deadline() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.next
}
