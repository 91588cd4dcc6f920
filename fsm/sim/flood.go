package sim

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// floods is a segment whose switch floods every frame for a virtual MAC all the time,
// which is the worst that can happen to those who ask because of it.
type floods struct {
	l      *lan
	every  time.Duration // between two frames for each virtual MAC
	bound  time.Duration // how long two may forward the same
	groups int
	beside map[engine.ID]time.Time // since when two do
	unserved,
	longest time.Duration // that nobody forwards for the first group, now and at most
	covers int // times that somebody forwards without the role
	fail   func(string)
}

// kernelAnswers returns the answer of a host's kernel to a question for its own
// address, nil when the frame is none. The daemon need not run for it.
func (r *router) kernelAnswers(frame []byte) []byte {
	if r.bare || !r.answers {
		return nil
	}
	for _, l := range []*router{r, r.lies} {
		if l == nil {
			continue
		}
		if reply := answer(frame, l.link, r.mac()); reply != nil {
			return reply
		}
	}
	return nil
}

// answer returns what a host of a MAC says to a question for an address of link, nil when
// the frame is none.
func answer(frame []byte, link engine.Link, mac hello.MAC) []byte {
	if _, a, err := garp.ParseARP(frame); err == nil && a.Op == garp.OpRequest && a.TargetIP == link.Addr4 {
		reply, _ := garp.ARPReply(a, mac)
		return reply
	}
	if h, n, err := garp.ParseND(frame); err == nil && n.Type == garp.NeighborSolicitation && n.Target == link.LinkLocal {
		reply, _ := garp.NDReply(h, n, mac)
		return reply
	}
	return nil
}

// begin floods from now on.
func (f *floods) begin() {
	f.beside = map[engine.ID]time.Time{}
	var tick func()
	tick = func() {
		for _, r := range f.l.routers {
			r.tapped()
		}
		f.check()
		f.l.w.after(f.every, tick)
	}
	tick()
}

// tapped shows the router the frames that it looks out for.
func (r *router) tapped() {
	if r.engine == nil || !r.up || r.deaf || r.stalled || r.w.now.Before(r.tap) || len(r.lookout) == 0 {
		return
	}
	now := r.w.now
	r.engine.Wake(now, 0)
	r.engine.CaughtUp(now)
	for _, mac := range r.lookout {
		r.tap = r.engine.Flooded(now, nic, mac)
		r.flooded++
	}
	r.engine.Tick(now)
	r.checkAddresses()
	r.rearm()
	r.left()
}

// check looks who forwards. While the segment is whole and every process runs nobody
// does beside another one for longer than the bound.
func (f *floods) check() {
	now, whole := f.l.w.now, f.l.whole()
	for _, r := range f.l.routers {
		whole = whole && !r.stalled && (r.engine != nil || !r.up)
	}
	for id := range engine.ID(f.groups) {
		id++
		n, covers := 0, false
		for _, r := range f.l.routers {
			if r.linked(id) && !r.deaf && r.open(id) {
				n++
				covers = covers || r.gates[id].covers
			}
		}
		if id == 1 && n > 0 {
			f.unserved = 0
		} else if id == 1 {
			f.unserved += f.every
			f.longest = max(f.longest, f.unserved)
		}
		if covers {
			f.covers++
		}
		switch since, is := f.beside[id]; {
		case n < 2 || !covers || !whole:
			delete(f.beside, id)
		case !is:
			f.beside[id] = now
		case now.Sub(since) > f.bound:
			f.fail("two routers forward for a group, one of them without the role")
		}
	}
}
