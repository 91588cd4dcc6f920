package daemon

import (
	"context"
	"errors"
	"maps"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// wait returns when the daemon has stopped cleanly, or when that takes too long.
// The cause of a stop by a signal is context.Canceled.
func (d *Daemon) wait(ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		if !d.replaced {
			d.closeEvents(time.Now().Add(logWithin))
		}
		return err
	case <-ctx.Done():
	}
	d.notify(systemd.SdNotifyStopping)
	d.log.Info("stopping", "cause", context.Cause(ctx))
	d.loop.Post(d.stop)
	deadline := time.Now().Add(stopWithin)
	select {
	case err := <-ended:
		d.finishRecordings(deadline)
		d.closeEvents(deadline)
		d.closeHooks(deadline)
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			return errors.Join(cause, err)
		}
		return err
	case <-time.After(time.Until(deadline)):
		// The groups have resigned, or their leases end by themselves.
		d.log.Error("the stop hangs; the next start puts the rest of the kernel back", "after", stopWithin)
		return nil
	}
}

// stop runs on the loop.
func (d *Daemon) stop() {
	now := time.Now()
	if list := unreplaced(d.engine.Status(now).Groups); len(list) > 0 {
		d.log.Warn("no other router is known to be ready to take over; one that has just changed its role is after its hold time",
			"groups", len(list), "first", list[0])
	}
	d.engine.Stop(now)
	d.leaving = true
	d.endIfStopped()
}

// endIfStopped ends the loop when the engine was told to stop and has given up
// every role.
func (d *Daemon) endIfStopped() {
	if !d.leaving || d.stopped || !d.engine.Stopped() {
		return
	}
	d.stopped = true
	for _, p := range d.ports {
		p.shutdown()
	}
	for p := range maps.Values(d.ports) {
		<-p.work.done
	}
	for _, p := range d.closing {
		<-p.work.done
	}
}
