package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// word is what another router of a group said last.
type word struct {
	Heard
	claimed  time.Time // when it said last that it has the role, or gave it up; zero: never
	priority uint8     // the last one that is not a resignation
	standing *Record   // why it is better or worse than before: it was heard, or its priority changed
	news     *Record   // the last of any kind
}

// maxWords is how many routers of a group are remembered. Whoever forges more
// makes the quietest forgotten.
const maxWords = 8

// drops reports whether the router says that it is something else than active, and has
// not resigned: it has lost the role where nobody heard of it.
func (w *word) drops() bool { return !w.claims() && !w.resigns() }

// words are those of a group's other routers.
type words []*word

// of returns what a router said last, nil when that is not known.
func (ws words) of(a netip.Addr) *word {
	for _, w := range ws {
		if w.From == a {
			return w
		}
	}
	return nil
}

// take returns the place for what a router says.
func (ws *words) take(a netip.Addr) *word {
	if w := ws.of(a); w != nil {
		return w
	}
	w := &word{}
	if len(*ws) < maxWords {
		*ws = append(*ws, w)
		return w
	}
	oldest := slices.MinFunc(*ws, func(a, b *word) int { return a.At.Compare(b.At) })
	*oldest = *w
	return oldest
}

// hears notes a message of another router, and what is new about it.
func (g *group) hears(h Heard) {
	g.heard = h
	if h.claims() {
		g.heardActive(h.At, h.From)
	}
	w := g.story.words.take(h.From)
	was := *w
	if w.Heard = h; h.claims() || h.resigns() {
		w.claimed = h.At
	}
	if h.State != 0 || !h.resigns() {
		w.priority = h.Priority
	}
	if was.At.IsZero() {
		was.priority = w.priority
	}
	g.heardSuccessor(&h)
	news := g.newsOf(&was, w)
	g.story.doubt = g.story.doubt || news != "" || h.claims() && h.From != g.story.holder.Addr
	if news == "" {
		return
	}
	r := Record{At: h.At, Kind: RecordPeer, Peer: h.From, News: news, Heard: h, Priority: Shift{was.priority, w.priority}}
	if news == NewsBack {
		r.For = h.At.Sub(was.At)
		if was.resigns() {
			r.After = was.news
		}
	}
	w.news = g.r.record(r)
	if was.resigns() && !h.resigns() {
		w.standing = was.news // it was no candidate since then
	}
	switch news {
	case NewsFirst, NewsBack, NewsPriority:
		w.standing = w.news
	}
	if s := &g.story; s.holder.Local && (h.claims() || g.hsrp() && h.resigns()) && h.At.Sub(s.since) > s.settling() {
		s.contested = w.news // who resigns had the role too
	}
	g.story.goesOn(h.At, w.news)
}

// heardSuccessor notes who has taken the role that this router gave up. A group that
// does not run listens to nobody, and hears him all the same.
func (g *group) heardSuccessor(h *Heard) {
	if s := &g.story; s.open() && h.claims() && h.Op == hello.OpHello {
		s.holder, s.since = Holder{Known: true, Addr: h.From}, h.At
		s.change.To, s.change.Taken = s.holder, h.At
	}
}

// newsOf returns what is new about a router, "" for nothing. What this router did
// not hear because it stood still is not the other one's silence.
func (g *group) newsOf(was, now *word) News {
	silent := now.At.Sub(was.At)
	stood := g.r.stall != nil && was.At.Before(g.r.stall.At)
	listened := was.State == hello.Speak && now.State == hello.Speak // in between, where nobody says a word
	switch {
	case now.resigns():
		if was.resigns() && silent <= g.story.hold {
			return ""
		}
		return NewsResign
	case was.At.IsZero():
		return NewsFirst
	case silent > max(g.story.hold, time.Millisecond) && !stood && !listened:
		return NewsBack
	case now.Op != was.Op && now.claims() && now.State != 0 && now.Op != 0:
		return NewsCoup
	case now.priority != was.priority:
		return NewsPriority
	case now.State != was.State:
		return NewsState
	}
	return ""
}
