package sim

import (
	"math/rand/v2"
	"time"
)

// smallBuffer is how many frames a host that is stalled keeps, so that it does not come
// to ever new states. That is more than others say until one of them has taken over.
const smallBuffer = 16

// course is one history while it is played.
type course struct {
	w     *world
	l     *lan
	c     *checker
	steps int
	story []string
}

// unmoved is chance that has no say.
type unmoved struct{}

func (unmoved) Uint64() uint64 { return 0 }

// begin puts the routers on their segment.
func (x *explorer) begin() *course {
	w := newWorld(0)
	w.random = rand.New(unmoved{})
	l := newLAN(w, nic)
	l.jitter = 0
	t := &course{w: w, l: l, c: &checker{lan: l, groups: len(x.space.Hosts[0].Config.Groups), bound: x.bound, calm: w.now, still: w.now}}
	for i := range x.space.Hosts {
		h := &x.space.Hosts[i]
		r := &router{w: w, lan: l, id: i, config: h.Config, first: h.Config, up: true, up2: true, buffer: smallBuffer,
			port:     x.space.between,
			report:   func(s string) { t.story = append(t.story, s) },
			broken:   func(s string) { t.c.fail(w.now, "%s", s) },
			disturbs: t.disturb,
		}
		r.link = linkOf(r)
		if l := h.Link; l.Addr4.IsValid() || l.LinkLocal.IsValid() {
			r.link.Addr4, r.link.LinkLocal, r.link.Addrs = l.Addr4, l.LinkLocal, l.Addrs
		}
		l.routers = append(l.routers, r)
		w.plan(epoch.Add(h.After), what{kind: "boot", router: r}, func() { t.disturb(); r.start() })
	}
	return t
}

func (t *course) disturb() { t.c.calm, t.c.still = t.w.now, t.w.now }

// next does what comes next and reports whether there was anything. The end of a lease
// is a moment of its own.
func (t *course) next() bool {
	t.steps++
	if end, ends := t.leaseEnd(); ends && (len(t.w.queue) == 0 || end.Before(t.w.queue[0].at)) {
		t.w.now = end
		t.c.check(end)
		return true
	}
	t.drop()
	if len(t.w.queue) == 0 {
		return false
	}
	h := t.w.queue[0]
	t.w.queue = t.w.queue[1:]
	if h.at.After(t.w.now) { // it may be late
		t.w.now = h.at
	}
	h.do()
	t.c.check(t.w.now)
	return true
}

// drop forgets what means nothing any more.
func (t *course) drop() {
	for i := 0; i < len(t.w.queue); i++ {
		if what := t.w.queue[i].what; what.life != 0 && (what.life != what.router.life || what.router.engine == nil) {
			t.w.queue = append(t.w.queue[:i:i], t.w.queue[i+1:]...)
			i--
		}
	}
}

// leaseEnd returns when the next lease of an open gate ends.
func (t *course) leaseEnd() (end time.Time, ends bool) {
	for _, r := range t.l.routers {
		for id, g := range r.gates {
			if r.open(id) && g.lease != 0 && (!ends || g.until.Before(end)) {
				end, ends = g.until, true
			}
		}
	}
	return end, ends
}

// play plays the moves of a history, to the moment after the last one.
func (x *explorer) play(h History) *course {
	t := x.begin()
	for _, m := range h {
		for t.steps < m.Step && t.next() {
		}
		t.make(m.Move)
	}
	return t
}
