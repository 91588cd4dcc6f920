package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// vigil is how a group that is in maintenance looks whether another router serves. It
// is kept on a link that could carry the group: elsewhere nobody is heard.
type vigil struct {
	since    time.Time     // the beginning
	heard    time.Time     // the last claim of the role by somebody else
	from     netip.Addr    // who that was
	patience time.Duration // how long its sender may be silent, as it has said
	next     time.Time     // when to look again
	unserved time.Time     // since when nobody serves; zero: somebody does, or it is not known yet
}

// keepVigil begins or ends the vigil when the group has left or comes back.
func (g *group) keepVigil(now time.Time) {
	why, _ := g.linkObstacle(&g.iface.link)
	switch {
	case g.up || !g.maintained() || why != "" || g.leader != nil || g.dismissed || g.r.stopping:
		g.vigil = nil
	case g.vigil == nil:
		v := &vigil{since: now, next: now.Add(g.succession())}
		g.vigil = v
		if at, from := g.lastClaim(); now.Sub(at) < g.succession() {
			v.heard, v.from = at, from
		}
		g.turned()
	}
}

// lastClaim returns when another router was heard last to have the role, or to have taken
// what was handed over, and who that was.
func (g *group) lastClaim() (at time.Time, from netip.Addr) {
	if h := g.passing.handover(); h.To.IsValid() {
		at, from = h.Taken, h.To
	}
	for _, w := range g.story.words {
		if w.claims() && w.At.After(at) {
			at, from = w.At, w.From
		}
	}
	return at, from
}

// hears notes a claim of the role.
func (v *vigil) hears(now time.Time, g *group, h *Heard, m hello.Message) {
	if v == nil || !h.claims() {
		return
	}
	v.heard, v.from = now, h.From
	switch m := m.(type) {
	case *hello.HSRP:
		v.patience = m.HoldTime + m.HelloTime
	case *hello.VRRP:
		v.patience = 5 * m.AdverInterval
		if m.Version == 2 {
			v.patience = 4*m.AdverInterval + time.Second
		}
	}
	if v.unserved.IsZero() {
		return
	}
	g.tell(now, KindNotice, fmt.Sprintf("%s serves while this router is in maintenance; nobody did for %v", h.From, now.Sub(v.unserved).Round(time.Millisecond)))
	v.unserved = time.Time{}
	v.look(now, g)
}

// standIn returns who serves, the zero Addr when nobody is heard.
func (v *vigil) standIn() netip.Addr {
	if v.heard.IsZero() || !v.unserved.IsZero() {
		return netip.Addr{}
	}
	return v.from
}

// look has the vigil look again at once.
func (v *vigil) look(now time.Time, g *group) {
	if v != nil {
		v.next = now
		g.turned()
	}
}

func (v *vigil) deadline() time.Time {
	if v == nil {
		return time.Time{}
	}
	return v.next
}

// due says that nobody serves, or has the group come back, when the others were silent
// for longer than it takes one of them to follow another.
func (v *vigil) due(now time.Time, g *group) {
	if v == nil || now.Before(v.next) {
		return
	}
	last := v.since
	if v.heard.After(last) {
		last = v.heard
	}
	if until := last.Add(max(g.succession(), v.patience)); now.Before(until) {
		v.next = until
		return
	}
	if g.r.returns || g.leave().Doubtful {
		g.vigil = nil
		g.comeBack(now, now.Sub(last))
		return
	}
	v.unserved = last
	v.next = now.Add(quiet)
	if g.r.complaints.first(now, g.Ref, wordUnserved, subject{}) {
		g.tell(now, KindWarning, fmt.Sprintf("nobody serves for %v, and this router stays away: %s (cure: fhrpd maintenance off %s, or another router)", now.Sub(last).Round(time.Millisecond), g.leave(), g.Ref))
	}
}
