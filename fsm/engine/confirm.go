package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// A hello that is overdue was lost, or its sender is dead. The hold time tells the two
// apart by waiting for more hellos. A group with confirm asks: a dozen questions within an
// eighth of the hello time, to a router that has answered such questions before. Any
// answer, and any message of that router, leaves the hold time to decide. Nothing at all
// ends it early.
//
// Where each frame is lost with probability p the questions mislead with
// p(1-(1-p)²)^12: one in a million hellos at 20 %, where three hellos in a row get lost
// eight times in a thousand.
const (
	confirmQuestions = 12
	confirmSpread    = 96 // of these in a hello time is one question
	confirmGrace     = 20 // of these is how long a hello is overdue before the first
	confirmLeast     = time.Millisecond
	relearnEvery     = time.Minute // a healthy router is asked whether it still answers
)

// confirmer is how a group finds that a hello of the active router is overdue.
type confirmer struct {
	last   time.Time // the last message of the active router
	missed int       // hellos since, for which that router has answered
	at     time.Time // when the next one is overdue; zero: nothing is to be asked
	asking bool      // the questions are under way
}

// confirms returns the active router whose silence g would have confirmed, and how far
// its election has come.
func (g *group) confirms() (st fsm.Status, ok bool) {
	l := &g.iface.link
	if !g.Confirm || g.leader != nil || !g.up || g.tenure != absent || g.dismissed || g.r.stopping || len(g.Peers) > 0 || !l.Addr(g.Family).IsValid() {
		return st, false
	}
	st = g.machine.Status()
	next := st.Role == fsm.Standby || !g.hsrp() && st.Role == fsm.Candidate
	return st, next && !st.Yielded && st.Active.Known && !st.Active.Local && st.HelloTime > 0
}

// await plans when the next hello of the active router is overdue.
func (c *confirmer) await(now time.Time, g *group) {
	st, ok := g.confirms()
	if !ok {
		if c.asking {
			g.iface.undoubt(g)
		}
		*c = confirmer{}
		return
	}
	last := st.Active.Expires.Add(-st.HoldTime)
	if !last.Equal(c.last) {
		if c.asking {
			g.iface.undoubt(g)
		}
		*c = confirmer{last: last}
	}
	if c.asking {
		return
	}
	q := g.iface.inquestOf(now, st.Active.Addr)
	q.learnAgain(now)
	c.at = last.Add(time.Duration(c.missed+1)*st.HelloTime + max(st.HelloTime/confirmGrace, q.trip, confirmLeast))
	if end := c.at.Add(confirmQuestions*interval(st) + q.patience() + g.precedence(st)); !end.Before(st.Active.Expires) {
		c.at = time.Time{} // the hold time is as fast
	}
}

func interval(st fsm.Status) time.Duration { return max(st.HelloTime/confirmSpread, confirmLeast) }

// precedence is how much later g concludes than the best router would: all backups of a
// VRRP group ask at once, and it is their skew times that keep them apart.
func (g *group) precedence(st fsm.Status) time.Duration {
	if g.hsrp() {
		return 0
	}
	return max(st.HoldTime-3*st.HelloTime, 0) / 4
}

func (c *confirmer) deadline() time.Time {
	if c.asking {
		return time.Time{}
	}
	return c.at
}

// due begins to ask when a hello is overdue.
func (c *confirmer) due(now time.Time, g *group) {
	if c.asking || c.at.IsZero() || now.Before(c.at) {
		return
	}
	st, ok := g.confirms()
	if !ok {
		c.at = time.Time{}
		return
	}
	q := g.iface.inquestOf(now, st.Active.Addr)
	if !q.answers {
		c.excused(now, g)
		return
	}
	c.asking = true
	g.counters.Questioned++
	q.doubt(now, g, st)
}

// excused notes that the active router lives: only its hello was lost.
func (c *confirmer) excused(now time.Time, g *group) {
	c.asking = false
	c.missed++
	c.await(now, g)
	g.turned()
}

// doubt is a group whose hello is overdue.
type doubt struct {
	of    *group
	since time.Time
	need  int       // how many questions must have been sent
	end   time.Time // when it counts as silent; zero: not all are sent yet
	late  time.Duration
}

// doubts are the questions to one active router about its silence. All groups whose
// hellos are overdue share them.
type doubts struct {
	list  []doubt
	sent  int
	every time.Duration
	next  time.Time // the next question
}

