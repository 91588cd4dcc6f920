package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// happen changes the tenure as its table says, and does what that asks for.
func (g *group) happen(now time.Time, ev tenureEvent) {
	was, cell := g.tenure, tenureTable[g.tenure][ev]
	g.tenure = cell.next
	switch cell.effect {
	case doAwait:
		g.beginWait(now)
	case doGiveUp:
		g.cancelWait(now)
	case doOpen:
		g.takeCover(now)
		g.grant = grant{g.term(), now}
		g.iface.leases.add(now, g.grant.term)
		g.openGate()
	case doShut:
		g.forgetGate()
		g.iface.out.shut = append(g.iface.out.shut, g.id)
		g.iface.out.remove = append(g.iface.out.remove, g.id)
	case doQuieten:
		g.r.farewells.begin(g.until)
		g.endAnnouncements()
	case doForget:
		g.forgetGate()
	}
	if was == leaving && cell.next != leaving {
		g.r.farewells.left--
	}
}

func (g *group) acquire(now time.Time) {
	if g.tenure.claims() {
		return
	}
	g.probe = nil
	if g.hasToWait() {
		g.happen(now, onWinEarly)
	} else {
		g.happen(now, onWin)
	}
}

// release ends the tenure, unless a successor needs time: the daemon or the group
// stops for good, or hands over, or the one who is better has not the address yet.
func (g *group) release(now time.Time, was stepStart) {
	g.until, g.awaited = now, false
	gone := g.r.stopping || g.dismissed || g.maintained()
	switch {
	case !gone && !g.up: // what stops it may keep it from serving as well
	case g.leader != nil:
		if g.leader.tenure == leaving { // leaders stop first
			g.until = g.leader.until
		}
	case gone:
		g.until = now.Add(g.farewell(was.machine))
	case g.passing.under():
		g.until = g.passing.at
	case g.successorWaits():
		g.until = now.Add(g.longestWait() + farewellLeast)
	}
	if g.until.After(now) {
		g.happen(now, onResign)
	} else {
		g.happen(now, onLoss)
	}
}

// openGate asks for the gate and the addresses of a group that serves.
func (g *group) openGate() {
	g.iface.out.open = append(g.iface.out.open, Claim{ID: g.id, Lease: g.grant.lease})
	g.askAddresses()
}

// askAddresses asks for the addresses of a group that serves, again where they have
// changed.
func (g *group) askAddresses() {
	o := &g.iface.out
	o.remove = slices.DeleteFunc(o.remove, func(id ID) bool { return id == g.id })
	o.add = append(o.add, g.id)
	g.round, g.proof.held = 0, true
}

// forgetGate ends what goes on while the gate is open.
func (g *group) forgetGate() {
	g.routes = nil
	g.iface.leases.remove(g.grant.term)
	g.earlier = nil
	g.iface.out.withdraw(g.id)
	g.endAnnouncements()
}

// A router that stops or hands over has said so, and the others need time to act on it:
// a round trip in HSRP, up to one skew time in VRRP (RFC 9568 section 6.1).
// Meanwhile it goes on serving what still arrives, answers for the address, and
// says nothing more about its role. It lets go when its successor is heard.
const (
	farewellLeast = 50 * time.Millisecond // for the successor's own lateness
	farewellMost  = time.Second
)

// farewell returns how long g, which elects for itself, serves on after it has
// resigned; 0 when nobody is there to take over.
func (g *group) farewell(before fsm.Status) time.Duration {
	d := farewellLeast
	switch {
	case g.hsrp() && (!before.Standby.Known || before.Standby.Local):
		return 0
	case g.hsrp():
	case g.Version == 2:
		d += time.Second
	default:
		d += before.HelloTime
	}
	return min(d, farewellMost)
}

// letGo ends a farewell, and that of the groups that follow.
func (g *group) letGo(now time.Time) {
	if g.tenure != leaving {
		return
	}
	g.turned()
	g.happen(now, onSuccession)
	for _, f := range g.followers {
		f.letGo(now)
	}
	g.passed(now)
}

// due ends the time of a command.
func (w *wait) due(now time.Time, g *group) {
	if w == nil || !w.running || now.Before(w.until) {
		return
	}
	why := fmt.Errorf("not ended within %v: %w", g.PreActive, context.DeadlineExceeded)
	if w.cancel != nil {
		w.cancel(why)
	}
	g.commandEnded(now, fmt.Errorf("pre_active command killed, %w", why))
}

// commandEnded notes how the own command ended and takes the address, whatever
// that was: a command that fails must not cost the takeover.
func (g *group) commandEnded(now time.Time, err error) {
	w := g.wait
	w.running, w.cancel = false, nil
	switch {
	case err == nil:
		w.outcome = Succeeded
	case errors.Is(err, context.DeadlineExceeded):
		w.outcome, w.err = TimedOut, err.Error()
	default:
		w.outcome, w.err = Failed, err.Error()
	}
	g.endWait(now)
}

// endWait takes the address of a group that has nothing to wait for any more,
// and then those of its followers.
func (g *group) endWait(now time.Time) {
	if g.tenure != waiting || g.wait.running || g.leader != nil && g.leader.tenure == waiting {
		return
	}
	st := g.waitStatus(now)
	st.Left, st.Outcome, st.Err = 0, g.wait.outcome, g.wait.err
	if st.Outcome == "" { // no command of its own
		st.Leader = g.leader.Ref
		if w := g.leader.lastWait; w != nil {
			st.Outcome, st.Err = w.Outcome, w.Err
		}
	}
	g.forgetWait(&st)
	g.turned()
	g.happen(now, onReady)
	g.step(now, fsm.Served{})
	g.announce(now, fsm.Claim)
	message := fmt.Sprintf("pre_active command%s ended; the address is taken after %v", st.ofLeader(), st.Waited)
	if st.Err != "" {
		message = fmt.Sprintf("%s; the address is taken all the same after %v", st.Err, st.Waited)
	}
	g.tellWait(now, st, message)
	for _, f := range g.followers {
		f.endWait(now)
	}
}
