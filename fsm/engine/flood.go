package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// A switch that forgets behind which port a virtual MAC is floods the frames for it, and
// a standby sees one within a millisecond. Either its table was flushed and nothing is
// wrong, or the active router has lost its link. The standby asks that router at its own
// address, which any host answers in much less than a millisecond, and for the virtual
// address, whose answer comes from the virtual MAC and puts the switch right.
const (
	questions    = 4 // to an active router, before it counts as silent
	patienceMin  = 4 * time.Millisecond
	patienceMost = 500 * time.Millisecond
	restAnswered = 10 * time.Millisecond  // after the first answer, doubled by each further one
	restMost     = 100 * time.Millisecond // whoever floods cannot cause more questions than that
	restUseless  = time.Minute            // at most, after a router was passed over that was there
	askCovered   = 50 * time.Millisecond  // between questions to a router that was silent
	learnAfter   = time.Second            // a new active router is asked where it is
	forgetVain   = 10                     // rests without a question, after which the next one is short again
	mostAsked    = 16                     // virtual addresses of one question
)

// inquest is what an interface asks one active router.
type inquest struct {
	of    netip.Addr // the router's own address
	mac   hello.MAC  // which has answered last; zero: none
	also  hello.MAC  // the virtual one, if the router answers from it as well; zero: it does not
	phase inquestPhase
	about []*group // whose frames were flooded

	since time.Time     // the first question of the phase
	left  int           // questions
	next  time.Time     // the next one, or the end of the patience
	trip  time.Duration // how long an answer takes at most

	rest  time.Time     // no question before
	pause time.Duration // the last rest

	heard    hello.MAC // which has answered while this one learns
	virtual  hello.MAC // and this virtual one
	disputed bool      // so has another one
	answers  bool      // it did when it was asked last, and nobody else
	learnt   time.Time // when that was found out
	doubts   doubts
}

type inquestPhase uint8

const (
	inquestRests  inquestPhase = iota
	inquestLearns              // where the router is and how fast it answers, before anything has happened
	inquestAsks
	inquestSilent // the router has not answered
)

// deadline returns when there is something to ask or to conclude, zero for never.
func (q *inquest) deadline() time.Time {
	at := q.doubts.deadline()
	if q.phase == inquestRests {
		return at
	}
	return sooner(at, q.next)
}

// patience is how long all questions together are given.
func (q *inquest) patience() time.Duration { return min(max(patienceMin, 3*q.trip), patienceMost) }

// begin starts to ask.
func (q *inquest) begin(now time.Time, p inquestPhase) {
	q.phase, q.since, q.next, q.left = p, now, now, questions
	if p == inquestLearns {
		q.next = now.Add(learnAfter)
		q.heard, q.virtual, q.disputed = hello.MAC{}, hello.MAC{}, false
	}
}

// gap is the time between two questions. Who is not known yet may be far away.
func (q *inquest) gap() time.Duration {
	if q.phase == inquestLearns {
		return patienceMost / questions
	}
	return q.patience() / questions
}

// ask sends one round of questions. They are from this router's own address and MAC. Who
// learns asks everybody: somebody else may have answered in the router's place.
func (q *inquest) ask(i *iface) {
	own := i.link.Addr(hello.FamilyOf(q.of))
	if !own.IsValid() || len(i.groups) == 0 {
		return
	}
	nudge := func(a netip.Addr, at hello.MAC) {
		if f, err := garp.Nudge(own, i.link.MAC, a, at); err == nil {
			i.groups[0].queueFrames(always, [][]byte{f})
		}
	}
	if q.phase == inquestLearns || q.mac.IsZero() && q.also.IsZero() {
		nudge(q.of, hello.MAC{})
	} else {
		for _, at := range []hello.MAC{q.mac, q.also} {
			if !at.IsZero() {
				nudge(q.of, at)
			}
		}
	}
	for _, g := range q.about {
		// The virtual MAC gets it, because a router whose virtual addresses are on a
		// device of their own answers for them there and nowhere else.
		for _, a := range g.vips[:min(1, len(g.vips))] {
			nudge(a, g.mac)
		}
	}
}

