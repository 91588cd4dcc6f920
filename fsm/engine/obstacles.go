package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// reconsider starts or stops the machine when what it depends on may have
// changed: the link, the address, the tracked objects that shut the group down,
// its followers, a stranger who has its address, the daemon itself.
func (g *group) reconsider(now time.Time) {
	g.restrain(now)
	why, detail := g.obstacles()
	g.noteObstacle(detail, g.up)
	if own, detail := g.ownObstacle(); own != "" { // followers start after their leader has been looked at
		g.letGoFound(now, detail)
	}
	switch {
	case why != "" && g.up:
		g.up = false
		g.step(now, fsm.Down{Cause: why, Detail: detail})
	case why == "":
		if !g.up {
			g.up = true
			if g.probe == nil {
				g.probe = &probe{}
			}
			g.probe.alone = true
		}
		// The machine itself tells a first start from a changed address and
		// from news that change nothing.
		g.step(now, fsm.Up{Addr: g.source(&g.iface.link), MAC: g.iface.link.MAC})
		g.resume(now)
	}
	if why != "" && why != fsm.CauseConflict {
		g.probe.stop()
	}
	g.keepVigil(now)
}

func (r *router) reconsiderDoubtful(now time.Time) {
	for len(r.doubtful) > 0 {
		g := r.doubtful[0]
		r.doubtful = r.doubtful[1:]
		g.doubtful = false
		g.reconsider(now)
	}
	r.doubtful = nil
}

// obstacles returns why the group may not run, or "". A leader may not while a
// follower could not take the role with it: half a failover is an outage.
func (g *group) obstacles() (fsm.Cause, string) {
	if why, detail := g.ownObstacle(); why != "" {
		return why, detail
	}
	for _, f := range g.followers {
		if f.dismissed || g.up && f.opening() { // nobody wants it to have the role any more, or it will be there in a moment
			continue
		}
		if why, detail := f.ownObstacle(); why != "" {
			return why, fmt.Sprintf("follower %s: %s", f.Ref, detail)
		}
		if !f.ready() {
			return f.unready()
		}
	}
	return "", ""
}

// ownObstacle leaves the followers out.
func (g *group) ownObstacle() (fsm.Cause, string) {
	if g.r.stopping {
		return fsm.CauseStopped, "the daemon stops"
	}
	if g.dismissed {
		return fsm.CauseStopped, "it is no longer configured"
	}
	if g.maintained() {
		return fsm.CauseMaintenance, g.leave().String()
	}
	if why, detail := g.linkObstacle(&g.iface.link); why != "" {
		return why, detail + g.misplaced()
	}
	if detail := g.Misfit(&g.iface.link, g.vips); detail != "" {
		return fsm.CauseInterfaceDown, detail
	}
	if detail := g.ownerObstacle(&g.iface.link); detail != "" {
		return fsm.CauseInterfaceDown, detail
	}
	if detail := g.forwardingObstacle(&g.iface.link); detail != "" {
		return fsm.CauseForwarding, detail
	}
	for _, u := range g.uses {
		if u.Shutdown && u.object.down() {
			return fsm.CauseTrackShutdown, fmt.Sprintf("tracked object %s is down: %s", u.Object, u.object.detail)
		}
	}
	if g.ownerWaits() {
		return fsm.CauseInterfaceDown, g.restraint.String()
	}
	if g.refusal.on() {
		return g.refusal.cause, g.refusal.why
	}
	if g.delay.why != "" {
		return fsm.CauseInterfaceDown, g.delay.why
	}
	if g.probe != nil && g.probe.veto {
		return fsm.CauseConflict, fmt.Sprintf("%s is answered for by %s", g.conflict.Address, g.conflict.MAC)
	}
	return "", ""
}

// opening reports whether the group has never run because its interface is about to be
// opened for it.
func (g *group) opening() bool {
	l := &g.iface.link
	return g.last == nil && (l.Index == unseen || l.Up && l.Closed && l.Trouble == "")
}

// linkObstacle returns why the group may not run on l, or "".
func (g *group) linkObstacle(l *Link) (fsm.Cause, string) {
	if why := l.obstacle(g.Family); why != "" {
		return fsm.CauseInterfaceDown, why
	}
	if !g.source(l).IsValid() {
		return fsm.CauseInterfaceDown, l.Name + " has no global IPv6 address to reach the peers from"
	}
	return "", ""
}

// leastMTU6 is the least MTU of a link with IPv6 (RFC 8200 section 5): the kernel
// has no IPv6 on others.
const leastMTU6 = 1280

// unseen is the index of an interface of which nothing was told yet.
const unseen = -1

