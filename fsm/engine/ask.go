package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// How the others are asked. Who does not know the question does not answer.
const (
	askFor    = time.Second            // for an answer, in which a successor tries its neighbours
	askEvery  = 250 * time.Millisecond // until everything is known
	askOthers = 50 * time.Millisecond  // in VRRP, where several may answer, after the first
	wordWait  = time.Second            // for the last word of the successor, after its time to prove
)

// enquiry is what a router that hands over has asked, and been told.
type enquiry struct {
	number  uint64 // 0: nothing was asked
	again   time.Time
	timeout time.Duration // of the successor, to prove its neighbours
	proven  []netip.Addr  // neighbours that deliver here

	peer  netip.Addr // who will take the role; invalid: nobody has answered
	mac   hello.MAC
	state hello.AgreementState // the last word of the peer
	text  string
	rank  uint8 // the peer's priority
}

// ask begins a hand-over with the question who could take the role.
func (g *group) ask(now time.Time) {
	p := g.passing
	p.enquiry.number, p.enquiry.proven = g.r.mark()|1, g.proven()
	p.phase, p.at, p.last.State = asking, now.Add(askFor), HandoverAsking
	g.askAgain(now)
}

// askAgain repeats the question, which is also one for what has become of it.
func (g *group) askAgain(now time.Time) {
	q := &g.passing.enquiry
	q.again = now.Add(askEvery)
	to := g.everybody()
	if g.passing.phase == proving {
		to = q.mac
	}
	g.say(now, to, hello.Agreement{Kind: hello.AgreementQuestion, Number: q.number, Time: q.timeout, Neighbors: q.proven})
}

// deadline and due make the phases of a hand-over a chore. The time in which the role
// is handed over is a farewell's.
func (p *passing) deadline() time.Time {
	switch {
	case !p.under():
		return time.Time{}
	case p.phase == handing:
		return p.enquiry.again
	}
	return sooner(p.at, p.enquiry.again)
}

func (p *passing) due(now time.Time, g *group) {
	if !p.under() {
		return
	}
	if q := &p.enquiry; !q.again.IsZero() && !now.Before(q.again) {
		g.askAgain(now)
	}
	switch {
	case now.Before(p.at):
	case p.phase == asking:
		g.decide(now)
	case p.phase == proving:
		g.endHandover(now, HandoverDone, fmt.Sprintf("%s has not said whether its neighbours deliver to it", p.enquiry.peer))
	}
}

// heardReply takes an answer to this router's question.
func (g *group) heardReply(now time.Time, src hello.MAC, a *hello.Agreement) {
	p := g.passing
	if !p.under() || p.enquiry.number == 0 || a.Number != p.enquiry.number {
		return
	}
	if p.phase == asking {
		g.heardCandidate(now, src, a)
		return
	}
	if a.From != p.enquiry.peer || src != p.enquiry.mac {
		return
	}
	p.enquiry.state, p.enquiry.text = a.State, a.Text
	switch {
	case p.phase == handing && a.State >= hello.AgreementServing:
		p.taken(now, a.From)
		g.letGo(now)
	case p.phase == proving:
		g.hearProof(now)
	}
}

// heardCandidate keeps the answer of the one who will take the role: of the standby
// router in HSRP, of the best one in VRRP, where those that wait are silent.
func (g *group) heardCandidate(now time.Time, src hello.MAC, a *hello.Agreement) {
	p, q := g.passing, &g.passing.enquiry
	if a.State > hello.AgreementUnfit {
		return
	}
	if g.hsrp() {
		if st := g.machine.Status().Standby; st.Local || st.Addr != a.From || st.MAC != src {
			return
		}
	} else if q.peer.IsValid() && q.peer != a.From && (q.rank > a.Priority || q.rank == a.Priority && q.peer.Compare(a.From) > 0) {
		return
	}
	if !q.peer.IsValid() {
		p.at = now.Add(askOthers)
	}
	q.peer, q.mac, q.rank, q.state, q.text = a.From, src, a.Priority, a.State, a.Text
	p.wait = a.Wait
	if g.hsrp() {
		g.decide(now)
	}
}

// decide hands over, or does not, with the answers that have come.
func (g *group) decide(now time.Time) {
	p, q := g.passing, &g.passing.enquiry
	if q.state == hello.AgreementUnfit {
		g.endHandover(now, HandoverRefused, fmt.Sprintf("%s is not fit: %s", q.peer, q.text))
		return
	}
	if !q.peer.IsValid() {
		*q, p.wait = enquiry{}, 0
	}
	g.pass(now)
}

// hearProof ends a hand-over with the last word of the successor, if it has come.
func (g *group) hearProof(now time.Time) {
	q := &g.passing.enquiry
	switch q.state {
	case hello.AgreementProven:
		g.endHandover(now, HandoverDone, q.text)
	case hello.AgreementUnproven:
		why := fmt.Sprintf("%s gave the role back: %s", q.peer, q.text)
		if !g.takeBack(now, why) {
			g.endHandover(now, HandoverRolledBack, why+", and this router cannot have it")
		}
	}
}

// givenBack takes the role back that the successor resigns before it has proven its
// neighbours.
func (g *group) givenBack(now time.Time, from netip.Addr, m hello.Message) {
	if p := g.passing; p != nil && p.phase == proving && from == p.enquiry.peer && resigns(m) {
		g.takeBack(now, fmt.Sprintf("%s gave the role back", p.enquiry.peer))
	}
}

// minded ends a hand-over that something else has overtaken.
func (g *group) minded(now time.Time) {
	p := g.passing
	switch {
	case !p.under():
	case p.phase == asking && g.tenure != serving:
		g.endHandover(now, HandoverRefused, "the group is not active any more")
	case p.phase == handing && g.tenure.claims(): // the timers were faster
		g.endHandover(now, HandoverRolledBack, nobodyTook)
	case p.phase == proving && g.tenure.claims():
		g.endHandover(now, HandoverRolledBack, fmt.Sprintf("this router has the role again: %s, %s", g.last.Cause, g.last.Detail))
	}
}
