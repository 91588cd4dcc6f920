package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// fault is a failure or an intervention, and the outcome that it must have.
type fault struct {
	name  string
	text  string // what happens, for the story
	first string // the router that is active before it
	last  string // the router that must be active after it
	alone bool   // only the first runs before the fault
	cuts  bool   // gw1 cannot be reached afterwards
	role  string // of gw1 once it does not serve any more, where the fault decides that
	// servesOn says why gw1 goes on forwarding nevertheless.
	servesOn string
	// returns says that gw1's daemon withdraws: the client must have gw1's real
	// address at its real MAC again.
	returns bool
	ends    bool // gw1's daemon must end by itself, and cleanly
	stays   bool // nobody may take the role over

	// preempts says that the daemons are configured to preempt. Otherwise the
	// router that has taken over keeps the role.
	preempts bool

	inject func(context.Context, *rig) error
	// second is done once the other router has taken over. Most faults have none.
	second     func(context.Context, *rig) error
	secondText string
	gap        func(plan) time.Duration // between the takeover and second; nil = secondGap
	// waits returns how long the timers make the peer wait. nil = not at all.
	waits func(plan) time.Duration
}

// split reports whether both routers have the address on purpose for a while.
func (f fault) split() bool { return f.name == "partition" }

// taker returns the router whose takeover is watched: the one that was not
// active before, also when the role goes back in the end.
func (f fault) taker() string { return other(f.first) }

// Faults returns the possible values of Options.Fault.
func Faults() []string {
	var names []string
	for _, f := range faultTable() {
		names = append(names, f.name)
	}
	return names
}

// findFault returns the fault of a name, and the zero fault for an unknown one.
func findFault(name string) fault {
	for _, f := range faultTable() {
		if f.name == name {
			return f
		}
	}
	return fault{}
}

// faultTable returns the faults in the order in which help lists them.
func faultTable() []fault {
	return []fault{
		{
			name: "stop", text: "SIGTERM to the daemon on gw1", first: nodeGW1, last: nodeGW2,
			role: roleOther, servesOn: "until its successor is heard", returns: true, ends: true,
			inject: signal(unix.SIGTERM), waits: plan.skew,
		},
		{
			name: "kill", text: "SIGKILL to the daemon on gw1", first: nodeGW1, last: nodeGW2,
			role: roleDead, servesOn: "its kernel, on the lease",
			inject: signal(unix.SIGKILL), waits: plan.detect,
		},
		{
			name: "freeze", text: "SIGSTOP to the daemon on gw1", first: nodeGW1, last: nodeGW2,
			role: roleFrozen, servesOn: "its kernel, on the lease",
			inject: signal(unix.SIGSTOP), second: signal(unix.SIGCONT), secondText: "SIGCONT to the daemon on gw1",
			waits: plan.detect, gap: plan.unexpired,
		},
		{
			name: "link", text: "gw1's interface is switched off", first: nodeGW1, last: nodeGW2, cuts: true,
			inject: func(_ context.Context, r *rig) error { return r.net[nodeGW1].LinkDown(lanDev) },
			waits:  plan.detect,
		},
		{
			name: "carrier", text: "the switch's port to gw1 goes down", first: nodeGW1, last: nodeGW2, cuts: true,
			inject: func(_ context.Context, r *rig) error { return r.net[nodeSwitch].LinkDown(nodeGW1) },
			waits:  plan.detect,
		},
		{
			name: "flush", text: "the switch forgets its table, nothing is wrong", first: nodeGW1, last: nodeGW1, stays: true,
			inject: func(_ context.Context, r *rig) error { return r.net[nodeSwitch].FlushFDB(lanBridge) },
		},
		{
			name: "partition", text: "gw1 and gw2 cannot hear each other, the client hears both", first: nodeGW1, last: nodeGW1,
			inject: isolate(true), second: isolate(false), secondText: "they hear each other again",
		},
		{
			name: "preempt", text: "gw1 starts, with the higher priority", first: nodeGW2, last: nodeGW1, alone: true, preempts: true,
			inject: func(_ context.Context, r *rig) error { return r.gw[nodeGW1].start() },
		},
		{
			name: "priority", text: "gw1's priority is set to 90", first: nodeGW1, last: nodeGW2, returns: true, preempts: true,
			inject: lowerPriority,
		},
		{
			name: "handover", text: "gw1 hands its roles over", first: nodeGW1, last: nodeGW2,
			role: roleOther, servesOn: "until its successor is heard", returns: true, preempts: true,
			inject: handOver, waits: plan.skew,
		},
		{
			name: "upgrade", text: "another process takes the place of the daemon on gw1", first: nodeGW1, last: nodeGW1, stays: true,
			inject: func(ctx context.Context, r *rig) error { return r.gw[nodeGW1].upgrade(ctx) },
		},
	}
}

func signal(s unix.Signal) func(context.Context, *rig) error {
	return func(_ context.Context, r *rig) error { return r.gw[nodeGW1].signal(s) }
}

func isolate(on bool) func(context.Context, *rig) error {
	return func(_ context.Context, r *rig) error {
		for _, port := range pair {
			if err := r.net[nodeSwitch].Isolate(port, on); err != nil {
				return err
			}
		}
		return nil
	}
}

// handOver hands over every group at once, and waits for the end of all.
func handOver(ctx context.Context, r *rig) error {
	errs := make(chan error, r.plan.groups)
	for k := 1; k <= r.plan.groups; k++ {
		go func() {
			h, err := r.gw[nodeGW1].client.Handover(ctx, groupName(k), engine.DefaultHandoverTimeout)
			if err == nil && !h.Done() {
				err = errors.New(h.Text)
			}
			errs <- err
		}()
	}
	for range r.plan.groups {
		if err := <-errs; err != nil {
			return fmt.Errorf("hand the roles of gw1 over: %w", err)
		}
	}
	return nil
}

const loweredPriority = 90

func lowerPriority(ctx context.Context, r *rig) error {
	for k := 1; k <= r.plan.groups; k++ {
		if err := r.gw[nodeGW1].client.SetPriority(ctx, groupName(k), loweredPriority); err != nil {
			return fmt.Errorf("set the priority of gw1: %w", err)
		}
	}
	return nil
}