// due asks again, or concludes that nobody answers. Each question has its time even
// when this process is late.
func (q *inquest) due(now time.Time, i *iface) {
	switch {
	case q.phase == inquestRests || now.Before(q.next):
	case q.left > 0:
		q.left--
		q.ask(i)
		q.next = now.Add(q.gap())
	case q.phase == inquestAsks:
		q.phase = inquestSilent
		i.cover(now, q)
		q.ask(i)
		q.next = now.Add(askCovered)
	case q.phase == inquestSilent && i.covers(q.of):
		q.ask(i)
		q.next = now.Add(askCovered)
	default:
		if q.phase == inquestLearns {
			q.also = q.virtual
			q.answers, q.learnt = q.heard != q.virtual && !q.disputed, now // which are not both zero
		}
		q.settle(now, false)
	}
}

// asked reports whether an answer that comes now is one to a question.
func (q *inquest) asked() bool {
	return q.phase != inquestRests && (q.phase != inquestLearns || q.left < questions)
}

// settle ends the inquest: the router lives, or nothing is left to ask it for. useless
// says that it was taken for dead.
func (q *inquest) settle(now time.Time, useless bool) {
	least, most := restAnswered, restMost
	if useless {
		least, most = time.Second, restUseless
	}
	if now.Sub(q.rest) > forgetVain*q.pause {
		q.pause = 0
	}
	if q.phase != inquestLearns {
		q.pause = min(max(least, 2*q.pause), max(most, q.pause))
		q.rest = now.Add(q.pause)
	}
	q.phase, q.about = inquestRests, nil
}

// isVirtual reports whether mac is the virtual one of a group in which the router of is
// active. Some routers have their own address there: FRR sends its advertisements over
// IPv6 from there alone, and keepalived gives the device of the virtual MAC the link-local
// address of its interface, so that both answer.
func (i *iface) isVirtual(mac hello.MAC, of netip.Addr) bool {
	return slices.ContainsFunc(i.groups, func(g *group) bool {
		return g.mac == mac && g.elector().machine.Status().Active.Addr == of
	})
}

// answered takes an answer of the router, for its own address or for the virtual one.
func (q *inquest) answered(now time.Time, i *iface, mac hello.MAC, virtual bool) {
	if q.phase == inquestLearns {
		q.learn(now, mac, virtual)
		return
	}
	if !virtual && mac != q.mac {
		q.mac, q.answers, q.learnt = mac, false, time.Time{} // it moved, or somebody lies: to be found out
	}
	if !virtual && q.phase == inquestSilent && q.showsRole(i) {
		return
	}
	q.took(now.Sub(q.since))
	why := "it answers for " + q.of.String()
	if virtual {
		why = "it answers for the virtual address"
	}
	q.lives(now, i, why)
}

// showsRole reports whether it is by its answer for the virtual address alone that the
// router shows that it serves. One that was silent and has its link again answers for its
// own address though it may have lost the role with the link, and in HSRP nobody forwards
// without the role. In VRRP some do: keepalived and FRR take what is flooded while they
// wait, and this router would forward beside them.
func (q *inquest) showsRole(i *iface) bool {
	return slices.ContainsFunc(q.about, func(g *group) bool { return len(g.vips) > 0 }) &&
		slices.ContainsFunc(i.groups, func(g *group) bool { return g.hsrp() && g.covering() && g.understudy.of == q.of })
}

// learn takes an answer while q finds out where its router is. Another host that answers
// as well may do it alone the next time, so that neither is judged by its silence. One
// more question is left for it to be heard. The virtual MAC is no other host.
func (q *inquest) learn(now time.Time, mac hello.MAC, virtual bool) {
	if q.heard == q.virtual { // the first answer
		q.left = min(q.left, 1)
		q.took(now.Sub(q.since.Add(learnAfter)))
	}
	switch {
	case virtual:
		q.virtual = mac
	case q.heard.IsZero():
		q.heard, q.mac = mac, mac
	case q.heard != mac:
		q.disputed = true
	}
}

// took notes how long an answer has taken.
func (q *inquest) took(d time.Duration) { q.trip = max(d, q.trip*3/4) }

