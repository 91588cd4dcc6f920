package daemon

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/engine"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

var _ control.Backend = (*Daemon)(nil)

// Status implements control.Backend.
func (d *Daemon) Status(ctx context.Context) (*status.Status, error) {
	var st *status.Status
	if err := d.loop.Do(ctx, func() { st = d.engine.Status(time.Now()) }); err != nil {
		return nil, err
	}
	st.Version, st.PID = d.opts.Version, os.Getpid()
	st.UptimeMS = time.Since(d.started).Milliseconds()
	st.ConfigSHA256 = d.opts.Config.Sum
	d.addHooks(st.Groups)
	return st, nil
}

// Transitions implements control.Backend.
func (d *Daemon) Transitions(ctx context.Context) ([]status.Transition, error) {
	var out []status.Transition
	err := d.loop.Do(ctx, func() { out = d.engine.Transitions() })
	return out, err
}

// Subscribe implements control.Backend.
func (d *Daemon) Subscribe(ctx context.Context) (<-chan status.Event, error) {
	return d.hub.Subscribe(ctx), nil
}

// SetPriority implements control.Backend.
func (d *Daemon) SetPriority(ctx context.Context, group string, priority int) error {
	return d.command(ctx, func(now time.Time) error { return d.engine.SetPriority(now, group, priority) })
}

// Announce implements control.Backend.
func (d *Daemon) Announce(ctx context.Context, group string) error {
	return d.command(ctx, func(now time.Time) error { return d.engine.Announce(now, group) })
}

// Explain implements control.Backend.
func (d *Daemon) Explain(ctx context.Context, group string) (*status.Explanation, error) {
	var out *status.Explanation
	err := d.command(ctx, func(now time.Time) (err error) {
		out, err = d.engine.Explain(now, group)
		return err
	})
	return out, err
}

// command runs fn on the loop and returns its error.
func (d *Daemon) command(ctx context.Context, fn func(now time.Time) error) error {
	var result error
	if err := d.loop.Do(ctx, func() { result = fn(time.Now()) }); err != nil {
		return err
	}
	if r, ok := errors.AsType[*engine.RefusedError](result); ok {
		return control.Refused(r.Command, r.Group, "%s", r.Reason)
	}
	return result
}

// Verify implements control.Backend. It returns when every neighbour is proven
// or has failed one whole attempt.
func (d *Daemon) Verify(ctx context.Context, group string) ([]status.Takeover, error) {
	if err := d.command(ctx, func(now time.Time) error { return d.engine.Verify(now, group) }); err != nil {
		return nil, err
	}
	tick := time.NewTicker(verifyPoll)
	defer tick.Stop()
	for {
		var proofs []status.Takeover
		var settled bool
		err := d.command(ctx, func(time.Time) (err error) {
			proofs, settled, err = d.engine.Proofs(group)
			return err
		})
		if err != nil || settled {
			return proofs, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// verifyPoll is how often Verify looks whether the proofs have ended.
const verifyPoll = 10 * time.Millisecond
