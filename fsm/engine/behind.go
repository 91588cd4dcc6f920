package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// A process that was stopped for longer than the others wait may have lost its
// roles to them, though its lease has not run out: then the kernel has gone on
// forwarding, and nothing was lost. Whether it has is in the receive buffers.
// Until they are read no timer is looked at, because a hold time seems to have
// ended whose hellos are still unread, and not a word is said: a Coup or an
// advertisement would take the role back from whoever has it now.

// Behind reports whether this process was stopped for so long that others may
// have taken over from it. Then everything that has arrived must be given to
// Frame, and CaughtUp called, before the engine says or does anything. It is for
// the caller of Wake.
func (e *Engine) Behind() bool { return e.behind }

// CaughtUp says that every frame that had arrived was given to Frame. deaf are
// the ports whose buffer was too small for it: what they have missed may have
// been that another router is active. The engine stays behind when the process
// was stopped again meanwhile.
func (e *Engine) CaughtUp(now time.Time, deaf ...string) {
	if !e.behind {
		return
	}
	if e.mayHide(now.Sub(e.woken)) {
		e.Wake(now, 0)
		return
	}
	e.catchUp(now, deaf)
	e.Flush(now)
}

// catchUp ends the doubts.
func (e *Engine) catchUp(now time.Time, deaf []string) {
	e.behind, e.late = false, 0
	for _, g := range e.groups {
		gap := g.stopped
		g.stopped = 0
		if gap > 0 && !g.alone() && slices.Contains(deaf, g.Interface) && g.tenure.claims() {
			g.fence(now, fsm.CauseStalled, fmt.Sprintf("nothing was said for %v, and some of what others said meanwhile is lost", gap.Round(time.Millisecond)))
		}
	}
}

// alone reports whether g knows that nobody could take over from it. A VRRP router
// never does: those who wait are silent.
func (g *group) alone() bool { return g.hsrp() && len(g.peers) == 0 }

// mayHide reports whether a gap between two calls of Wake may be most of a
// silence that was too long.
func (r *router) mayHide(gap time.Duration) bool { return r.alert > 0 && gap >= r.alert }

// fallBehind notes which groups have said nothing for longer than the others
// wait, after a gap that may hide that.
func (e *Engine) fallBehind(now time.Time, gap, suspended time.Duration) {
	if gap+suspended >= minimumLease {
		e.late = gap + suspended
	}
	if !e.mayHide(gap) {
		return
	}
	e.behind, e.late = true, gap+suspended
	for _, g := range e.groups {
		if g.leader != nil {
			continue
		}
		st := g.machine.Status()
		silent := gap + st.HelloTime
		if !g.silence.left.IsZero() {
			silent = now.Sub(g.silence.left) + suspended
		}
		if silent >= g.patience(st) {
			g.stopped = silent
		}
	}
}

// patience is how long the other routers wait at least for a sign of life: a
// VRRP router's skew may be next to nothing (RFC 9568 section 6.1).
func (g *group) patience(st fsm.Status) time.Duration {
	if g.hsrp() {
		return st.HoldTime
	}
	return 3 * st.HelloTime
}

// watchFor makes gaps count that may be most of a silence of g: the rest is a
// hello time, and half of one for a hello that was late.
func (r *router) watchFor(g *group, st fsm.Status) {
	patience := g.patience(st)
	gap := max(patience-3*st.HelloTime/2, patience/4)
	if g.leader == nil && (r.alert == 0 || gap < r.alert) {
		r.alert = gap
	}
}

// superseded takes the role from a group that was stopped when m, which was
// received meanwhile, says that another router has it. The group may also have
// won it by an earlier one of these messages.
func (g *group) superseded(now time.Time, from netip.Addr, m hello.Message) {
	if g.stopped > 0 && g.tenure.claims() && takes(m) {
		g.fence(now, fsm.CauseStalled, fmt.Sprintf("nothing was said for %v, and %s is active meanwhile", g.stopped.Round(time.Millisecond), from))
	}
}

// takes reports whether the sender of m has the role or takes it.
func takes(m hello.Message) bool {
	if h, ok := m.(*hello.HSRP); ok {
		return h.Op == hello.OpCoup || h.Op == hello.OpHello && h.State == hello.Active
	}
	return !resigns(m)
}