// lives ends what goes on because the router was silent. why says how it is known.
func (q *inquest) lives(now time.Time, i *iface, why string) {
	if q.phase != inquestRests {
		q.settle(now, i.uncover(now, q.of, why))
	}
}

// inquestOf returns the inquest about an active router, which begins by learning
// where it is.
func (i *iface) inquestOf(now time.Time, of netip.Addr) *inquest {
	for _, q := range i.inquests {
		if q.of == of {
			return q
		}
	}
	q := &inquest{of: of}
	q.begin(now, inquestLearns)
	i.inquests = append(i.inquests, q)
	return q
}

// Flooded tells the engine that a frame for a virtual MAC came to an interface, which
// the switch has sent to everybody, or which was for another host anyway on a bridge
// that shows all it forwards. again is when another one is of interest.
func (e *Engine) Flooded(now time.Time, name string, mac hello.MAC) (again time.Time) {
	i := e.byName[name]
	if e.stopped || e.behind || i == nil {
		return now.Add(restMost)
	}
	again = now.Add(restMost)
	for _, g := range i.groups {
		if g.mac != mac {
			continue
		}
		if of, ok := g.covered(now); ok {
			again = i.flooded(now, g, of)
		}
	}
	return again
}

// flooded asks the active router of a group.
func (i *iface) flooded(now time.Time, g *group, of netip.Addr) (again time.Time) {
	q := i.inquestOf(now, of)
	switch {
	case q.phase == inquestSilent:
		return now.Add(restMost)
	case q.phase == inquestAsks:
	case now.Before(q.rest):
		return q.rest
	default:
		q.about = nil
		q.begin(now, inquestAsks)
		i.askElsewhere(now, q)
	}
	if !slices.Contains(q.about, g) && len(q.about) < mostAsked {
		q.about = append(q.about, g)
		g.offer(now)
		if q.left < questions { // the others were asked for already
			q.next = now
			q.left = max(q.left, 1)
		}
	}
	q.due(now, i)
	return now.Add(q.patience() / questions)
}

// askElsewhere asks the router of q at its other addresses as well. A switch that has lost
// its port has lost it for all its virtual MACs, and the flood for a busy one hides the
// few frames for another, IPv6's for example, as long as it goes on.
func (i *iface) askElsewhere(now time.Time, q *inquest) {
	for _, path := range i.pathsTo(q) {
		if path == q || path.phase == inquestAsks || path.phase == inquestSilent || now.Before(path.rest) {
			continue
		}
		for _, g := range i.groups {
			if of, ok := g.covered(now); ok && of == path.of {
				path.begin(now, inquestAsks)
				path.about = []*group{g}
				g.offer(now)
				path.due(now, i)
				break
			}
		}
	}
}

// inquire does what is due of all inquests.
func (i *iface) inquire(now time.Time) {
	for _, q := range i.inquests {
		q.due(now, i)
		q.confirm(now, i)
	}
}

func (i *iface) inquestDeadline() (at time.Time) {
	for _, q := range i.inquests {
		at = sooner(at, q.deadline())
	}
	return at
}

// heardLife notes an answer to this router's MAC: ip is at mac.
func (i *iface) heardLife(now time.Time, dst hello.MAC, ip netip.Addr, mac hello.MAC) {
	if len(i.inquests) == 0 || dst != i.link.MAC {
		return
	}
	for _, q := range i.inquests {
		if q.of == ip {
			i.excuseBy(now, q, mac)
		}
		if !q.asked() {
			continue
		}
		if q.of == ip {
			q.answered(now, i, mac, i.isVirtual(mac, ip))
			continue
		}
		for _, g := range q.about {
			if mac == g.mac && slices.Contains(g.vips, ip) {
				q.answered(now, i, mac, true)
				break
			}
		}
	}
}

// heardActive notes a message of a router that has the role: it lives.
func (g *group) heardActive(now time.Time, from netip.Addr) {
	for _, q := range g.iface.inquests {
		if q.of == from {
			if q.phase != inquestLearns { // whether it answers as well is still to be found out
				q.lives(now, g.iface, "it is heard")
			}
			g.iface.excuse(now, q)
		}
	}
	if g.covering() {
		g.uncover(now, "another router has the role: "+from.String())
	}
}
