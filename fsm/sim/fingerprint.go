package sim

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// fingerprint returns everything that decides what can follow, as bytes that are the
// same for states that are alike. All times are told from now.
func (x *explorer) fingerprint(t *course) []byte {
	b := x.buf[:0]
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	at := func(when time.Time) { number(int64(max(when.Sub(t.w.now), -x.past))) }
	flags := func(list ...bool) {
		n := int64(0)
		for _, is := range list {
			if n <<= 1; is {
				n++
			}
		}
		number(n)
	}
	for _, r := range t.l.routers {
		flags(r.up, r.deaf, r.engine != nil, r.stalled)
		number(int64(r.file))
		flags(r.stored.All != nil, r.config.Return)
		for _, o := range t.l.routers {
			flags(t.l.blocked[[2]int{r.id, o.id}])
		}
		for _, id := range slices.Sorted(maps.Keys(r.gates)) {
			g := r.gates[id]
			open := r.open(id)
			number(int64(id))
			flags(open, g.opened, g.lapsed, g.found, g.owns, g.covers)
			number(int64(min(t.w.now.Sub(g.since), resumeRace+1)))
			number(int64(g.lease))
			if open {
				at(g.until)
			}
		}
		if r.engine == nil {
			continue
		}
		if r.stalled {
			at(r.stopped)
		}
		flags(r.armed.IsZero())
		if !r.armed.IsZero() {
			at(r.armed)
		}
		number(int64(len(r.posts)))
		number(int64(len(r.backlog)))
		for _, f := range r.backlog {
			b = append(b, f...)
		}
		b = x.marks.Append(b, t.w.now, r.engine)
	}
	for i := range t.w.queue {
		h := &t.w.queue[i]
		at(h.at)
		b = append(b, h.what.kind...)
		number(int64(h.what.router.id))
		if h.what.kind == "addressed" {
			round, _ := binary.Uvarint(h.what.data)
			number(int64(h.what.router.round - engine.Round(round)))
			continue
		}
		number(int64(len(h.what.data)))
		b = append(b, h.what.data...)
	}
	x.buf = b
	return b
}