// obstacle returns why no group of family f may run on l, or "".
func (l *Link) obstacle(f hello.Family) string {
	switch {
	case l.Index == unseen:
		return l.Name + " is not looked at yet"
	case !l.Up && l.Index == 0:
		return l.Name + " does not exist"
	case !l.Up:
		return l.Name + " is down"
	case l.PortOf != "":
		return l.port()
	case l.Closed && l.Trouble != "":
		return fmt.Sprintf("%s cannot be used: %s", l.Name, l.Trouble)
	case l.Closed:
		return l.Name + " is not open yet"
	case !l.Addr(f).IsValid() && f == hello.IPv6 && l.MTU > 0 && l.MTU < leastMTU6:
		return fmt.Sprintf("%s has no IPv6 with an MTU of %d: ip link set %s mtu %d, or more", l.Name, l.MTU, l.Name, leastMTU6)
	case !l.Addr(f).IsValid() && f == hello.IPv6:
		return l.Name + " has no usable link-local IPv6 address"
	case !l.Addr(f).IsValid():
		return l.Name + " has no usable IPv4 address"
	}
	return ""
}

// port says why no group may run on a port. The master's name says where it may, but
// that of a datapath of Open vSwitch does not: it has the ports of many bridges.
func (l *Link) port() string {
	why := fmt.Sprintf("%s is a port of %s, which takes its frames", l.Name, l.PortOf)
	if strings.HasPrefix(l.PortOf, "openvswitch ") {
		why += fmt.Sprintf(": put the group on the internal port of its bridge, which ovs-vsctl port-to-br %s names", l.Name)
	}
	return why
}

// misplaced explains an interface without a usable address by a virtual address
// that somebody has put on it. No router speaks from one.
func (g *group) misplaced() string {
	l := &g.iface.link
	if !l.Up || l.Addr(g.Family).IsValid() {
		return ""
	}
	for _, p := range l.Addrs {
		a := p.Addr()
		users := g.iface.byVirtualIP[a]
		switch {
		case hello.FamilyOf(a) != g.Family || a.Is6() && !a.IsLinkLocalUnicast() || len(users) == 0:
		case slices.Contains(users, g):
			return fmt.Sprintf(": %s is the group's virtual address", a)
		default:
			return fmt.Sprintf(": %s is a virtual address of %s", a, users[0].Ref)
		}
	}
	return ""
}

// unready is why a follower without an obstacle is not ready: it was fenced a
// moment ago, or is about to start.
func (g *group) unready() (fsm.Cause, string) {
	if !g.up || g.last == nil {
		return fsm.CauseInterfaceDown, fmt.Sprintf("follower %s has not started", g.Ref)
	}
	return g.last.Cause, fmt.Sprintf("follower %s: %s", g.Ref, g.last.Detail)
}

// noteObstacle remembers why the group does not run, "" when it does. What is
// new is told by the next Flush, for all groups that it stops at once: a
// thousand on an interface without an address are one line. told says that a
// transition has told it already.
func (g *group) noteObstacle(why string, told bool) {
	if g.obstacle == why {
		return
	}
	g.obstacle, g.untold = why, false
	// An interface that is there and not open is so for a moment, and so is one of which
	// nothing is known; whoever opens it says why it stays so.
	l := &g.iface.link
	opening := l.Index == unseen || l.Up && l.PortOf == "" && l.Closed
	if why != "" && !told && !g.r.stopping && !g.dismissed && !opening {
		g.untold = true
		g.r.hindered = append(g.r.hindered, g)
	}
}

// tellObstacles says which groups wait in their first state, and for what.
func (r *router) tellObstacles(now time.Time) {
	for len(r.hindered) > 0 {
		first := r.hindered[0]
		var same []string
		rest := r.hindered[:0]
		for _, g := range r.hindered {
			switch {
			case !g.untold: // no longer, or told with an earlier change
			case g.obstacle == first.obstacle:
				g.untold = false
				same = append(same, g.Ref.String())
			default:
				rest = append(rest, g)
			}
		}
		r.hindered = rest
		if len(same) == 0 {
			continue
		}
		verb := "wait"
		if len(same) == 1 {
			verb = "waits"
		}
		message := fmt.Sprintf("%s %s in %s: %s", Listing(same), verb, first.machine.Status().State, first.obstacle)
		r.observe(Event{At: now, Kind: first.loudness(), Message: message})
	}
	r.hindered = nil
}

// due lets the group take part when it has been silent for long enough.
func (d *delay) due(now time.Time, g *group) {
	if d.over(now) {
		g.doubt()
	}
}

// delayed reports whether g waits for nothing but an initial delay, its own or a
// follower's.
func (g *group) delayed() bool {
	ends := func(f *group) bool { return f.delay.why != "" && strings.HasSuffix(g.obstacle, f.delay.why) }
	return ends(g) || slices.ContainsFunc(g.followers, ends)
}

// loudness is the kind of event that the obstacle is worth. A delay is what the
// configuration asks for. A fresh IPv6 address is unusable for a second or two,
// until its duplicate address detection is over.
func (g *group) loudness() Kind {
	if g.delayed() || g.ownerWaits() {
		return KindNotice
	}
	if l := &g.iface.link; g.Family == hello.IPv6 && l.Up && !l.Addr(hello.IPv6).IsValid() {
		return KindNotice
	}
	return KindWarning
}
