package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/vrrp"
	"github.com/fhrpd/fhrpd/hello"
)

// story is what a group remembers in order to tell why another router serves, or
// this one.
type story struct {
	holder Holder        // the last one that was known
	since  time.Time     // when it was known first
	hold   time.Duration // the hold time in force
	change *Change       // the last one; nil: there was none
	base   uint64        // announcements before it
	words  words
	own    *Record // the last change of the own priority
	began  *Record // since when it preempts: how it left its first state last, or an operator's word
	moved  *Record // the last transition

	doubt     bool    // something was heard that may show another holder
	contested *Record // the last time that another router claimed the role while this one had it
}

// settling is for how long what happens belongs to the change before it: until
// everybody has found a role.
func (s *story) settling() time.Duration { return 3*s.hold + time.Second }

// goesOn adds a record to the present change, if it still belongs there.
func (s *story) goesOn(now time.Time, r *Record) {
	c := s.change
	if c != nil && len(c.Records) < keepRecords && now.Sub(c.At) <= s.settling() {
		c.Records = append(c.Records, r)
	}
}

// open reports whether this router has given the role up and knows of nobody who
// has taken it.
func (s *story) open() bool { return s.change != nil && !s.change.To.Known }

// tellMove makes the record of a transition.
func (g *group) tellMove(now time.Time, r *fsm.Report, t *Transition) {
	g.story.moved = g.r.record(Record{At: now, Kind: RecordTransition, After: g.lead(now, r), Transition: t})
	if t.From == hello.Initial.String() || t.From == vrrp.Initialize.String() {
		g.story.began = g.story.moved
	}
}

// tellServing notes who serves after a step, which most steps do not change.
func (g *group) tellServing(now time.Time, was *stepStart) {
	s := &g.story
	if s.moved == was.moved && !s.doubt {
		return
	}
	s.doubt = false
	st := g.machine.Status()
	s.hold = st.HoldTime
	switch h := holderOf(&st); {
	case h == s.holder:
	case !h.Known && !s.holder.Local: // who comes next is the news
	case h.Known && !h.Local && !s.holder.Known && s.open(): // here is who has taken what this router gave up
		s.change.To, s.change.Taken = h, now
		s.holder, s.since = h, now
	case h.Known && !h.Local && !s.holder.Known: // it served before this router began to listen
		s.holder, s.since = h, now
	default:
		g.beginChange(now, was, h)
	}
	if s.moved != nil && s.moved != was.moved && (s.change == nil || !slices.Contains(s.change.Records, s.moved)) {
		s.goesOn(now, s.moved)
	}
}

// beginChange notes that the role has gone from one holder to another.
func (g *group) beginChange(now time.Time, was *stepStart, to Holder) {
	s := &g.story
	g.conclude()
	c := &Change{Group: g.Ref, Name: g.Name, At: now, From: s.holder, To: to}
	s.contested = nil
	if to.Known {
		c.Taken = now
	}
	switch {
	case !to.Local && !s.holder.Local:
		c.Records = g.seen(now, to)
	case s.moved != nil:
		c.Records = s.trigger(now, g.heard.From)
		c.cause, c.move = s.moved.Transition.Cause, s.moved.Transition.ID
	}
	if c.cause == fsm.CausePreempt && !c.From.Known { // who was not known before this one message
		c.From = Holder{Known: true, Addr: g.heard.From}
	}
	if c.Covered = g.understood(now); c.Covered != nil {
		c.Records = slices.Insert(c.Records, 0, c.Covered.Began)
	}
	g.price(now, c)
	s.change, s.holder, s.since, s.base = c, to, now, was.announced
	g.r.changes.add(c)
}

// trigger returns what led to the last transition, with the message that did if it
// said something new.
func (s *story) trigger(now time.Time, from netip.Addr) []*Record {
	list := s.moved.chain()
	if r := s.newsOf(from); r != nil && r.At.Equal(now) && !slices.Contains(list, r) {
		list = slices.Insert(list, len(list)-1, r)
	}
	return list
}

// seen returns what this router has seen of a change between others.
func (g *group) seen(now time.Time, to Holder) (list []*Record) {
	if w := g.story.words.of(g.story.holder.Addr); w != nil {
		switch {
		case w.resigns(), w.drops() && w.news != nil:
			list = append(list, w.news)
		case now.Sub(w.At) > g.story.hold:
			list = append(list, g.silenceOf(now, w))
		}
	}
	if w := g.story.words.of(to.Addr); w != nil && w.news != nil {
		list = append(list, w.news)
	}
	return list
}

// price notes for how long nobody served, as far as this router can know it.
func (g *group) price(now time.Time, c *Change) {
	s := &g.story
	leader := g.leader
	switch {
	case leader != nil && leader.story.change != nil && leader.story.change.At.Equal(now):
		l := leader.story.change
		c.LastSign, c.Handed = l.LastSign, l.Handed
		if c.To == l.To && !c.From.Known {
			c.From = l.From
		}
	case c.From.Local:
		c.LastSign = now
		c.Handed = c.cause == fsm.CauseCoup || c.cause == fsm.CauseBetterActive || c.cause == fsm.CauseHandover
		if h := &g.heard; c.cause == fsm.CauseBetterActive && g.hsrp() && c.Records[0].speaksFirst() && h.At.Equal(now) {
			c.Both = now.Sub(s.since) // its first word is that it has the role already
		}
		if c.cause == fsm.CauseStalled && g.r.stall != nil {
			c.LastSign = now.Add(-g.r.stall.For)
		}
	case s.open() && !c.From.Known:
		c.LastSign = s.change.At
	default:
		if w := s.words.of(c.From.Addr); w != nil {
			if c.LastSign = w.At; w.drops() {
				if !w.claimed.IsZero() { // the process before this one may not have noted it
					c.LastSign = w.claimed
				}
				return
			}
			c.Handed = g.pledge != nil && c.cause == fsm.CauseResigned || !w.resigns() && now.Sub(w.At) <= s.hold && !c.abandoned()
		}
	}
}

// abandoned reports whether the role was taken because nothing came from who had it
// any more.
func (c *Change) abandoned() bool {
	return c.cause == fsm.CauseActiveTimer || c.cause == fsm.CauseUnanswered || c.cause == fsm.CausePeerLink
}

// conclude completes the present change before another one begins.
func (g *group) conclude() {
	if c := g.story.change; c != nil {
		*c = *g.outcome(c)
	}
}

// outcome returns a change with what it has cost so far.
func (g *group) outcome(c *Change) *Change {
	out := *c
	out.Records = slices.Clone(c.Records)
	if c != g.story.change {
		return &out
	}
	out.Announced = g.counters.Announced - g.story.base
	if c.To.Local {
		out.Proofs = g.proof.Results()
		if g.lastWait != nil && g.lastWait.Transition == c.move {
			out.Waited = g.lastWait.Waited
		}
	}
	if l := g.leader; l != nil && !out.To.Known && l.story.change != nil && l.story.change.At.Equal(c.At) {
		out.To, out.Taken = l.story.change.To, l.story.change.Taken
	}
	return &out
}
