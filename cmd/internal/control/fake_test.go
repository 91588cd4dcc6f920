package control_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// fake is a daemon with one active group, hsrp:eth1:10.
type fake struct {
	hub   control.Hub
	mu    sync.Mutex
	done  []string // commands, as they came
	prio  int
	asked status.Question
	by    unix.Ucred    // who gave the last SetPriority
	fail  error         // returned by History
	hold  chan struct{} // when set, Explain waits for it
	came  chan struct{} // Explain says here that it was called

	recording []byte
}

var groups = []status.Group{
	{Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth1", ID: 10, Name: "users", State: "Active"},
	{Protocol: "hsrp", Version: 2, Family: 6, Interface: "eth1", ID: 10, Name: "users6", State: "Standby"},
}

func (f *fake) Status(context.Context) (*status.Status, error) {
	return &status.Status{Version: "v1", PID: 42, Groups: groups}, nil
}

func (f *fake) History(context.Context) ([]status.Past, error) {
	return []status.Past{}, f.fail
}

func (f *fake) Subscribe(ctx context.Context) (<-chan status.Event, error) {
	return f.hub.Subscribe(ctx), nil
}

func (f *fake) note(what, group string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := status.Find(groups, group)
	if err != nil {
		return err
	}
	f.done = append(f.done, what+" "+groups[i].Ref())
	if groups[i].State != "Active" {
		return &engine.RefusedError{Command: what, Group: group, Reason: "state is " + groups[i].State}
	}
	return nil
}

func (f *fake) SetPriority(ctx context.Context, group string, n int) error {
	f.by = control.Caller(ctx)
	f.prio = n
	return f.note(control.CommandSetPriority, group)
}

func (f *fake) Announce(_ context.Context, group string) error {
	return f.note(control.CommandAnnounce, group)
}

func (f *fake) Verify(_ context.Context, group string) ([]status.Takeover, error) {
	if err := f.note(control.CommandVerify, group); err != nil {
		return nil, err
	}
	return []status.Takeover{{Address: "192.0.2.9", Proven: true, Method: "icmp", MS: 1.5}}, nil
}

func (f *fake) Handover(_ context.Context, group string, timeout time.Duration) (*status.Handover, error) {
	if err := f.note(control.CommandHandover+" "+timeout.String(), group); err != nil {
		return nil, err
	}
	return &status.Handover{State: "done", To: "192.0.2.3", TookMS: 12}, nil
}

func (f *fake) ClearCounters(_ context.Context, protocol, groups string) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, "clear "+protocol+" "+groups)
	return 2, nil
}

func (f *fake) Upgrade(context.Context) (*status.Succession, error) {
	return nil, &engine.RefusedError{Command: control.CommandUpgrade, Reason: "the new program ends; the running daemon goes on"}
}

func (f *fake) Reload(_ context.Context, dryRun bool) (*status.Plan, error) {
	if dryRun {
		return &status.Plan{Changes: []status.PlanChange{{Group: "hsrp:eth1:10", Keys: []status.KeyChange{{Key: "priority", From: "100", To: "110"}}, Cost: "none"}}}, nil
	}
	return nil, &control.FaultsError{Faults: []string{"fhrpd.toml:3: one", "fhrpd.toml:4: two"}}
}

func (f *fake) Maintenance(ctx context.Context, on bool, groups []string) ([]string, error) {
	f.by = control.Caller(ctx)
	for _, g := range groups {
		if err := f.note(fmt.Sprintf("%s %t", control.CommandMaintenance, on), g); err != nil {
			return nil, err
		}
	}
	return append([]string{}, groups...), nil
}

func (f *fake) SetLog(_ context.Context, level string) (string, error) {
	if level != control.FileLevel && level != "debug" {
		return "", fmt.Errorf("%w: log level %q", control.ErrInvalid, level)
	}
	return "debug", nil
}

func (f *fake) Recording(context.Context) ([]byte, error) { return f.recording, f.fail }

func (f *fake) Explain(ctx context.Context, q status.Question) (*status.Explanation, error) {
	f.asked = q
	if f.hold != nil {
		close(f.came)
		select {
		case <-f.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &status.Explanation{Group: q.Group, Lines: []string{"because"}}, nil
}

// daemon is a fake behind a socket.
type daemon struct {
	*fake
	path string
	stop context.CancelFunc
	end  chan error // what Serve returned
}

func start(t *testing.T, f *fake, hooks ...func(control.Change)) *daemon {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &daemon{fake: f, path: socketPath(t), stop: cancel, end: make(chan error, 1)}
	l, err := control.Listen(d.path)
	if err != nil {
		t.Fatal(err)
	}
	go func() { d.end <- control.Serve(ctx, l, f, hooks...) }()
	t.Cleanup(cancel)
	return d
}

func (d *daemon) dial(t *testing.T) *control.Client {
	t.Helper()
	c := control.Dial(d.path)
	t.Cleanup(c.Close)
	return c
}

// soon receives from ch, or fails the test.
func soon[T any](t *testing.T, ch <-chan T, what string) (v T, ok bool) {
	t.Helper()
	select {
	case v, ok = <-ch:
		return v, ok
	case <-time.After(30 * time.Second):
		t.Fatalf("waited 30 s for %s", what)
		return v, false
	}
}