// deadline returns when there is something to ask or to conclude, zero for never.
func (d *doubts) deadline() (at time.Time) {
	for n := range d.list {
		if d.list[n].end.IsZero() {
			at = sooner(at, d.next)
		} else {
			at = sooner(at, d.list[n].end)
		}
	}
	return at
}

// doubt adds a group to those for which the router is asked.
func (q *inquest) doubt(now time.Time, g *group, st fsm.Status) {
	d := &q.doubts
	if len(d.list) == 0 {
		*d = doubts{next: now, every: interval(st)}
	}
	d.every = min(d.every, interval(st))
	d.list = append(d.list, doubt{of: g, since: now, need: d.sent + confirmQuestions, late: g.precedence(st)})
}

// confirm asks again, or concludes that the router is dead. A question that this process
// sends late moves all that follow.
func (q *inquest) confirm(now time.Time, i *iface) {
	d := &q.doubts
	if len(d.list) == 0 {
		return
	}
	if open := slices.ContainsFunc(d.list, func(d doubt) bool { return d.end.IsZero() }); open && !now.Before(d.next) {
		for _, path := range i.pathsTo(q) {
			path.ask(i)
		}
		d.sent++
		d.next = now.Add(d.every)
		for n := range d.list {
			if one := &d.list[n]; one.end.IsZero() && d.sent >= one.need {
				one.end = now.Add(max(q.patience(), d.every) + one.late)
			}
		}
	}
	var silent []doubt
	d.list = slices.DeleteFunc(d.list, func(one doubt) bool {
		over := !one.end.IsZero() && !now.Before(one.end)
		if over {
			silent = append(silent, one)
		}
		return over
	})
	for _, one := range silent {
		one.of.silent(now, q, one)
	}
}

// silent takes the role of a router whose silence was confirmed.
func (g *group) silent(now time.Time, q *inquest, d doubt) {
	g.confirmer.asking = false
	g.turned()
	st, ok := g.confirms()
	if !ok || st.Active.Addr != q.of {
		return
	}
	overdue := d.since.Sub(g.confirmer.last)
	g.step(now, fsm.Reclaim{Cause: fsm.CauseUnanswered, Detail: fmt.Sprintf("nothing from %s for %v, and no answer to %d questions in the last %v",
		q.of, now.Sub(g.confirmer.last).Round(time.Millisecond), confirmQuestions, (now.Sub(g.confirmer.last) - overdue).Round(time.Millisecond))})
}

// pathsTo returns the inquests about one router, which answers at each of its addresses
// from the same MAC.
func (i *iface) pathsTo(q *inquest) []*inquest {
	var paths []*inquest
	for _, other := range i.inquests {
		if q.sameRouter(other) {
			paths = append(paths, other)
		}
	}
	return paths
}

func (q *inquest) sameRouter(other *inquest) bool {
	return q == other || !q.mac.IsZero() && other.mac == q.mac
}

// excuse ends the doubts: the router lives. It is alive at all its addresses.
func (i *iface) excuse(now time.Time, q *inquest) {
	if !i.doubted(q) {
		return
	}
	for _, path := range i.pathsTo(q) {
		list := path.doubts.list
		path.doubts = doubts{}
		for _, d := range list {
			d.of.confirmer.excused(now, d.of)
		}
	}
}

// excuseBy takes an answer for the router's own address. That of another host than has
// answered before proves nothing.
func (i *iface) excuseBy(now time.Time, q *inquest, mac hello.MAC) {
	if mac.IsZero() || mac != q.mac && mac != q.also || !i.doubted(q) {
		return
	}
	began := now
	for _, path := range i.pathsTo(q) {
		for _, d := range path.doubts.list {
			began = sooner(began, d.since)
		}
	}
	q.took(now.Sub(began))
	i.excuse(now, q)
}

// learnAgain finds out now and then whether a router that is heard still answers. One
// that never does is not judged by its silence.
func (q *inquest) learnAgain(now time.Time) {
	if q.phase == inquestRests && now.Sub(q.learnt) >= relearnEvery {
		q.begin(now, inquestLearns)
	}
}

// undoubt ends the doubts of one group.
func (i *iface) undoubt(g *group) {
	for _, q := range i.inquests {
		q.doubts.list = slices.DeleteFunc(q.doubts.list, func(d doubt) bool { return d.of == g })
	}
}

// doubted reports whether an answer from the router of q may be one to a question of
// confirm.
func (i *iface) doubted(q *inquest) bool {
	for _, other := range i.inquests {
		if len(other.doubts.list) > 0 && q.sameRouter(other) {
			return true
		}
	}
	return false
}
