package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// pledge is a hand-over on the side of who is to take the role.
type pledge struct {
	number uint64
	began  time.Time // when it was asked for first
	until  time.Time // when it is forgotten, unless the role is taken or asked for again
	asker  hello.MAC
	from   netip.Addr
	wait   time.Duration // how long the asker's address may wait, should it get the role back

	examining bool
	exam      prove.Prover         // of the neighbours, from the real address
	state     hello.AgreementState // 0: not known yet
	text      string
	timeout   time.Duration // to prove them, once they are served
	needed    []netip.Addr  // those that the asker has proven
	taken     time.Time     // when the address was served
}

const (
	pledgeFor   = 3 * time.Second        // after the last question
	pledgeEvery = 100 * time.Millisecond // between questions with another number
)

// heardQuestion answers who wants to hand its role over.
func (g *group) heardQuestion(now time.Time, src hello.MAC, a *hello.Agreement) {
	p := g.pledge
	if !g.r.answers.take(now, answersAtOnce, answerEvery) {
		return
	}
	if p == nil || p.number != a.Number {
		if g.tenure != absent || p != nil && now.Sub(p.began) < pledgeEvery {
			return
		}
		p = &pledge{number: a.Number, began: now, asker: src, from: a.From, wait: a.Wait, timeout: a.Time}
		g.pledge = p
		g.examine(now, a)
	}
	p.until = now.Add(pledgeFor)
	g.reply(now)
}

// reply says what is known, if anything is.
func (g *group) reply(now time.Time) {
	if p := g.pledge; p != nil && p.state != 0 {
		g.say(now, p.asker, hello.Agreement{Kind: hello.AgreementAnswer, State: p.state, Text: p.text, Number: p.number})
	}
}

// pledged notes what is known now, and says it.
func (g *group) pledged(now time.Time, s hello.AgreementState, text string) {
	g.pledge.state, g.pledge.text, g.pledge.examining = s, text, false
	g.reply(now)
}

// examine finds out whether this router could take the role: first by what it knows,
// then by asking the neighbours from its own address.
func (g *group) examine(now time.Time, a *hello.Agreement) {
	p := g.pledge
	if why := g.unfit(a); why != "" {
		p.state, p.text = hello.AgreementUnfit, why
		return
	}
	for _, f := range g.family() {
		for _, r := range f.proof.Results() {
			if slices.Contains(a.Neighbors, r.Neighbor) && !slices.Contains(p.needed, r.Neighbor) {
				p.needed = append(p.needed, r.Neighbor)
			}
		}
	}
	p.exam.Random = g.r.mark
	var here []netip.Addr
	for _, n := range p.needed {
		if g.iface.neighbors[n] != nil { // followers may be on other interfaces, which prove them later
			here = append(here, n)
		}
	}
	real := g.realAddress(here)
	if len(here) == 0 || !real.IsValid() {
		p.state = hello.AgreementFit
		return
	}
	p.examining = true
	p.exam.SetNeighbors(now, here)
	for _, n := range here {
		p.exam.Learn(now, n, g.iface.neighbors[n].mac)
	}
	p.exam.Start(now, real, g.iface.link.MAC)
	p.due(now, g)
}

// realAddress returns the own address from which neighbours are asked.
func (g *group) realAddress(to []netip.Addr) netip.Addr {
	if len(to) > 0 && to[0].Is6() && !to[0].IsLinkLocalUnicast() {
		return g.globalSource(&g.iface.link, to[0])
	}
	return g.iface.link.Addr(g.Family)
}

// unfit returns why this router could not take the role of who asks with a, or "". What
// is wrong with both is no reason.
func (g *group) unfit(a *hello.Agreement) string {
	st := g.machine.Status()
	switch {
	case !g.up:
		return g.obstacle
	case g.hsrp() && st.Role != fsm.Standby:
		return "it is not the standby router (state " + st.State + ")"
	case !st.Active.Known:
		return "it hears no active router"
	case st.Active.Addr != a.From:
		return fmt.Sprintf("it hears %s as the active router, not %s", st.Active.Addr, a.From)
	case g.hsrp() && g.Version == 2 && st.Active.MAC != g.pledge.asker:
		return fmt.Sprintf("the active router that it hears is at %s, not %s", st.Active.MAC, g.pledge.asker)
	case st.Priority == 0:
		return "its priority is 0"
	case g.restraint.on():
		return "it " + g.restraint.String()
	}
	for _, f := range g.family() {
		if off := f.iface.link.Off(f.Family); off != "" && a.Forwards {
			return "IP forwarding is switched off there (" + off + ")"
		}
		if down := f.downTracks(); len(down) > 0 && a.Tracks {
			return "tracked objects are down there: " + strings.Join(down, ", ")
		}
	}
	return ""
}

