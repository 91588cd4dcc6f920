package hooks

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// job is one command to run. Without arguments there is nothing to run, but it
// still replaces what waited before it.
type job struct {
	input
	args []string
}

// atOnce is how many commands of a kind run at a time. A thousand groups may
// change their role together. A thousand processes, each with a thread of the
// daemon that waits for it, could be more than the service may have.
const atOnce = 128

// turns counts the commands that run.
type turns chan struct{}

// acquire waits for a turn. The error is the cause of ctx.
func (t turns) acquire(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turns) release() { <-t }

// enqueue is called with r.mu held.
func (r *Runner) enqueue(j job) {
	next, busy := r.queues[j.Ref]
	switch {
	case next != nil:
		r.skip(*next)
	case !busy && len(j.args) == 0:
		return
	case !busy:
		r.work.Go(func() { r.drain(j.Ref) })
	}
	r.queues[j.Ref] = &j
}

// skip counts a job that is over before it began. It is called with r.mu held,
// and logs nothing, because whoever reports a transition must not wait for a
// disk.
func (r *Runner) skip(j job) {
	if len(j.args) == 0 {
		return
	}
	k := key{j.Ref, j.Hook}
	last := r.last[k]
	last.Hook = j.Hook
	last.Skipped++
	r.last[k] = last
}

// drain runs what waits until nothing does.
func (r *Runner) drain(ref string) {
	for r.runNext(ref) {
	}
}

// runNext waits for its turn and then runs what waits, which may have been
// replaced by then. It reports whether there was anything.
func (r *Runner) runNext(ref string) bool {
	if r.roles.acquire(r.ctx) == nil {
		defer r.roles.release()
	}
	r.mu.Lock()
	j := r.queues[ref]
	r.queues[ref] = nil
	if j == nil || r.ctx.Err() != nil {
		delete(r.queues, ref)
		r.mu.Unlock()
		return false
	}
	r.mu.Unlock()
	if len(j.args) > 0 {
		_ = r.execute(r.ctx, *j, timeout) // kept and logged
	}
	return true
}

// execute runs one command and keeps how it ended. The error says that it did
// not succeed.
func (r *Runner) execute(ctx context.Context, j job, timeout time.Duration) error {
	res := status.Hook{Hook: j.Hook, Command: j.args, Transition: j.ID, At: time.Now(), Running: true, Exit: -1}
	r.keep(j.Ref, res)
	var out command.Result
	in, err := json.Marshal(j.input)
	if err == nil {
		out = r.run(ctx, command.Spec{Args: j.args, Stdin: append(in, '\n'), Timeout: timeout})
		res.Exit, err = out.Exit, out.Err
	}
	res.Running, res.DurationMS, res.Output = false, out.Duration.Milliseconds(), out.Line
	level := slog.LevelInfo
	if err != nil {
		res.Error, level = err.Error(), slog.LevelWarn
	}
	r.keep(j.Ref, res)
	r.log.Log(context.Background(), level, "hook ended", attributes(j.Ref, res, out.Duration)...)
	return err
}

// attributes leaves out what is empty: most commands are silent and succeed.
func attributes(ref string, res status.Hook, took time.Duration) []any {
	a := []any{"group", ref, "hook", res.Hook, "command", res.Command[0],
		"transition", res.Transition, "exit", res.Exit, "duration", took}
	if res.Output != "" {
		a = append(a, "output", res.Output)
	}
	if res.Error != "" {
		a = append(a, "error", res.Error)
	}
	return a
}

// keep keeps a run unless a later one has begun: a killed pre_active command may
// end after that.
func (r *Runner) keep(ref string, res status.Hook) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := key{ref, res.Hook}
	last := r.last[k]
	if last.Transition > res.Transition {
		return
	}
	res.Skipped = last.Skipped
	r.last[k] = res
}
