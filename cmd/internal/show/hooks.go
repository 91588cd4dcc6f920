package show

import (
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// hooks shows the pre_active command for which the address of an active group
// waits or has waited, and the commands that failed. IOS has nothing of the
// kind, so the lines are there only when there is something to show.
func (b *block) hooks(g *status.Group, now time.Time) {
	b.preActive(g)
	for _, h := range g.Hooks {
		if h.Error != "" {
			b.line(1, "Hook %s failed: %s (%s), %s ago", h.Hook, h.Error, strings.Join(h.Command, " "), age(h.At, now))
		}
	}
}

// preActive leaves out the wait of an earlier transition.
func (b *block) preActive(g *status.Group) {
	p := g.PreActive
	if p == nil || g.LastTransition == nil || p.Transition != g.LastTransition.ID {
		return
	}
	command := "pre_active command"
	if p.Leader != "" {
		command += " of " + p.Leader
	}
	if p.Outcome == engine.Waiting {
		b.line(1, "Address waits for %s, %s sec at most", command, seconds(p.LeftMS))
		return
	}
	b.line(1, "Address waited %s sec for %s (%s)", seconds(p.WaitedMS), command, p.Outcome)
}
