package hooks

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
)

// Result is the last run of a hook.
type Result struct {
	Ref        string    `json:"ref"`  // the group
	Hook       string    `json:"hook"` // active, standby, pre_active
	Command    []string  `json:"command"`
	Transition int       `json:"transition"` // its number
	At         time.Time `json:"at"`         // begin
	Running    bool      `json:"running"`
	DurationMS int64     `json:"duration_ms"`
	Exit       int       `json:"exit"` // -1 when there is none
	Output     string    `json:"output"`
	Error      string    `json:"error,omitempty"`
	// Skipped counts the transitions, since the start, that this hook was not
	// run for because the group had already moved on.
	Skipped int `json:"skipped"`

	err error
}

func (r Result) compare(o Result) int {
	return cmp.Or(cmp.Compare(r.Ref, o.Ref), cmp.Compare(r.Hook, o.Hook))
}

// job is one command to run. Without arguments there is nothing to run, but it
// still takes the place of what waited before it.
type job struct {
	input
	args []string
}

// queue is one group's. It exists while a goroutine works on it.
type queue struct {
	next *job // the latest; nil when none waits
}

// enqueue is called with r.mu held.
func (r *Runner) enqueue(j job) {
	q := r.queues[j.Ref]
	if q != nil {
		if q.next != nil {
			r.skip(*q.next)
		}
		q.next = &j
		return
	}
	if len(j.args) == 0 {
		return
	}
	q = &queue{next: &j}
	r.queues[j.Ref] = q
	r.work.Go(func() { r.drain(j.Ref, q) })
}

// skip counts a job that is over before it began. It is called with r.mu held,
// and logs nothing: who reports a transition must not wait for a disk.
func (r *Runner) skip(j job) {
	if len(j.args) == 0 {
		return
	}
	k := key{j.Ref, j.Hook}
	last := r.last[k]
	last.Ref, last.Hook = j.Ref, j.Hook
	last.Skipped++
	r.last[k] = last
}

// drain runs what waits until nothing does.
func (r *Runner) drain(ref string, q *queue) {
	for {
		r.mu.Lock()
		j := q.next
		q.next = nil
		if j == nil || r.ctx.Err() != nil {
			delete(r.queues, ref)
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		if len(j.args) > 0 {
			r.execute(r.ctx, *j, Timeout)
		}
	}
}

// execute runs one command and keeps how it ended.
func (r *Runner) execute(ctx context.Context, j job, timeout time.Duration) Result {
	res := Result{Ref: j.Ref, Hook: j.Hook, Command: j.args, Transition: j.ID, At: time.Now(), Running: true, Exit: -1}
	r.keep(res)
	var out command.Result
	s, err := spec(j.args, timeout, j.input)
	if err == nil {
		out = r.run(ctx, s)
		res.Exit, err = out.Exit, out.Err
	}
	res.Running, res.DurationMS, res.Output, res.err = false, out.Duration.Milliseconds(), out.Line, err
	level := slog.LevelInfo
	if err != nil {
		res.Error, level = err.Error(), slog.LevelWarn
	}
	r.keep(res)
	r.log.Log(context.Background(), level, "hook ended", attributes(res, out)...)
	return res
}

// attributes leave out what there is not: most commands are silent and succeed.
func attributes(res Result, out command.Result) []any {
	a := []any{"group", res.Ref, "hook", res.Hook, "command", res.Command[0],
		"transition", res.Transition, "exit", res.Exit, "duration", out.Duration}
	if out.Line != "" {
		a = append(a, "output", out.Line)
	}
	if res.err != nil {
		a = append(a, "error", res.err)
	}
	return a
}

func (r *Runner) keep(res Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := key{res.Ref, res.Hook}
	res.Skipped = r.last[k].Skipped
	r.last[k] = res
}
