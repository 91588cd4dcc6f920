package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// understudy is how a standby forwards for an active router that has lost its link:
// without the role and the address, and without a word about either. It ends when
// an active router is heard, or answers, or would have been replaced by the protocol's
// rules anyway.
type understudy struct {
	since   time.Time  // it forwards; zero: it does not
	until   time.Time  // at most
	of      netip.Addr // the silent router
	flooded uint64     // frames that the port had seen before
	began   *Record
	untold  bool   // that it forwards
	last    *Stint // that has ended; nil: none

	better time.Time // until when another router forwards instead
	able   bool      // frames for the virtual MAC are looked out for
}

// Understudy is how a group forwards for a silent active router.
type Understudy struct {
	Since   time.Time
	Of      netip.Addr
	Packets uint64 // that were flooded to the interface since, of all its groups
}

// covered returns the active router for which g would forward, false when it would for
// none: it is not next in line, cannot, or may not.
func (g *group) covered(now time.Time) (of netip.Addr, ok bool) {
	e, l := g.elector(), &g.iface.link
	if !g.Group.Understudy || !g.up || g.tenure != absent || g.dismissed || g.r.stopping || e.iface != g.iface ||
		g.VirtualMAC().IsZero() || len(g.Peers) > 0 || !l.Addr(g.Family).IsValid() || l.Off(g.Family) != "" || g.understudy.better.After(now) {
		return netip.Addr{}, false
	}
	st := e.machine.Status()
	next := st.Role == fsm.Standby || !g.hsrp() && st.Role == fsm.Candidate
	return st.Active.Addr, next && st.Active.Known && !st.Active.Local
}

// lookOut notes whether frames for the virtual MAC are to be looked out for.
func (g *group) lookOut(now time.Time) {
	of, able := g.covered(now)
	if able {
		g.iface.inquestOf(now, of)
	}
	if able != g.understudy.able {
		g.understudy.able = able
		g.iface.lookout.change(now)
	}
	g.confirmer.await(now, g)
}

// lookout is what the port does not know yet of the MACs for which it looks out.
type lookout struct {
	since   time.Time // the first change
	changed time.Time // the last one
}

// To tell the port costs as much as some hellos, and a thousand groups may change their
// roles one after the other: it is told when that is over, for which it waits so long at
// most.
const (
	lookoutPause = 20 * time.Millisecond
	lookoutMost  = 200 * time.Millisecond
)

func (l *lookout) change(now time.Time) {
	if l.since.IsZero() {
		l.since = now
	}
	l.changed = now
}

// deadline returns when the port is to be told, zero when it knows all.
func (l *lookout) deadline() (at time.Time) {
	if !l.since.IsZero() {
		at = sooner(l.changed.Add(lookoutPause), l.since.Add(lookoutMost))
	}
	return at
}

// lookOut tells the port for which MACs it looks out, and forgets routers that are
// not active any more.
func (i *iface) lookOut(now time.Time) {
	if at := i.lookout.deadline(); at.IsZero() || now.Before(at) {
		return
	}
	i.lookout = lookout{}
	var macs []hello.MAC
	listed, active := map[hello.MAC]bool{}, map[netip.Addr]bool{}
	for _, g := range i.groups {
		if g.understudy.able && !listed[g.mac] {
			listed[g.mac] = true
			macs = append(macs, g.mac)
		}
		if of, ok := g.covered(now); ok {
			active[of] = true
		}
		if st, ok := g.confirms(); ok {
			active[st.Active.Addr] = true
		}
	}
	i.inquests = slices.DeleteFunc(i.inquests, func(q *inquest) bool { return !active[q.of] && !i.covers(q.of) })
	i.port.LookOut(macs)
}

// covers reports whether a group forwards for a router.
func (i *iface) covers(of netip.Addr) bool {
	return slices.ContainsFunc(i.groups, func(g *group) bool { return g.covering() && g.understudy.of == of })
}

func (g *group) covering() bool { return !g.understudy.since.IsZero() }

// cover opens the gates of all groups of a router that does not answer.
func (i *iface) cover(now time.Time, q *inquest) {
	began, flooded := i.r.tellBegun(now, q.of), i.port.Flooded()
	for _, g := range i.groups {
		if of, ok := g.covered(now); !ok || of != q.of {
			continue
		}
		st := g.elector().machine.Status()
		u := &g.understudy
		u.since, u.of, u.flooded, u.began, u.untold = now, q.of, flooded, began, true
		u.until = st.Active.Expires.Add(st.HelloTime)
		i.covering++
		i.out.open = append(i.out.open, Claim{ID: g.id, Lease: coverLease(u.until.Sub(now), st.HelloTime), Forward: true})
		g.offer(now)
		g.counters.Understudied++
		i.untold = append(i.untold, g)
	}
}

