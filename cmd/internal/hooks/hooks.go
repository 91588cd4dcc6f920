// Package hooks runs the commands that a configuration ties to changes of role.
//
// Every group has one ordered queue: its commands run one at a time, in the
// order of the transitions. A queue that falls behind skips to the latest role,
// because a script that acts on a role has no use for one that is over.
//
// The active command runs when a group becomes Active. The standby command runs
// when a group leaves Active, whatever its new state, and when it reaches Standby
// or Backup. A group that goes from Active to Speak and on to Standby runs it
// twice. It must therefore be able to run again without harm.
//
// The pre_active command runs at once when a group becomes Active, beside the
// queue, because the address waits for it. The active command comes after it,
// when the address is taken, and not at all when the role is lost before that.
//
// A command gets one JSON object on standard input: the transition as in
// `fhrpd show events --json`, with "hook" (active, standby or pre_active) and
// "ref" (the group, as in "hsrp:eth1:10") in front. It is killed after 10 s, a
// pre_active command at its deadline.
package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
)

// timeout is how long an active or standby command may take.
const timeout = 10 * time.Second

// The hooks of a group.
const (
	active    = "active"
	standby   = "standby"
	preActive = "pre_active"
)

// stateActive is the one state that has the same name in both protocols.
const stateActive = "Active"

var errStopped = errors.New("the daemon has stopped")

// Runner runs the hooks of all groups. Its methods may be called from several
// goroutines.
type Runner struct {
	log  *slog.Logger
	run  func(context.Context, command.Spec) command.Result
	ctx  context.Context // of the commands
	kill context.CancelCauseFunc
	work sync.WaitGroup // one for each queue that is busy

	roles, preActives turns // of the commands after and before the address is taken

	mu     sync.Mutex
	closed bool
	waits  map[string]job           // active commands, until their group has its address
	hooks  map[string]configs.Hooks // by reference of the group, of those that have any
	queues map[string]*job          // by reference of a busy group: what is next, nil when nothing is
	last   map[key]status.Hook
}

type key struct{ ref, hook string }

// New returns a Runner for the groups of a configuration. run runs a program, as
// command.Run does.
func New(groups []setup.Group, log *slog.Logger, run func(context.Context, command.Spec) command.Result) *Runner {
	r := &Runner{
		log: log, run: run, roles: make(turns, atOnce), preActives: make(turns, atOnce),
		queues: map[string]*job{}, waits: map[string]job{}, last: map[key]status.Hook{},
	}
	r.ctx, r.kill = context.WithCancelCause(context.Background())
	r.Configure(groups)
	return r
}

// Configure uses the hooks of another configuration for transitions from now on.
// What runs or waits goes on as it was.
func (r *Runner) Configure(groups []setup.Group) {
	hooks := map[string]configs.Hooks{}
	for _, g := range groups {
		if h := g.Hooks; len(h.Active) > 0 || len(h.Standby) > 0 || len(h.PreActive.Command) > 0 {
			hooks[g.Ref.String()] = h
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks = hooks
}

// hookFor says which hook a transition calls for; "" is none.
func hookFor(t status.Transition) string {
	switch {
	case t.To == stateActive:
		return active
	case t.From == stateActive, t.To == "Standby", t.To == "Backup":
		return standby
	}
	return ""
}

// input is what a command reads.
type input struct {
	Hook string `json:"hook"`
	Ref  string `json:"ref"`
	status.Transition
}

// Transition queues the command that t calls for, if there is one. While the
// address waits, the active command does so too: until Taken. Transition itself
// does not wait. After Close it does nothing.
func (r *Runner) Transition(t status.Transition) {
	hook := hookFor(t)
	if hook == "" {
		return
	}
	ref := t.Ref().String()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	j := job{input: input{hook, ref, t}, args: r.hooks[ref].Active}
	if hook == standby {
		j.args = r.hooks[ref].Standby
	}
	delete(r.waits, ref)
	if t.Waits {
		r.waits[ref] = j
		return
	}
	r.enqueue(j)
}

// Taken queues the active command of a group whose address has waited and is
// taken now. Taken itself does not wait.
func (r *Runner) Taken(ref string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j, ok := r.waits[ref]
	delete(r.waits, ref)
	if ok && !r.closed {
		r.enqueue(j)
	}
}

// PreActive runs the group's pre_active command, if it has one, and waits for
// it, as the address does. The command is killed at its deadline and when ctx is
// done. The error says that it did not succeed. It wraps
// context.DeadlineExceeded when it was too slow, and the cause of ctx. The
// command does not wait for the group's queue, but for its turn when very many
// groups have such a command. After Close it is not run.
func (r *Runner) PreActive(ctx context.Context, t status.Transition) error {
	group := t.Ref().String()
	r.mu.Lock()
	h := r.hooks[group].PreActive
	if r.closed || len(h.Command) == 0 {
		r.mu.Unlock()
		return nil
	}
	r.work.Add(1)
	r.mu.Unlock()
	defer r.work.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.ctx, func() { cancel(errStopped) })()
	err := r.preActives.acquire(ctx)
	if err == nil {
		defer r.preActives.release()
		err = r.execute(ctx, job{input: input{preActive, group, t}, args: h.Command}, h.Deadline)
	}
	if err != nil {
		return fmt.Errorf("pre_active command %s of %s: %w", h.Command[0], group, err)
	}
	return nil
}

// Close accepts no more transitions and waits until every queue is empty and
// every pre_active command has ended. When ctx is done first, the running
// commands are killed, what waits is dropped, and the cause of ctx is returned.
func (r *Runner) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		r.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	r.kill(errStopped)
	<-done
	return fmt.Errorf("wait for hooks: %w", context.Cause(ctx))
}

// Results returns the last run of every hook by group, in the order of hooks.
func (r *Runner) Results() map[string][]status.Hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string][]status.Hook{}
	for k, res := range r.last {
		out[k.ref] = append(out[k.ref], res)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b status.Hook) int { return cmp.Compare(a.Hook, b.Hook) })
	}
	return out
}
