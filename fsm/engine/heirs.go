package engine

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// heirs are the routers that would take the role of this one at its word, and that word.
type heirs struct {
	known []claimant // by priority, then by address, the best one first
	round int        // of the last will, of which each heir has heirRounds
	began time.Time
	next  time.Time // zero: nothing more is to be said
}

// claimant is another router with its number.
type claimant struct {
	addr   netip.Addr
	mac    hello.MAC
	rank   uint8 // its priority
	number uint64
	at     time.Time // when the number was heard last
}

const (
	mostHeirs   = 8
	heirSilence = heirRarely + heirEvery // after which an heir is forgotten
	heirRounds  = 3                      // for each heir, against loss
	heirPause   = 50 * time.Millisecond  // from one heir to the next, which may not do it when the first one has
)

// heirOffsets are the times of the rounds.
var heirOffsets = [heirRounds]time.Duration{0, 3 * time.Millisecond, 10 * time.Millisecond}

// keepHeirs follows the role on both sides.
func (g *group) keepHeirs(now time.Time, was *stepStart, ev fsm.Event) {
	if len(g.followers) == 0 {
		return
	}
	down, stops := ev.(fsm.Down)
	lost := stops && down.Cause == fsm.CauseInterfaceDown && was.machine.Role == fsm.Active
	switch {
	case !g.tied():
		g.heir, g.heirs = heir{}, heirs{}
		return
	case lost:
		g.heirs.bequeath(now, g)
	case g.tenure.elected() != was.tenure.elected():
		g.heirs = heirs{}
	}
	g.heir.follow(now, g)
}

// heardHeir takes the number of a router that waits for the role: in HSRP of the
// standby router.
func (g *group) heardHeir(now time.Time, src hello.MAC, a *hello.Agreement) {
	st := g.machine.Status()
	if st.Role != fsm.Active || !g.tied() || !g.r.answers.take(now, answersAtOnce, answerEvery) {
		return
	}
	if s := st.Standby; g.hsrp() && (s.Local || s.Addr != a.From || s.MAC != src) {
		return
	}
	g.heirs.take(claimant{addr: a.From, mac: src, rank: a.Priority, number: a.Number, at: now})
	g.say(now, src, hello.Agreement{Kind: hello.AgreementNoted, Number: a.Number})
}

// take keeps the number of one router, in the place of the one that has been silent for
// longest where there are many.
func (h *heirs) take(c claimant) {
	n := slices.IndexFunc(h.known, func(o claimant) bool { return o.addr == c.addr })
	if n < 0 && len(h.known) == mostHeirs {
		oldest := slices.MinFunc(h.known, func(a, b claimant) int { return a.at.Compare(b.at) })
		n = slices.Index(h.known, oldest)
	}
	if n < 0 {
		h.known = append(h.known, c)
	} else {
		h.known[n] = c
	}
	slices.SortFunc(h.known, func(a, b claimant) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), b.addr.Compare(a.addr))
	})
}

// old reports whether nothing was heard of a router for so long that it is forgotten.
func (c *claimant) old(now time.Time) bool { return now.Sub(c.at) > heirSilence }

// addrs returns who would take the role of an active group at its word.
func (h *heirs) addrs(now time.Time, g *group) (list []netip.Addr) {
	for _, c := range h.known {
		if g.tenure.claims() && !c.old(now) {
			list = append(list, c.addr)
		}
	}
	return list
}

// bequeath begins to tell the heirs that the role is theirs, the best one first.
func (h *heirs) bequeath(now time.Time, g *group) {
	h.known = slices.DeleteFunc(h.known, func(c claimant) bool { return c.old(now) })
	if len(h.known) == 0 {
		return
	}
	h.began, h.round = now, 0
	if on := h.say(now, g); len(on) > 0 {
		g.tell(now, KindNotice, fmt.Sprintf("asks %s over %s to take over", h.known[0].addr, strings.Join(on, " and ")))
	}
}

// say repeats the number of the heir whose turn it is, on every segment of the groups
// that lives, and returns the interfaces.
func (h *heirs) say(now time.Time, g *group) (on []string) {
	c := h.known[h.round/heirRounds]
	for _, f := range g.family() {
		if !f.iface.link.usable() || slices.Contains(on, f.iface.name) {
			continue
		}
		to := f.everybody()
		if f.iface == g.iface {
			to = c.mac
		}
		on = append(on, f.iface.name)
		g.sayAs(now, f, to, hello.Agreement{Kind: hello.AgreementGone, Number: c.number})
	}
	h.round++
	h.next = time.Time{}
	if n := h.round; n < heirRounds*len(h.known) {
		h.next = h.began.Add(time.Duration(n/heirRounds)*heirPause + heirOffsets[n%heirRounds])
	}
	return on
}

func (h *heirs) deadline() time.Time { return h.next }

func (h *heirs) due(now time.Time, g *group) {
	if !h.next.IsZero() && !now.Before(h.next) {
		h.say(now, g)
	}
}