func (p *pledge) deadline() (at time.Time) {
	if p == nil {
		return time.Time{}
	}
	if p.examining {
		at, _ = p.exam.Deadline()
	}
	switch p.state {
	case hello.AgreementServing:
		return p.taken.Add(p.timeout)
	case hello.AgreementWaiting:
		return at
	}
	return sooner(at, p.until)
}

func (p *pledge) due(now time.Time, g *group) {
	switch {
	case p == nil:
		return
	case p.examining:
		frames, _ := p.exam.Due(now)
		g.queueFrames(always, frames)
		g.examined(now)
	}
	switch {
	case p.state == hello.AgreementServing && !now.Before(p.taken.Add(p.timeout)):
		g.giveBack(now)
	case p.state != hello.AgreementServing && p.state != hello.AgreementWaiting && !now.Before(p.until) && !p.until.IsZero():
		g.pledge = nil
	}
}

// examined ends the examination when every neighbour has answered, or a whole attempt
// has failed.
func (g *group) examined(now time.Time) {
	p := g.pledge
	if !p.examining || !p.exam.Settled() {
		return
	}
	p.exam.Stop()
	for _, r := range p.exam.Results() {
		if !r.Proven && !r.Alive {
			g.pledged(now, hello.AgreementUnfit, fmt.Sprintf("%s, which answers %s, does not answer it", r.Neighbor, p.from))
			return
		}
	}
	g.pledged(now, hello.AgreementFit, "")
}

// keepPledge follows the role that was asked for.
func (g *group) keepPledge(now time.Time) {
	p := g.pledge
	if p == nil {
		return
	}
	switch had := p.state == hello.AgreementWaiting || p.state == hello.AgreementServing; {
	case had && !g.tenure.elected(), p.state == hello.AgreementProven && g.tenure != serving:
		g.pledge = nil
	case p.state == hello.AgreementUnproven && g.tenure.claims(): // nobody wanted it back
		g.pledge = nil
	case p.state == hello.AgreementFit && g.tenure.elected() && g.last.Cause != fsm.CauseResigned:
		g.pledge = nil // the role came in another way than it was to
	case p.state == hello.AgreementFit && g.tenure == waiting:
		g.pledged(now, hello.AgreementWaiting, "")
	case (p.state == hello.AgreementFit || p.state == hello.AgreementWaiting) && g.tenure == serving:
		p.taken = now
		g.pledged(now, hello.AgreementServing, "")
		g.checkProofs(now)
	}
}

// unproven returns the neighbours that are needed and have not been proven.
func (g *group) unproven() (list []string) {
	proven := g.proven()
	for _, n := range g.pledge.needed {
		if !slices.Contains(proven, n) {
			list = append(list, n.String())
		}
	}
	return list
}

// checkProofs notes that all neighbours deliver here.
func (g *group) checkProofs(now time.Time) {
	g = g.elector()
	p := g.pledge
	if p == nil || p.state != hello.AgreementServing || len(g.unproven()) > 0 {
		return
	}
	g.turned()
	p.until = now.Add(pledgeFor)
	text := ""
	if len(p.needed) == 0 {
		text = "no neighbour to prove that by"
	}
	g.pledged(now, hello.AgreementProven, text)
}

// giveBack returns a role that the neighbours do not follow, once: to a router that
// drains, or to nobody, which leaves it here.
func (g *group) giveBack(now time.Time) {
	why := strings.Join(g.unproven(), ", ") + " did not deliver to it within " + g.pledge.timeout.String()
	from := g.pledge.from
	g.pledged(now, hello.AgreementUnproven, why)
	g.pledge.until = now.Add(pledgeFor)
	g.passing = &passing{wait: g.pledge.wait, last: Handover{Began: now}}
	g.tell(now, KindWarning, fmt.Sprintf("gives the role back to %s: %s", from, strings.ReplaceAll(why, " to it ", " here ")))
	g.pass(now)
}
