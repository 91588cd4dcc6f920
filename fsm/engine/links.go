package engine

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// LinkChanged tells the engine about a port's interface, or about one that is
// only tracked. Groups whose family has a usable address start, the others
// stop.
func (e *Engine) LinkChanged(now time.Time, name string, l Link) {
	if e.stopped {
		return
	}
	if i := e.byName[name]; i != nil {
		i.relink(now, l)
	}
	for _, o := range e.objects {
		if o.Interface == name {
			e.TrackChanged(now, o.Name, l.Up, "line protocol "+upDown(l.Up))
		}
	}
	e.Flush(now)
}

func (i *iface) relink(now time.Time, l Link) {
	l = i.ride(now, l)
	for _, g := range i.groups {
		g.leaveOldAddress(now, &l)
		if l.Up && !i.link.Up {
			g.turned()
			g.refusal.hurry(now)
		}
	}
	i.noteFormer(now, &l)
	i.link = l
	for _, g := range i.groups { // all of them first, for a leader looks at its followers
		g.delayAfter(now, &l)
	}
	for _, g := range i.groups {
		g.checkOwned(now)
		if g.InterfaceMAC {
			g.mac = l.MAC
		}
		g.reconsider(now)
	}
	i.warnOutside(now)
	i.forwarding.doubt = true
}

// delayAfter keeps the group silent when its interface has become able to carry
// it. That includes what was still to be announced of its last role.
func (g *group) delayAfter(now time.Time, l *Link) {
	why, _ := g.linkObstacle(l)
	g.turned()
	if g.resumption.found(now) { // the host has not booted, and the interface was up all the while
		g.delay = delay{able: why == "", settled: true}
		return
	}
	if g.delay.follow(now, l.Name, why == "", g.up, g.Delay) {
		g.announcer.Stop()
	}
}

// leaveOldAddress stops a group whose address goes while it still has it, for a
// Resign counts only from the address of the active router.
func (g *group) leaveOldAddress(now time.Time, l *Link) {
	if !g.up || g.leader != nil || g.source(&g.iface.link) == g.source(l) {
		return
	}
	why, detail := g.linkObstacle(l)
	if why == "" {
		return
	}
	g.up, g.obstacle = false, detail
	g.step(now, fsm.Down{Cause: why, Detail: detail})
}

// checkOwned notices when the interface has virtual addresses itself: those of
// a VRRP owner, or what somebody has put there.
func (g *group) checkOwned(now time.Time) {
	owned := g.onLink()
	if slices.Equal(owned, g.owned) {
		return
	}
	g.noteOwned(now, owned)
	g.prepared(now, g.prepare())
	if g.tenure.hasAddress() {
		g.askAddresses()
	}
}
