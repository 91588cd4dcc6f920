package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// reconsider starts or stops a group's machine when what it depends on has
// changed: its link, its address, the tracked objects that shut it down, the
// links of its followers, the daemon itself. cause names what changed when it
// is not the link.
func (e *Engine) reconsider(now time.Time, g *group, cause fsm.Cause) {
	why, detail := e.obstacle(g)
	switch {
	case why != "" && g.up:
		g.up = false
		e.step(now, g, fsm.Down{Cause: why, Detail: detail})
	case why == "":
		g.up = true
		// The machine itself tells a first start from a changed address and
		// from news that change nothing.
		e.step(now, g, fsm.Up{Addr: g.seg.link.Addr(g.wire.family), MAC: g.seg.link.MAC})
		if g.leader != nil {
			e.tellFollower(now, g, cause, "")
		}
	}
	if g.leader != nil {
		e.reconsider(now, g.leader, "")
	}
}

// obstacle returns why a group may not run, or "".
func (e *Engine) obstacle(g *group) (fsm.Cause, string) {
	if e.stopping {
		return fsm.CauseStopped, "the daemon stops"
	}
	if e.maintenance {
		return fsm.CauseMaintenance, "maintenance is on"
	}
	if why, detail := linkObstacle(g); why != "" {
		return why, detail
	}
	for _, ref := range g.cfg.Track {
		if t := e.tracks[ref.Object]; ref.Shutdown && t.down() {
			return fsm.CauseTrackShutdown, fmt.Sprintf("tracked object %s is down: %s", t.cfg.Name, t.detail)
		}
	}
	for _, f := range g.followers {
		if why, detail := linkObstacle(f); why != "" {
			return why, fmt.Sprintf("follower %s: %s", f.ref(), detail)
		}
	}
	return "", ""
}

func linkObstacle(g *group) (fsm.Cause, string) {
	l := &g.seg.link
	switch {
	case !l.Up:
		return fsm.CauseInterfaceDown, l.Name + " is down"
	case !l.Addr(g.wire.family).IsValid():
		return fsm.CauseInterfaceDown, fmt.Sprintf("%s has no usable IPv%d address", l.Name, g.wire.family)
	}
	return "", ""
}

// tellFollower gives a follower its leader's role.
func (e *Engine) tellFollower(now time.Time, g *group, cause fsm.Cause, detail string) {
	st := g.leader.machine.Status()
	e.step(now, g, fsm.Leader{Active: st.IsActive, Standby: st.State == "Standby", Cause: cause, Detail: detail})
}
