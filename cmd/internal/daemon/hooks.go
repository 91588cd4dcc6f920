package daemon

import (
	"context"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// preActive implements engine.Options.PreActive. The command runs beside the
// loop, which learns of its end by a post: one that hangs delays nothing.
func (d *Daemon) preActive(p engine.PreActive) (cancel func(why error)) {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		err := d.hooks.PreActive(ctx, status.TransitionOf(p.Transition))
		d.loop.Post(func() { d.engine.PreActiveDone(time.Now(), p.Group, p.Transition.ID, err) })
		cancel(nil)
	}()
	return cancel
}

// runHooks starts the commands that an event calls for. The active command of a
// group whose address waits comes when the group has it.
func (d *Daemon) runHooks(ev status.Event) {
	if ev.Transition != nil {
		d.hooks.Transition(*ev.Transition)
	}
	if ev.PreActive != nil && ev.PreActive.Taken() {
		d.hooks.Taken(ev.Group)
	}
}

// addHooks puts the last run of every hook into the status.
func (d *Daemon) addHooks(groups []status.Group) {
	results := d.hooks.Results()
	for i := range groups {
		groups[i].Hooks = results[groups[i].Ref()]
	}
}

// hooksWithin is how long the last hooks may take at a clean stop.
const hooksWithin = 700 * time.Millisecond

func (d *Daemon) closeHooks(deadline time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), min(hooksWithin, time.Until(deadline)))
	defer cancel()
	if err := d.hooks.Close(ctx); err != nil {
		d.log.Warn("hooks", "error", err)
	}
}