// tellCovers tells of the gates that were opened, when they are open.
func (i *iface) tellCovers(now time.Time) {
	for _, g := range i.untold {
		g.tellCover(now)
	}
	i.untold = i.untold[:0]
}

func (g *group) tellCover(now time.Time) {
	if g.understudy.untold {
		g.understudy.untold = false
		g.tell(now, KindUnderstudy, fmt.Sprintf("frames for %s are flooded and %s does not answer: forwarding for it", g.mac, g.understudy.of))
	}
}

// coverLease returns how long the kernel forwards by itself, in whole hello times. The
// hellos of many groups come at as many instants, and each lease of its own is a set and a
// rule in the kernel.
func coverLease(left, hello time.Duration) time.Duration {
	hello = max(hello, time.Millisecond)
	return max((left+hello-1)/hello, 1) * hello
}

// uncover shuts the gates of all groups that forward for a router, and reports whether
// there were any.
func (i *iface) uncover(now time.Time, of netip.Addr, why string) (any bool) {
	for _, g := range i.groups {
		if g.covering() && g.understudy.of == of {
			any = true
			g.uncover(now, why)
		}
	}
	return any
}

// uncover ends the forwarding of g without the role.
func (g *group) uncover(now time.Time, why string) {
	if !g.covering() {
		return
	}
	o := &g.iface.out
	o.open = slices.DeleteFunc(o.open, func(c Claim) bool { return c.ID == g.id })
	o.shut = append(o.shut, g.id)
	g.endCover(now, why, false)
}

// endCover notes that the forwarding has ended, or goes on with the role.
func (g *group) endCover(now time.Time, why string, took bool) {
	if !g.covering() {
		return
	}
	g.tellCover(now)
	st := g.understudyStatus()
	g.endStint(now, st, why, took)
	g.understudy.since = time.Time{}
	g.iface.covering--
	g.tell(now, KindUnderstudy, fmt.Sprintf("forwarded for %s for %v (%d packets flooded): %s", st.Of, now.Sub(st.Since).Round(time.Millisecond), st.Packets, why))
}

// takeCover ends it because the role has come: the same gate serves from now on.
func (g *group) takeCover(now time.Time) {
	g.iface.out.open = slices.DeleteFunc(g.iface.out.open, func(c Claim) bool { return c.ID == g.id })
	g.endCover(now, "this router has the role now", true)
}

// reviewCovers ends what has lasted too long, or has no reason any more.
func (i *iface) reviewCovers(now time.Time) {
	if i.covering == 0 {
		return
	}
	for _, g := range i.groups {
		switch {
		case !g.covering():
		case !now.Before(g.understudy.until):
			g.uncover(now, "the active router would have been replaced by now")
		default:
			if of, ok := g.covered(now); !ok || of != g.understudy.of {
				g.uncover(now, "this router is not next in line any more")
			}
		}
	}
}

func (i *iface) coverDeadline() (at time.Time) {
	if i.covering == 0 {
		return at
	}
	for _, g := range i.groups {
		if g.covering() {
			at = sooner(at, g.understudy.until)
		}
	}
	return at
}

func (g *group) understudyStatus() *Understudy {
	u := &g.understudy
	if u.since.IsZero() {
		return nil
	}
	n := g.iface.port.Flooded()
	return &Understudy{Since: u.since, Of: u.of, Packets: n - min(n, u.flooded)} // a port that was opened again counts anew
}

// offer tells the other routers of a VRRP group, of which all that wait see the same
// flood, that this one forwards if the active one is silent: the best of them does. In
// HSRP there is one standby.
func (g *group) offer(now time.Time) {
	if !g.hsrp() && g.leader == nil && g.agrees() {
		g.say(now, g.everybody(), hello.Agreement{Kind: hello.AgreementUnderstudy})
	}
}

// heardOffer leaves the forwarding to a better router. A worse one is told.
func (g *group) heardOffer(now time.Time, a *hello.Agreement) {
	own, mine := g.source(&g.iface.link), g.priority.inForce.Effective
	better := a.Priority > mine || a.Priority == mine && a.From.Compare(own) > 0
	asks := slices.ContainsFunc(g.iface.inquests, func(q *inquest) bool { return q.phase == inquestAsks && slices.Contains(q.about, g) })
	switch {
	case !better && (g.covering() || asks) && g.r.answers.take(now, answersAtOnce, answerEvery):
		g.offer(now)
	case better:
		g.understudy.better = now.Add(g.elector().machine.Status().HoldTime)
		g.uncover(now, a.From.String()+" forwards instead")
	}
}
