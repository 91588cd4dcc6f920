package show

import (
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// hooks shows the pre_active command for which the address of an active group
// waits or has waited, and the commands that failed at the last transition or
// lately.
func (b *block) hooks(g *status.Group, now time.Time) {
	b.preActive(g, now)
	for _, h := range g.Hooks {
		if h.Error != "" && (fresh(h.At, now) || lastID(g) == h.Transition) {
			b.line(1, "Hook %s failed: %s (%s), %s ago", h.Hook, h.Error, strings.Join(h.Command, " "), Age(h.At, now))
		}
	}
}

// lastID returns the number of the last transition, 0 when there was none.
func lastID(g *status.Group) int {
	if g.LastTransition == nil {
		return 0
	}
	return g.LastTransition.ID
}

// preActive leaves out the wait of an earlier transition, and an old one.
func (b *block) preActive(g *status.Group, now time.Time) {
	p := g.PreActive
	if p == nil || p.Transition != lastID(g) {
		return
	}
	command := "pre_active command"
	if p.Leader != "" {
		command += " of " + p.Leader
	}
	switch {
	case p.Outcome == engine.Waiting:
		b.line(1, "Address waits for %s, %s sec at most", command, seconds(p.LeftMS))
	case fresh(p.Since, now):
		b.line(1, "Address waited %s sec for %s (%s)", seconds(p.WaitedMS), command, p.Outcome)
	}
}
