package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm/follow"
	"github.com/fhrpd/fhrpd/fsm/hsrp"
	"github.com/fhrpd/fhrpd/fsm/vrrp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/state"
)

// filed is a place in a queue.
type filed struct {
	Group *group
	Due   time.Time
}

// queues are who is to be served when, in the order of the heaps: of two groups
// that are due at one instant the same is served first as before.
type queues struct{ Speaking, Silent, Chores []filed }

// Settled returns nil when a snapshot can be taken: between two turns, while no group
// waits for a command or is on its way out. The error says what is in the way.
func (e *Engine) Settled() error {
	switch {
	case e.stopped || e.stopping:
		return errors.New("the daemon stops")
	case e.behind:
		return errors.New("what has arrived is not read yet")
	case len(e.dismissed) > 0:
		return fmt.Errorf("group %s is on its way out", e.dismissed[0].Ref)
	}
	for _, g := range e.groups {
		if g.passing.under() { // whoever has asked waits for the answer
			return fmt.Errorf("group %s hands its role over", g.Ref)
		}
		switch g.tenure {
		case waiting:
			return fmt.Errorf("group %s waits for its pre_active command", g.Ref)
		case leaving:
			return fmt.Errorf("group %s gives its role up", g.Ref)
		}
	}
	for _, i := range e.ifaces {
		if i.covering > 0 { // whose packets the port of this process counts
			return fmt.Errorf("a group on %s forwards for an active router that is silent", i.name)
		}
		if !i.out.empty() {
			return fmt.Errorf("frames wait on %s", i.name)
		}
	}
	return nil
}

// Snapshot returns everything that the engine knows at now, in a form that Restore
// of another process reads, and does not change it. The configuration is not part of
// it. The error is that of Settled.
func (e *Engine) Snapshot(now time.Time) ([]byte, error) {
	if err := e.Settled(); err != nil {
		return nil, err
	}
	e.settle()
	q := queues{e.speaking.filed(), e.silent.filed(), e.chores.filed()}
	return state.Encode(e.carried(now, &q))
}

// Restore returns an engine that goes on where the one of a snapshot was, with the
// same configuration. Options.Now is the instant of the snapshot. Nothing is asked of
// the ports: they serve the groups already. lost are the names of what this version
// does not know. The error says what does not fit.
func Restore(c Config, o Options, snapshot []byte) (e *Engine, lost []string, err error) {
	if e, err = New(c, o); err != nil {
		return nil, nil, err
	}
	var q queues
	if lost, err = state.Decode(snapshot, e.carried(o.Now, &q)); err != nil {
		return nil, nil, err
	}
	for _, g := range e.groups {
		if p := g.pledge; p != nil && p.examining {
			p.exam.Random = e.mark
		}
	}
	q.refile(e)
	return e, lost, nil
}

// carried says what is carried from one engine to the next.
func (e *Engine) carried(now time.Time, q *queues) state.Options {
	o := state.Options{
		Now:   now,
		Roots: []state.Root{{Key: "engine", At: e}, {Key: "router", At: &e.router}, {Key: "queues", At: q}},
		Types: []any{&hsrp.Group{}, &vrrp.Router{}, &follow.Follower{}, &hsrpCodec{}, &vrrpCodec{}, hello.Reject("")},
	}
	for _, i := range e.ifaces {
		o.Roots = append(o.Roots, state.Root{Key: "interface " + i.name, At: i})
	}
	for _, t := range e.objects {
		o.Roots = append(o.Roots, state.Root{Key: "track " + t.Name, At: t})
	}
	for _, g := range e.groups {
		o.Roots = append(o.Roots, state.Root{Key: "group " + g.Ref.String(), At: g})
	}
	return o
}

func (q *queue[T]) filed() (list []filed) {
	for _, i := range q.items {
		list = append(list, filed{any(i.task.of).(*group), i.due})
	}
	return list
}

// refile puts the groups where they were.
func (q *queues) refile(e *Engine) {
	machine := func(g *group) *task[*group] { return &g.machineTask }
	chore := func(g *group) *task[*group] { return &g.choreTask }
	e.speaking.refile(q.Speaking, machine)
	e.silent.refile(q.Silent, machine)
	e.chores.refile(q.Chores, chore)
}

func (q *queue[T]) refile(list []filed, of func(*group) *task[T]) {
	q.items = nil
	for _, f := range list {
		t := of(f.Group)
		t.due = f.Due
		q.Push(t)
	}
}
