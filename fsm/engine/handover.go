package engine

import (
	"net/netip"
	"time"
)

// HandoverState is how far a hand-over is.
type HandoverState string

// The states of a hand-over. The zero value says that there was none.
const (
	HandoverAsking     HandoverState = "asking"      // the others are asked who could take the role
	HandoverPassing    HandoverState = "passing"     // the role was resigned
	HandoverProving    HandoverState = "proving"     // another router has it, and proves its neighbours
	HandoverDone       HandoverState = "done"        // another router has the role
	HandoverRefused    HandoverState = "refused"     // nothing was changed
	HandoverRolledBack HandoverState = "rolled-back" // this router has the role again, or nobody took it
)

// Over reports whether the hand-over has come to an end.
func (s HandoverState) Over() bool {
	return s == HandoverDone || s == HandoverRefused || s == HandoverRolledBack
}

// Handover is the last hand-over of a group by this router.
type Handover struct {
	State  HandoverState
	Began  time.Time
	Ended  time.Time  // zero while it is under way
	To     netip.Addr // who has taken the role; invalid: nobody yet
	Taken  time.Time  // when that was heard first
	Reason string     // why it was refused or rolled back, or a remark
}

// HandoverOptions are how a role is handed over.
type HandoverOptions struct {
	// Timeout is how long the successor has to prove its neighbours; 0 is
	// DefaultHandoverTimeout.
	Timeout time.Duration

	because *Record // the command that it is a part of; nil: it is one of its own
}

// Limits of HandoverOptions.Timeout.
const (
	DefaultHandoverTimeout = 3 * time.Second
	MaxHandoverTimeout     = time.Minute
)

// Handover hands the role of an active group to another router, and that of the groups
// that follow it. The others are asked first whether they are fit, where they know the
// question: this router gives the role up in the words of its protocol, goes on
// serving until another one serves, and takes the role back, once, when nobody does or
// when who does cannot prove its neighbours. It
// does not preempt the other one afterwards. Handovers tells how it ends. The error is a
// *GroupError, or a *RefusedError when nothing has begun.
func (e *Engine) Handover(now time.Time, by Caller, ref string, o HandoverOptions) error {
	g, err := e.find(ref)
	if err != nil {
		return err
	}
	if why := g.cannotHandOver(); why != "" {
		return refused(CommandHandover, g, "%s", why)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultHandoverTimeout
	}
	g.turned()
	g.passing = &passing{last: Handover{Began: now}, asked: g.handoverAsked(now, by, o)}
	if g.agrees() {
		g.passing.timeout = o.Timeout
		g.ask(now)
	} else {
		g.pass(now)
	}
	e.Flush(now)
	return nil
}

// handoverAsked returns the record of the command that a hand-over is a part of.
func (g *group) handoverAsked(now time.Time, by Caller, o HandoverOptions) *Record {
	if o.because != nil {
		return o.because
	}
	return g.commanded(now, Command{Name: CommandHandover, By: by})
}

// cannotHandOver returns why a hand-over of g cannot begin, or "".
func (g *group) cannotHandOver() string {
	st := g.machine.Status()
	switch {
	case g.r.stopping:
		return "the daemon stops"
	case g.leader != nil:
		return "it follows " + g.leader.Name + ": hand that over, and it comes along"
	case g.passing.under():
		return "a hand-over is under way already"
	case g.tenure == waiting:
		return "its address is not taken yet: it waits for the pre_active command"
	case g.tenure != serving:
		return "it is not active here (state " + st.State + ")"
	case g.OwnsAddress():
		return "this router owns the address (priority 255): another one never has it for long"
	case g.hsrp() && (!st.Standby.Known || st.Standby.Local):
		return "no standby router is heard: nobody would take it over"
	}
	return ""
}

// Handovers returns the last hand-over of a group by this router. The error is a
// *GroupError.
func (e *Engine) Handovers(ref string) (Handover, error) {
	g, err := e.find(ref)
	if err != nil {
		return Handover{}, err
	}
	return g.passing.handover(), nil
}

// yielded reports whether this router has handed the role of g over and does not
// preempt who has it.
func (g *group) yielded() bool { return g.elector().machine.Status().Yielded }
