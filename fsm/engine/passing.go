package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// phase is how far a hand-over is.
type phase uint8

const (
	atRest  phase = iota
	asking        // who could take the role
	handing       // the role was resigned, and this router serves until another one does
	proving       // another one serves, and proves its neighbours
)

// passing is the hand-over of one group's role, on the side of the router that has it.
type passing struct {
	phase phase
	at    time.Time     // when the phase ends at the latest
	asked *Record       // the command
	wait  time.Duration // how long the successor's address may wait for a command, as it has said
	last  Handover      // the present one, or the last
	enquiry
}

// under reports whether a hand-over is under way.
func (p *passing) under() bool { return p != nil && p.phase != atRest }

// handover returns the present one, or the last; zero when there was none.
func (p *passing) handover() Handover {
	if p == nil {
		return Handover{}
	}
	return p.last
}

// taken notes who has the role now.
func (p *passing) taken(now time.Time, by netip.Addr) {
	if p != nil && p.phase == handing && !p.last.To.IsValid() {
		p.last.To, p.last.Taken = by, now
	}
}

// handoverMargin is how much later than the protocol asks for a successor may be. Who
// hands over serves meanwhile, so that it costs nothing to wait.
const handoverMargin = 500 * time.Millisecond

// successorTime returns how long a successor may need to take the role of g: a round
// trip in HSRP, one skew time in VRRP (RFC 9568 section 6.1, RFC 3768 section 6.1).
func (g *group) successorTime() time.Duration {
	switch {
	case g.hsrp():
		return handoverMargin
	case g.Version == 2:
		return time.Second + handoverMargin
	}
	return g.machine.Status().HelloTime + handoverMargin
}

// nobodyTook is why a hand-over ends where it began.
const nobodyTook = "nobody has taken the role"

// pass gives the role up, and serves until somebody has it.
func (g *group) pass(now time.Time) {
	p := g.passing
	p.phase, p.at = handing, now.Add(g.successorTime()+p.wait)
	p.last.State = HandoverPassing
	detail := "given back"
	if p.asked != nil {
		detail = p.asked.Command.String()
	}
	g.step(now, fsm.Yield{Cause: fsm.CauseHandover, Detail: detail})
}

// passed goes on with a hand-over when this router has let go of the address.
func (g *group) passed(now time.Time) {
	p := g.passing
	switch {
	case p == nil || p.phase != handing:
	case !p.last.To.IsValid():
		why := "this router could not go on serving"
		if g.obstacle != "" {
			why += ": " + g.obstacle
		}
		g.endHandover(now, HandoverRolledBack, nobodyTook+", and "+why)
	case p.asked == nil:
		g.endHandover(now, HandoverDone, "")
	case p.enquiry.number == 0:
		g.endHandover(now, HandoverDone, "by a plain resignation: it knows no other way")
	case p.last.To != p.enquiry.peer:
		g.endHandover(now, HandoverDone, fmt.Sprintf("%s was asked, and was not the one", p.enquiry.peer))
	default:
		p.phase, p.at, p.last.State = proving, now.Add(p.enquiry.timeout+wordWait), HandoverProving
		g.turned()
		g.hearProof(now)
	}
}

// endHandover ends a hand-over, and tells how.
func (g *group) endHandover(now time.Time, how HandoverState, reason string) {
	p := g.passing
	p.phase, p.at, p.wait, p.enquiry = atRest, time.Time{}, 0, enquiry{}
	p.last.State, p.last.Ended, p.last.Reason = how, now, reason
	if g.counters.Handovers == nil {
		g.counters.Handovers = map[HandoverState]uint64{}
	}
	g.counters.Handovers[how]++
	kind := KindNotice
	if how != HandoverDone {
		kind = KindWarning
	}
	g.tell(now, kind, p.last.String())
	if g.departing {
		g.departing = false
		for _, m := range append([]*group{g}, g.followers...) {
			m.doubt()
		}
	}
}

// takeBack takes the role back that was handed over, and reports whether that was
// possible.
func (g *group) takeBack(now time.Time, why string) bool {
	if !g.up {
		return false
	}
	g.endHandover(now, HandoverRolledBack, why)
	g.step(now, fsm.Reclaim{Cause: fsm.CauseTakenBack, Detail: why})
	return g.tenure.claims()
}

// String tells how a hand-over stands, in one line.
func (h Handover) String() string {
	switch h.State {
	case HandoverDone:
		s := fmt.Sprintf("handed over to %s in %v", h.To, h.Taken.Sub(h.Began).Round(time.Millisecond))
		if h.Reason != "" {
			s += "; " + h.Reason
		}
		return s
	case HandoverRefused:
		return "not handed over: " + h.Reason
	case HandoverRolledBack:
		return "rolled back: " + h.Reason
	}
	return "a hand-over is under way"
}
