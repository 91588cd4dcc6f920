package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
)

// PreActive asks for a group's pre_active command to be run.
type PreActive struct {
	Group      ID
	Ref        string            // the group's unambiguous name
	Transition status.Transition // which made the group active
}

// hold is the wait of an active group for its pre_active command. The election
// goes on as without it: the machine is active, and the other routers are told
// at once. The gate stays shut, and nothing is announced, answered or proven,
// until the command has ended or has had its time.
//
// What the group says meanwhile leaves from the interface's MAC, although
// RFC 2281 section 6.1 and RFC 9568 section 7.2 want the virtual one: the first
// frame from the virtual MAC turns the switches, and what they would bring is
// dropped here, while the former active router may still be serving its
// farewell. Receivers do not look at the source MAC. Cisco switches have been
// seen to send active hellos from the interface MAC for seconds after a link
// flap, keepalived always does without use_vmac. The announcements that follow
// the opening of the gate turn the switches.
type hold struct {
	on      bool
	told    bool // begun: the command has been asked for
	running bool // the group's own command has not ended
	since   time.Time
	until   time.Time        // when the own command has had its time
	cancel  func(why error)  // kills the own command
	ended   status.PreActive // how the own command ended
}

func (h *hold) deadline() (time.Time, bool) { return h.until, h.running }

// holds are the waits that go on.
type holds struct {
	groups int
	lease  time.Duration // at most the shortest that one of them would have; 0: none would
}

// holdsDeadline returns when a wait needs a sign of life. Renewals, with which
// the loop shows that it was not stopped, begin with the address; hellos alone
// may be further apart than a lease is long.
func (e *Engine) holdsDeadline() (time.Time, bool) {
	return e.woken.Add(e.holds.lease / 3), e.holds.lease > 0
}

// elected reports whether g has the role, with the address or still without.
func (g *group) elected() bool { return g.owner || g.hold.on }

// hold makes the address of a group that has just become active wait, if there
// is anything to wait for: a command of its own, or its leader, because the
// groups that follow one another serve the same traffic.
func (e *Engine) hold(now time.Time, g *group) bool {
	c := g.cfg.Hooks.PreActive
	own := len(c.Command) > 0 && e.preActive != nil
	if !own && (g.leader == nil || !g.leader.hold.on) {
		return false
	}
	g.hold, g.shown = hold{on: true, running: own, since: now}, false
	if own {
		g.hold.until = now.Add(c.Deadline)
	}
	e.holds.groups++
	if lease := e.leaseOf(g); lease > 0 && (e.holds.lease == 0 || lease < e.holds.lease) {
		e.holds.lease = lease
	}
	e.begun = append(e.begun, g)
	return true
}

// beginHolds asks for the commands of the groups that have begun to wait. It
// comes after their first hello has left, which no command may delay.
func (e *Engine) beginHolds(now time.Time) {
	for _, g := range e.begun {
		h := &g.hold
		if !h.on || h.told {
			continue // lost again in the same turn
		}
		h.told = true
		if h.running {
			h.cancel = e.preActive(PreActive{Group: g.id, Ref: g.ref(), Transition: *g.last})
		}
		st := g.holdStatus(now)
		e.emitHold(now, g, st, fmt.Sprintf("the address waits for the pre_active command%s, %v at most", ofLeader(st), milliseconds(st.LeftMS)))
	}
	e.begun = e.begun[:0]
}

func ofLeader(st status.PreActive) string {
	if st.Leader == "" {
		return ""
	}
	return " of " + st.Leader
}

// PreActiveDone is the answer to Options.PreActive: the command that was asked
// for with this transition has ended, in success when err is nil. What nobody
// waits for any more is ignored.
func (e *Engine) PreActiveDone(now time.Time, id ID, transition int, err error) {
	g := e.byID(id)
	if e.stopped || g == nil || !g.hold.running || g.last.ID != transition {
		return
	}
	e.commandOver(now, g, err)
	e.Flush(now)
}

// holdDue ends the time of a command.
func (e *Engine) holdDue(now time.Time, g *group) {
	h := &g.hold
	if !h.running || now.Before(h.until) {
		return
	}
	why := fmt.Errorf("not ended within %v: %w", g.cfg.Hooks.PreActive.Deadline, context.DeadlineExceeded)
	if h.cancel != nil {
		h.cancel(why)
	}
	e.commandOver(now, g, fmt.Errorf("pre_active command killed, %w", why))
}

// commandOver notes how the own command of g ended and takes the address,
// whatever that was: a command that fails must not cost the takeover.
func (e *Engine) commandOver(now time.Time, g *group, err error) {
	h := &g.hold
	h.running, h.cancel = false, nil
	h.ended.Outcome = status.Succeeded
	if err != nil {
		h.ended.Outcome, h.ended.Error = status.Failed, err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		h.ended.Outcome = status.TimedOut
	}
	e.endHold(now, g)
}

