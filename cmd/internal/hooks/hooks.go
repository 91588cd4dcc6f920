// Package hooks runs the commands that a configuration ties to changes of role.
//
// Every group has one ordered queue: its commands run one at a time, in the
// order of the transitions, and never in parallel with themselves. A queue that
// falls behind skips to the latest role, because a script that brings the world
// into line with a role has no use for one that is over.
//
// The active command runs when a group becomes Active. The standby command runs
// with every other state that is reached from Active, whatever it is, and when
// the group reaches Standby or Backup; a group that leaves Active by way of
// Speak runs it twice. It must therefore be able to run again without harm.
//
// A command gets one JSON object on standard input: the transition as in
// `fhrpd show events --json`, with "hook" (active, standby or pre_active) and
// "ref" (the group, as in "hsrp:eth1:10") in front. It is killed after Timeout.
package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
)

// Timeout is how long an active or standby command may take.
const Timeout = 10 * time.Second

// The hooks of a group.
const (
	Active    = "active"
	Standby   = "standby"
	PreActive = "pre_active"
)

// stateActive is the one state whose name both protocols share.
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

	mu     sync.Mutex
	closed bool
	hooks  map[string]configs.Hooks // by reference of the group
	queues map[string]*queue
	last   map[key]Result
}

type key struct{ ref, hook string }

// New returns a Runner for the groups of a configuration.
func New(c *configs.Config, log *slog.Logger) *Runner { return newRunner(c, log, command.Run) }

func newRunner(c *configs.Config, log *slog.Logger, run func(context.Context, command.Spec) command.Result) *Runner {
	r := &Runner{log: log, run: run, queues: map[string]*queue{}, last: map[key]Result{}}
	r.ctx, r.kill = context.WithCancelCause(context.Background())
	r.Configure(c)
	return r
}

// Configure takes the hooks of another configuration for transitions from now
// on. What is running or waiting goes on as it was.
func (r *Runner) Configure(c *configs.Config) {
	hooks := map[string]configs.Hooks{}
	for _, h := range c.HSRP {
		hooks[reference("hsrp", h.Interface, h.Family, int(h.ID))] = h.Hooks
	}
	for _, v := range c.VRRP {
		hooks[reference("vrrp", v.Interface, v.Family, int(v.VRID))] = v.Hooks
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks = hooks
}

func reference(protocol, dev string, family, id int) string {
	g := status.Group{Protocol: protocol, Interface: dev, Family: family, ID: id}
	return g.Ref()
}

// hookFor says which hook a transition calls for; "" is none.
func hookFor(t status.Transition) string {
	switch {
	case t.To == stateActive:
		return Active
	case t.From == stateActive, t.To == "Standby", t.To == "Backup":
		return Standby
	}
	return ""
}

// input is what a command reads.
type input struct {
	Hook string `json:"hook"`
	Ref  string `json:"ref"`
	status.Transition
}

func spec(args []string, timeout time.Duration, in input) (command.Spec, error) {
	b, err := json.Marshal(in)
	if err != nil {
		return command.Spec{}, fmt.Errorf("encode transition %d of %s: %w", in.ID, in.Ref, err)
	}
	return command.Spec{Args: args, Stdin: append(b, '\n'), Timeout: timeout}, nil
}

// Transition queues the command that t calls for, if there is one. It does not
// wait. After Close it does nothing.
func (r *Runner) Transition(t status.Transition) {
	hook := hookFor(t)
	if hook == "" {
		return
	}
	ref := reference(t.Protocol, t.Interface, t.Family, t.Group)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	j := job{input: input{hook, ref, t}, args: r.hooks[ref].Active}
	if hook == Standby {
		j.args = r.hooks[ref].Standby
	}
	r.enqueue(j)
}

// PreActive runs the group's pre_active command, if it has one, and waits for
// it: the caller holds the address back meanwhile. The command is killed at its
// deadline. The error says that it did not succeed; it wraps
// context.DeadlineExceeded when it was too slow. The command does not wait for
// the group's queue.
func (r *Runner) PreActive(ctx context.Context, group string, t status.Transition) error {
	r.mu.Lock()
	h := r.hooks[group].PreActive
	r.mu.Unlock()
	if len(h.Command) == 0 {
		return nil
	}
	res := r.execute(ctx, job{input: input{PreActive, group, t}, args: h.Command}, h.Deadline)
	if res.err != nil {
		return fmt.Errorf("pre_active command %s of %s: %w", h.Command[0], group, res.err)
	}
	return nil
}

// Close takes no more transitions and waits until every queue is empty. When
// ctx is done first, the running commands are killed, what waits is dropped,
// and the cause of ctx is returned.
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

// Results returns the last run of every hook, in the order of groups and hooks.
func (r *Runner) Results() []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.last), Result.compare)
}
