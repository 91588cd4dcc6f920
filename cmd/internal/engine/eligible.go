package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/follow"
	"github.com/fhrpd/fhrpd/hello"
)

// reconsider starts or stops a group's machine when what it depends on may
// have changed: its link, its address, the tracked objects that shut it down,
// its followers, a stranger who has its address, the daemon itself.
func (e *Engine) reconsider(now time.Time, g *group) {
	why, detail := e.obstacle(g)
	e.noteObstacle(g, detail, g.up)
	switch {
	case why != "" && g.up:
		g.up = false
		e.step(now, g, fsm.Down{Cause: why, Detail: detail})
	case why == "":
		if !g.up {
			g.up, g.alone = true, true
		}
		// The machine itself tells a first start from a changed address and
		// from news that change nothing.
		e.step(now, g, fsm.Up{Addr: g.source(&g.seg.link), MAC: g.seg.link.MAC})
	}
	if why != "" && why != fsm.CauseConflict {
		g.probe.stop()
	}
}

// doubt has g reconsidered by the next Flush: not at once, because that may be
// in the middle of what g itself is doing.
func (e *Engine) doubt(g *group) {
	if !g.doubtful {
		g.doubtful = true
		e.doubtful = append(e.doubtful, g)
	}
}

func (e *Engine) reconsiderDoubtful(now time.Time) {
	for len(e.doubtful) > 0 {
		g := e.doubtful[0]
		e.doubtful = e.doubtful[1:]
		g.doubtful = false
		e.reconsider(now, g)
	}
	e.doubtful = nil
}

// obstacle returns why a group may not run, or "". A leader may not while a
// follower could not take the role with it: half a failover is an outage.
func (e *Engine) obstacle(g *group) (fsm.Cause, string) {
	if why, detail := e.ownObstacle(g); why != "" {
		return why, detail
	}
	for _, f := range g.followers {
		if why, detail := e.ownObstacle(f); why != "" {
			return why, fmt.Sprintf("follower %s: %s", f.ref(), detail)
		}
		if !f.ready() {
			return f.unready()
		}
	}
	return "", ""
}

// ownObstacle leaves the followers out.
func (e *Engine) ownObstacle(g *group) (fsm.Cause, string) {
	if e.stopping {
		return fsm.CauseStopped, "the daemon stops"
	}
	if e.maintenance {
		return fsm.CauseMaintenance, "maintenance is on"
	}
	if why, detail := g.linkObstacle(&g.seg.link); why != "" {
		return why, detail + g.misplaced()
	}
	for _, ref := range g.cfg.Track {
		if t := e.tracks[ref.Object]; ref.Shutdown && t.down() {
			return fsm.CauseTrackShutdown, fmt.Sprintf("tracked object %s is down: %s", t.cfg.Name, t.detail)
		}
	}
	if g.probe.veto {
		return fsm.CauseConflict, fmt.Sprintf("%s is answered for by %s", g.conflict.addr, g.conflict.mac)
	}
	return "", ""
}

// linkObstacle returns why g may not run on l, or "".
func (g *group) linkObstacle(l *Link) (fsm.Cause, string) {
	if why, detail := l.obstacle(g.wire.family); why != "" || g.source(l).IsValid() {
		return why, detail
	}
	return fsm.CauseInterfaceDown, l.Name + " has no global IPv6 address to reach the peers from"
}

// obstacle returns why no group of family f may run on l, or "".
func (l *Link) obstacle(f hello.Family) (fsm.Cause, string) {
	switch {
	case !l.Up && l.Index == 0:
		return fsm.CauseInterfaceDown, l.Name + " does not exist"
	case !l.Up:
		return fsm.CauseInterfaceDown, l.Name + " is down"
	case l.PortOf != "":
		return fsm.CauseInterfaceDown, fmt.Sprintf("%s is a port of %s, which takes its frames", l.Name, l.PortOf)
	case l.Closed && l.Trouble != "":
		return fsm.CauseInterfaceDown, fmt.Sprintf("%s cannot be used: %s", l.Name, l.Trouble)
	case l.Closed:
		return fsm.CauseInterfaceDown, l.Name + " is not open yet"
	case !l.Addr(f).IsValid():
		return fsm.CauseInterfaceDown, fmt.Sprintf("%s has no usable IPv%d address", l.Name, f)
	}
	return "", ""
}

// misplaced explains an interface without a usable address by a virtual address
// that somebody has put on it, which is none to speak from.
func (g *group) misplaced() string {
	for _, a := range g.vips {
		if g.seg.link.Up && g.seg.link.Owns(a) {
			return fmt.Sprintf(": %s is the group's virtual address", a)
		}
	}
	return ""
}

// ready reports whether a follower could be active. A group that elects for
// itself always could.
func (g *group) ready() bool {
	f, follows := g.machine.(*follow.Follower)
	return !follows || f.Ready()
}

// unready is why a follower without an obstacle is not ready: it was refused
// or lost the role, or is about to start.
func (g *group) unready() (fsm.Cause, string) {
	if !g.up || g.last == nil {
		return fsm.CauseInterfaceDown, fmt.Sprintf("follower %s has not started", g.ref())
	}
	return fsm.Cause(g.last.Cause), fmt.Sprintf("follower %s: %s", g.ref(), g.last.Detail)
}

// tellFollowers gives the followers their leader's new role, in the same flush.
func (e *Engine) tellFollowers(now time.Time, leader *group, r fsm.Report) {
	st := leader.machine.Status()
	for _, f := range leader.followers {
		e.step(now, f, fsm.Leader{Active: st.Role == fsm.Active, Standby: st.Role == fsm.Standby, Cause: r.Cause, Detail: r.Detail})
	}
}
