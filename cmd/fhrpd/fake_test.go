package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a daemon that answers from a status and writes commands down.
type fake struct {
	control.Hub
	st       *status.Status
	commands []string
	fail     error // returned by Verify
	plan     status.Plan
	faults   []string // of the file that is reloaded
	reloads  int
	asked    status.Question
	mu       sync.Mutex       // of handovers, which may come together
	handover *status.Handover // how one ends, nil for well

	recording []byte
}

func newFake() *fake {
	last := status.Transition{ID: 1, Protocol: "hsrp", Interface: "eth1", Group: 10, Family: 4,
		From: "Standby", To: "Active", At: at, Cause: "active-timer-expired"}
	return &fake{st: &status.Status{
		Version: "v1", PID: 42, ConfigSHA256: "c0ffee",
		Groups: []status.Group{
			{Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth1", ID: 10, Name: "users", State: "Active", Since: at,
				Priority: 110, ConfiguredPriority: 110, VirtualIPs: []string{"192.0.2.1"}, NextHelloMS: -1,
				Active: &status.Peer{Address: "local"}, LastTransition: &last,
				Takeover: []status.Takeover{{Address: "192.0.2.9", Proven: true, Method: "icmp", MS: 2}}},
			{Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth2", ID: 10, Name: "guests", State: "Standby", Since: at, NextHelloMS: -1},
			{Protocol: "vrrp", Version: 3, Family: 6, Interface: "eth1", ID: 20, Name: "lan6", State: "Backup", Since: at, NextHelloMS: -1},
		},
		Tracks: []status.Track{{Name: "uplink", Kind: "interface", Target: "eth0", Known: true, Up: true, Since: at}},
	}}
}

// Recording returns what was recorded.
func (f *fake) Recording(context.Context) ([]byte, error) { return f.recording, f.fail }

func (f *fake) Status(context.Context) (*status.Status, error) { return f.st, nil }

func (f *fake) History(context.Context) ([]status.Past, error) {
	var out []status.Past
	for _, g := range f.st.Groups {
		if g.LastTransition != nil {
			out = append(out, status.Past{Transition: *g.LastTransition})
		}
	}
	return out, nil
}

func (f *fake) Subscribe(ctx context.Context) (<-chan status.Event, error) {
	ch := f.Hub.Subscribe(ctx)
	f.Publish(status.Event{At: at, Kind: "announce", Group: "hsrp:eth1:10", Message: "3 frames"})
	return ch, nil
}

// Maintenance has a successor that serves at once.
func (f *fake) Maintenance(_ context.Context, on bool, groups []string) (refs []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return nil, f.fail
	}
	f.commands = append(f.commands, fmt.Sprintf("maintenance %t %s", on, strings.Join(groups, ",")))
	for i := range f.st.Groups {
		g := &f.st.Groups[i]
		if len(groups) > 0 && !slices.ContainsFunc(groups, func(text string) bool { n, _ := status.Find(f.st.Groups, text); return n == i }) {
			continue
		}
		g.Maintenance, g.Leave = on, nil
		if on {
			g.Leave = &status.GroupLeave{Since: at, By: "root, uid 0", Serves: "192.0.2.11"}
		}
		refs = append(refs, g.Ref())
	}
	return refs, nil
}

func (f *fake) do(what, group string) error {
	i, err := status.Find(f.st.Groups, group)
	if err != nil {
		return err
	}
	if f.st.Groups[i].State != "Active" {
		return &engine.RefusedError{Command: what, Group: group, Reason: "state is " + f.st.Groups[i].State}
	}
	f.commands = append(f.commands, what+" "+f.st.Groups[i].Ref())
	return nil
}

func (f *fake) SetPriority(_ context.Context, group string, n int) error {
	return f.do(fmt.Sprintf("priority %d", n), group)
}

func (f *fake) Announce(_ context.Context, group string) error { return f.do("announce", group) }

func (f *fake) Verify(_ context.Context, group string) ([]status.Takeover, error) {
	if f.fail != nil {
		return nil, f.fail
	}
	return f.st.Groups[0].Takeover, f.do("verify", group)
}

func (f *fake) ClearCounters(_ context.Context, protocol, groups string) (int, error) {
	filter, err := show.ParseFilter(protocol, strings.Fields(groups))
	if err != nil {
		return 0, fmt.Errorf("%w: %v", control.ErrInvalid, err)
	}
	list, err := filter.Groups(f.st.Groups)
	f.commands = append(f.commands, strings.TrimSpace("clear "+protocol+" "+groups))
	return len(list), err
}

func (f *fake) Upgrade(context.Context) (*status.Succession, error) {
	return nil, &engine.RefusedError{Command: control.CommandUpgrade, Reason: "the new program ends; the running daemon goes on"}
}

func (f *fake) Reload(_ context.Context, dryRun bool) (*status.Plan, error) {
	if f.faults != nil {
		return nil, &control.FaultsError{Faults: f.faults}
	}
	if !dryRun {
		f.reloads++
	}
	return &f.plan, nil
}

func (f *fake) SetLog(_ context.Context, level string) (string, error) {
	f.commands = append(f.commands, "log "+level)
	if level == control.FileLevel {
		level = "info"
	}
	return level, nil
}

func (f *fake) Explain(_ context.Context, q status.Question) (*status.Explanation, error) {
	f.asked = q
	group := q.Group
	if group == "" {
		group = "users"
	}
	i, err := status.Find(f.st.Groups, group)
	if err != nil {
		return nil, err
	}
	g := &f.st.Groups[i]
	return &status.Explanation{Group: g.Ref(), Lines: []string{g.Name + " moved."}, Facts: []status.Fact{}, Transition: g.LastTransition}, nil
}

// serve puts f behind a socket and returns its path and what stops it.
func serve(t *testing.T, f *fake) (path string, stop func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "control.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- control.Serve(ctx, l, f) }()
	t.Cleanup(func() {
		cancel()
		if err := <-end; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return path, cancel
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func fhrpd(ctx context.Context, args ...string) result {
	var out, err bytes.Buffer
	a := &app{stdout: &out, stderr: &err, now: func() time.Time { return at.Add(62 * time.Second) }}
	code := a.execute(ctx, args)
	return result{code, out.String(), err.String()}
}

// watched is a writer that tells when something was written.
type watched struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.wrote <- struct{}{}:
	default:
	}
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

var errBroken = errors.New("netlink: no buffer space available")
