package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// lead returns the record of what led to a transition. The last message that was
// heard is the one that the machine was given, if a message led to it.
func (g *group) lead(now time.Time, r *fsm.Report) *Record {
	s := &g.story
	switch r.Cause {
	case fsm.CauseActiveTimer, fsm.CauseUnanswered:
		return g.fellSilent(now)
	case fsm.CauseStandbyTimer, fsm.CauseWorseStandby, fsm.CauseBetterStandby, fsm.CauseBetterSpeaker:
		return nil // how the others find their roles once somebody serves
	case fsm.CauseResigned:
		return s.newsOf(g.heard.From)
	case fsm.CauseCoup, fsm.CauseBetterActive:
		return g.beaten(g.heard.From)
	case fsm.CausePreempt:
		return g.winning(g.heard.From)
	case fsm.CauseTrackShutdown, fsm.CauseTrackRestored:
		return g.shutter()
	case fsm.CauseStalled, fsm.CauseLeaseLost:
		if st := g.r.stall; st != nil && !st.At.Before(g.r.woken) {
			return st
		}
	case fsm.CauseMaintenance:
		return g.elector().ordered
	case fsm.CauseHandover:
		if p := g.passing; p != nil && p.asked != nil {
			return p.asked
		}
	case fsm.CauseTakenBack:
		return s.moved
	case fsm.CausePeerLink:
		return g.r.lostLink(now, s.holder.Addr)
	case fsm.CauseLeader:
		if g.leader != nil {
			return g.leader.story.moved
		}
	}
	return g.r.befell(now, r)
}

// lostLink returns the record of what a router has said of its link.
func (r *router) lostLink(now time.Time, peer netip.Addr) *Record {
	return r.record(Record{At: now, Kind: RecordPeer, Peer: peer, News: NewsLinkDown})
}

// befell returns the record of what happened to this router itself. Groups to which
// it happened together have the same one.
func (r *router) befell(now time.Time, why *fsm.Report) *Record {
	if l := r.own; l == nil || !l.At.Equal(now) || l.Cause != why.Cause || l.Detail != why.Detail {
		r.own = r.record(Record{At: now, Kind: RecordRouter, Cause: why.Cause, Detail: why.Detail})
	}
	return r.own
}

// newsOf returns the last news of a router.
func (s *story) newsOf(a netip.Addr) *Record {
	if w := s.words.of(a); w != nil {
		return w.news
	}
	return nil
}

// fellSilent says why nobody is known to be active any more. Somebody may be, who
// is not believed.
func (g *group) fellSilent(now time.Time) (led *Record) {
	s := &g.story
	if w := s.words.of(s.holder.Addr); s.holder.Known && !s.holder.Local && w != nil {
		if w.drops() && w.news != nil {
			return w.news
		}
		led = g.silenceOf(now, w)
	}
	since := now.Add(-s.hold)
	if led != nil {
		since = led.Heard.At
	}
	for _, u := range g.unheard(since) {
		if led == nil || u.From == led.Peer {
			return g.r.record(Record{At: now, Kind: RecordRejected, After: led, Peer: u.From, Rejected: &u})
		}
	}
	if led == nil {
		led = g.r.record(Record{At: now, Kind: RecordSilence, For: s.hold})
	}
	return led
}

// silenceOf says that nothing was heard of a router since its last word.
func (g *group) silenceOf(now time.Time, w *word) *Record {
	r := Record{At: now, Kind: RecordSilence, Peer: w.From, Heard: w.Heard, For: now.Sub(w.At)}
	if w.resigns() {
		r.After = w.news
	}
	return g.r.record(r)
}

// beaten says why another router is better than this one, which was active: the
// later one of what made it so.
func (g *group) beaten(by netip.Addr) *Record {
	w, own := g.story.words.of(by), g.story.own
	if w == nil {
		return nil
	}
	if own != nil && (own.Priority.From < w.priority || own.Priority.To > w.priority) {
		own = nil // it was not that
	}
	if own != nil && !g.hsrp() {
		return own // who waits in VRRP is silent, and no newcomer when it advertises
	}
	return later(w.why(g.priority.inForce.Effective, true), own)
}

// winning says why this router is better than another one, which is active.
func (g *group) winning(over netip.Addr) *Record {
	w, own := g.story.words.of(over), g.story.own
	if w == nil {
		return nil
	}
	if own != nil && (own.Priority.From > w.priority || own.Priority.To < w.priority) {
		own = nil
	}
	return later(later(w.why(g.priority.inForce.Effective, false), own), g.story.began)
}

// why returns the record of what made w better, or worse, than a router with this
// priority; nil when it always was.
func (w *word) why(own uint8, better bool) *Record {
	r := w.standing
	if r == nil || r.News != NewsPriority {
		return r
	}
	from, to := r.Priority.From, r.Priority.To
	if better && from <= own && own <= to || !better && to <= own && own <= from {
		return r
	}
	return nil
}

func later(a, b *Record) *Record {
	if a == nil || b != nil && b.ID > a.ID {
		return b
	}
	return a
}

// shutter returns the record of the tracked object that shut the group down last,
// or let it run again.
func (g *group) shutter() (last *Record) {
	for _, u := range g.uses {
		if u.Shutdown && u.object != nil && u.object.told != nil {
			last = later(last, u.object.told)
		}
	}
	return last
}
