package daemon

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp/prove"
)

var _ control.Backend = (*Daemon)(nil)

// Status implements control.Backend.
func (d *Daemon) Status(ctx context.Context) (*status.Status, error) {
	now, raw, err := d.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	st := status.Of(now, raw)
	st.Version, st.PID = d.opts.Version, os.Getpid()
	st.UptimeMS = time.Since(d.started).Milliseconds()
	st.ConfigSHA256 = d.config().Sum
	for i, t := range d.config().Tracks {
		st.Tracks[i].Kind, st.Tracks[i].Target = string(t.Kind), t.Shown()
	}
	st.Troubles = d.troubles.all()
	d.addHooks(st.Groups)
	d.cleared.show(st)
	return st, nil
}

// snapshot returns the status of the engine, and when it was that.
func (d *Daemon) snapshot(ctx context.Context) (now time.Time, st engine.Status, err error) {
	err = d.loop.Do(ctx, func() {
		now = time.Now()
		st = d.engine.Status(now)
	})
	return now, st, err
}

// History implements control.Backend.
func (d *Daemon) History(ctx context.Context) ([]status.Past, error) {
	var moves []engine.Transition
	var commands []engine.Event
	err := d.loop.Do(ctx, func() { moves, commands = d.engine.Transitions(), d.engine.Commands() })
	return status.PastOf(moves, commands), err
}

// Subscribe implements control.Backend.
func (d *Daemon) Subscribe(ctx context.Context) (<-chan status.Event, error) {
	return d.hub.Subscribe(ctx), nil
}

// Resume implements control.Streamer.
func (d *Daemon) Resume(ctx context.Context, after control.Mark) (<-chan status.Event, control.Mark, error) {
	if err := d.loop.ended(); errors.Is(err, control.ErrReplaced) {
		return nil, control.Mark{}, err
	}
	events, begin := d.hub.Resume(ctx, after)
	return events, begin, nil
}

// SetPriority implements control.Backend.
func (d *Daemon) SetPriority(ctx context.Context, group string, priority int) error {
	return d.command(ctx, func(now time.Time) error { return d.engine.SetPriority(now, caller(ctx), group, priority) })
}

// Announce implements control.Backend.
func (d *Daemon) Announce(ctx context.Context, group string) error {
	return d.command(ctx, func(now time.Time) error { return d.engine.Announce(now, caller(ctx), group) })
}

// Explain implements control.Backend.
func (d *Daemon) Explain(ctx context.Context, q status.Question) (*status.Explanation, error) {
	var now time.Time
	var st engine.Status
	var changes []*engine.Change
	err := d.loop.Do(ctx, func() {
		now = time.Now()
		st, changes = d.engine.Status(now), d.engine.Changes(0)
	})
	if err != nil {
		return nil, err
	}
	return status.Explain(now, st, changes, q)
}

// caller is who has asked.
func caller(ctx context.Context) engine.Caller {
	c := control.Caller(ctx)
	return engine.Caller{Known: c.Pid != 0, UID: c.Uid, PID: c.Pid}
}

// commanded tells of a command that the engine has no part in.
func (d *Daemon) commanded(ctx context.Context, name, about string) {
	c := engine.Command{Name: name, About: about, By: caller(ctx)}
	d.loop.Post(func() { d.engine.Commanded(time.Now(), c) })
}

// command runs fn on the loop and returns its error.
func (d *Daemon) command(ctx context.Context, fn func(now time.Time) error) error {
	var result error
	if err := d.loop.Do(ctx, func() { result = fn(time.Now()) }); err != nil {
		return err
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
		var proofs []prove.Result
		var settled bool
		err := d.command(ctx, func(time.Time) (err error) {
			proofs, settled, err = d.engine.Proofs(group)
			return err
		})
		if err != nil || settled {
			return status.TakeoverOf(proofs), err
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
