package daemon

import (
	"context"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Handover implements control.Backend. It returns when the hand-over has come to an
// end. One that has begun goes on when nobody waits for that any more.
func (d *Daemon) Handover(ctx context.Context, group string, timeout time.Duration) (*status.Handover, error) {
	o := engine.HandoverOptions{Timeout: timeout}
	if err := d.command(ctx, func(now time.Time) error { return d.engine.Handover(now, caller(ctx), group, o) }); err != nil {
		return nil, err
	}
	tick := time.NewTicker(verifyPoll)
	defer tick.Stop()
	for {
		var h engine.Handover
		err := d.command(ctx, func(time.Time) (err error) {
			h, err = d.engine.Handovers(group)
			return err
		})
		if err != nil || h.State.Over() {
			return status.HandoverOf(h), err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