// endHold takes the address of a group that has nothing to wait for any more,
// and then those of its followers.
func (e *Engine) endHold(now time.Time, g *group) {
	if !g.hold.on || g.hold.running || g.leader != nil && g.leader.hold.on {
		return
	}
	st := g.holdStatus(now)
	st.LeftMS, st.Outcome, st.Error = 0, g.hold.ended.Outcome, g.hold.ended.Error
	if st.Outcome == "" { // no command of its own
		st.Leader, st.Outcome, st.Error = g.leader.ref(), g.leader.held.Outcome, g.leader.held.Error
	}
	e.forgetHold(g, st)
	e.occupy(now, g)
	e.announce(now, g, fsm.Claim)
	e.reschedule(g)
	message := fmt.Sprintf("pre_active command%s ended; the address is taken after %v", ofLeader(st), milliseconds(st.WaitedMS))
	if st.Error != "" {
		message = fmt.Sprintf("%s; the address is taken all the same after %v", st.Error, milliseconds(st.WaitedMS))
	}
	e.emitHold(now, g, st, message)
	for _, f := range g.followers {
		e.endHold(now, f)
	}
}

// errNotActive is why a command is killed that nobody waits for any more.
var errNotActive = errors.New("the group is not active any more")

// cancelHold ends the wait of a group that has lost the role: nothing was
// taken or announced. A wait that has not begun is not worth a word.
func (e *Engine) cancelHold(now time.Time, g *group) {
	if !g.hold.told {
		e.forgetHold(g, g.held)
		return
	}
	st := g.holdStatus(now)
	st.LeftMS, st.Outcome = 0, status.Cancelled
	message := fmt.Sprintf("not active any more after %v; the address was not taken", milliseconds(st.WaitedMS))
	if g.hold.cancel != nil {
		g.hold.cancel(errNotActive)
		message += ", the pre_active command is killed"
	}
	e.forgetHold(g, st)
	e.emitHold(now, g, st, message)
}

func (e *Engine) forgetHold(g *group, st status.PreActive) {
	g.hold, g.held = hold{}, st
	if e.holds.groups--; e.holds.groups == 0 {
		e.holds = holds{}
	}
}

// holdStatus describes the wait of g at now. Before its transition is reported it
// has no number.
func (g *group) holdStatus(now time.Time) status.PreActive {
	st := status.PreActive{Outcome: status.Waiting, Since: g.hold.since, WaitedMS: now.Sub(g.hold.since).Milliseconds()}
	if g.last != nil && g.last.Held {
		st.Transition = g.last.ID
	}
	until := g.hold.until
	if g.leader != nil && g.leader.hold.on && g.leader.hold.until.After(until) {
		until, st.Leader = g.leader.hold.until, g.leader.ref()
	}
	st.LeftMS = max(until.Sub(now).Milliseconds(), 0)
	return st
}

// preActiveStatus is what the status tells of the wait, or of the last one.
func (g *group) preActiveStatus(now time.Time) *status.PreActive {
	st := g.held
	switch {
	case g.hold.on:
		st = g.holdStatus(now)
	case st.Outcome == "":
		return nil
	}
	return &st
}

// explainHold is the end of a sentence about an active group.
func (g *group) explainHold(now time.Time) string {
	st := g.preActiveStatus(now)
	switch {
	case st == nil || g.last == nil || st.Transition != g.last.ID:
		return ""
	case g.hold.on:
		return fmt.Sprintf("; the address waits for the pre_active command%s, %v at most", ofLeader(*st), milliseconds(st.LeftMS))
	case st.Error != "":
		return fmt.Sprintf("; the address was taken %v later: %s", milliseconds(st.WaitedMS), st.Error)
	}
	return fmt.Sprintf("; the address was taken %v later, when the pre_active command%s had ended", milliseconds(st.WaitedMS), ofLeader(*st))
}

// fenceHolds takes the role from the groups whose wait began before this
// process was stopped for longer than their lease would be: they have been
// replaced, as those have whose lease ran out.
func (e *Engine) fenceHolds(now time.Time, gap time.Duration) {
	if e.holds.lease == 0 || gap <= e.holds.lease {
		return
	}
	for _, g := range e.groups {
		if !g.hold.on {
			continue
		}
		if lease := e.leaseOf(g); lease > 0 && gap > lease {
			e.fence(now, g, fsm.CauseStalled, fmt.Sprintf("nothing was done for %v while the address was held back, the lease would be %v", gap.Round(time.Millisecond), lease))
		}
	}
}

func (e *Engine) emitHold(now time.Time, g *group, st status.PreActive, message string) {
	e.observe(status.Event{At: now, Kind: eventHook, Group: g.ref(), Message: message, PreActive: &st})
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
