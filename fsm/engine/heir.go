package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// A router that loses one link of groups that are tied by follow cannot say so there,
// and the protocols have no words for it on the links that live: followers say nothing
// at all, and VRRP's resignation makes the others wait for a skew time. So whoever
// waits for the role gives the active router a number beforehand, on the segment of the
// election. The dying router repeats it wherever it still can, and who has given it
// takes over at once: see heirs for that side.
//
// A number is unguessable, known on the segment of the election alone, where the same
// could be had with a Resign, and good for the router to which it was given, for as
// long as no other one is active. It is replaced by a new one every few seconds.

// heir is this router as the one that waits for the role of another.
type heir struct {
	number uint64     // that was given last; 0: none
	former uint64     // the one before
	to     netip.Addr // the active router
	known  bool       // it has answered
	tries  int        // how often the number was given
	next   time.Time  // when to give it, or another one
}

const (
	heirEvery  = 5 * time.Second  // for a new number
	heirAgain  = time.Second      // for the same one, while there is no answer
	heirTries  = 5                // so often; routers of other makers never answer
	heirRarely = 30 * time.Second // afterwards
)

// tied reports whether g leads groups on other interfaces and can agree on something
// with the routers of its own.
func (g *group) tied() bool {
	return len(g.followers) > 0 && g.agrees() && slices.ContainsFunc(g.followers, func(f *group) bool { return f.iface != g.iface })
}

// inherits reports whether g would be the next one to have the role. In VRRP all who
// wait could be.
func (g *group) inherits(st *fsm.Status) bool {
	return g.up && (st.Role == fsm.Standby || st.Role == fsm.Candidate && !g.hsrp())
}

// follow has the number given to whoever is active now. One that was given counts while
// nobody is known to be: that is so after VRRP's resignation.
func (h *heir) follow(now time.Time, g *group) {
	switch st := g.machine.Status(); {
	case !g.inherits(&st):
		*h = heir{}
	case !st.Active.Known:
		h.next = time.Time{}
	case st.Active.Addr != h.to:
		*h = heir{to: st.Active.Addr, next: now}
	case h.next.IsZero():
		h.next = now
	}
}

func (h *heir) deadline() time.Time { return h.next }

func (h *heir) due(now time.Time, g *group) {
	if h.next.IsZero() || now.Before(h.next) {
		return
	}
	if h.number == 0 || h.known {
		h.former, h.number, h.known, h.tries = h.number, g.r.mark()|1, false, 0
	}
	h.tries++
	h.next = now.Add(heirAgain)
	if h.tries > heirTries {
		h.next = now.Add(heirRarely)
	}
	g.say(now, g.everybody(), hello.Agreement{Kind: hello.AgreementHeir, Number: h.number})
}

// noted takes the answer of the active router.
func (h *heir) noted(now time.Time, a *hello.Agreement) {
	if h.number != 0 && a.Number == h.number && a.From == h.to && !h.known {
		h.known, h.next = true, now.Add(heirEvery)
	}
}

// heardGone takes the role of a router that has lost a link, as it says on i.
func (g *group) heardGone(now time.Time, i *iface, b []byte, a *hello.Agreement) {
	h := &g.heir
	if a.Number == 0 || a.Number != h.number && a.Number != h.former || !g.believes(now, b, a) {
		return
	}
	st := g.machine.Status()
	if !g.inherits(&st) || st.Active.Known && st.Active.Addr != h.to {
		return
	}
	detail := fmt.Sprintf("%s has lost its link, as it says on %s", h.to, i.name)
	*h = heir{}
	g.step(now, fsm.Reclaim{Cause: fsm.CausePeerLink, Detail: detail})
}
