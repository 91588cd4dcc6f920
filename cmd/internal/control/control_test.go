package control_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

func TestQuestionsCrossTheSocketWhole(t *testing.T) {
	f := &fake{}
	c := start(t, f).dial(t)
	ctx := t.Context()

	want, _ := f.Status(ctx)
	got, err := c.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}

	ts, err := c.History(ctx)
	if err != nil || ts == nil || len(ts) != 0 {
		t.Errorf("History = %#v, %v; want the empty list", ts, err)
	}

	q := status.Question{Group: "hsrp:eth1:10 & more", All: true, Since: 90 * time.Second}
	x, err := c.Explain(ctx, q)
	if f.asked != q {
		t.Errorf("asked %+v, want %+v", f.asked, q)
	}
	if err != nil || x.Group != "hsrp:eth1:10 & more" {
		t.Errorf("Explain = %+v, %v; want the group as it was written", x, err)
	}
}

func TestCommandsArriveAndAreToldToTheHook(t *testing.T) {
	var changes []control.Change
	hook := func(c control.Change) { changes = append(changes, c) }
	d := start(t, &fake{}, hook)
	c, ctx := d.dial(t), t.Context()

	if err := c.SetPriority(ctx, "users", 150); err != nil {
		t.Error(err)
	}
	if d.prio != 150 {
		t.Errorf("priority arrived as %d, want 150", d.prio)
	}
	if err := c.SetPriority(ctx, "users", control.FilePriority); err != nil {
		t.Error(err)
	}
	if d.prio != control.FilePriority {
		t.Errorf("priority arrived as %d, want FilePriority", d.prio)
	}
	if err := c.Announce(ctx, "users"); err != nil {
		t.Error(err)
	}
	proofs, err := c.Verify(ctx, "users")
	if err != nil || len(proofs) != 1 || proofs[0].MS != 1.5 {
		t.Errorf("Verify = %+v, %v", proofs, err)
	}
	refs, err := c.Maintenance(ctx, true, []string{"users"})
	if err != nil || len(refs) != 1 || refs[0] != "users" || d.done[len(d.done)-1] != "maintenance true hsrp:eth1:10" {
		t.Errorf("Maintenance = %q, %v, carried out %q", refs, err, d.done)
	}
	h, err := c.Handover(ctx, "users", 2*time.Second)
	if err != nil || h.To != "192.0.2.3" || !slices.Contains(d.done, "handover 2s hsrp:eth1:10") {
		t.Errorf("Handover = %+v, %v; the daemon did %q", h, err, d.done)
	}
	announceErr := c.Announce(ctx, "users6")

	me := unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
	if d.by != me {
		t.Errorf("the daemon was told that %+v asks, want %+v", d.by, me)
	}
	want := []control.Change{
		{Peer: me, Command: control.CommandSetPriority, Group: "users", Priority: 150},
		{Peer: me, Command: control.CommandSetPriority, Group: "users", Priority: control.FilePriority},
		{Peer: me, Command: control.CommandAnnounce, Group: "users"},
		{Peer: me, Command: control.CommandVerify, Group: "users"},
		{Peer: me, Command: control.CommandMaintenance, Group: "users"},
		{Peer: me, Command: control.CommandHandover, Group: "users"},
		{Peer: me, Command: control.CommandAnnounce, Group: "users6", Err: announceErr},
	}
	sameText := cmp.Comparer(func(a, b error) bool { return a == b || a != nil && b != nil && a.Error() == b.Error() })
	if diff := cmp.Diff(want, changes, sameText); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	d := start(t, &fake{fail: errors.New("kernel says no")})
	c, ctx := d.dial(t), t.Context()
	tests := []struct {
		name string
		call func() error
		is   error
		text string
	}{
		{"unknown group lists all", func() error { return c.Announce(ctx, "eth9:1") },
			engine.ErrUnknownGroup, `group "eth9:1": no such group; choose one of hsrp:eth1:10, hsrp6:eth1:10`},
		{"ambiguous group lists those that fit", func() error { return c.Announce(ctx, "eth1:10") },
			engine.ErrAmbiguousGroup, `group "eth1:10": more than one group fits; choose one of hsrp:eth1:10, hsrp6:eth1:10`},
		{"refusal gives the reason once", func() error { return c.Announce(ctx, "users6") },
			engine.ErrRefused, "announce users6: refused: state is Standby"},
		{"a missing group is invalid", func() error { return c.Announce(ctx, "") },
			control.ErrInvalid, "invalid argument: group is missing"},
		{"a fault of the daemon keeps its words", func() error { _, err := c.History(ctx); return err },
			nil, "kernel says no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			if err == nil || err.Error() != tt.text {
				t.Errorf("error %q, want %q", err, tt.text)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v is not %v", err, tt.is)
			}
		})
	}
}

// post sends a body that no Client would.
func post(t *testing.T, path, body string) int {
	t.Helper()
	h := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	resp, err := h.Post("http://x/v1/priority", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestMalformedCommandsChangeNothing(t *testing.T) {
	d := start(t, &fake{})
	for _, body := range []string{
		``, `{`, `[]`, `{"group":"users"}`, `{"group":"users","priority":"high"}`,
		`{"group":"users","priority":1,"force":true}`, `{"group":"` + strings.Repeat("x", 1<<17) + `","priority":1}`,
	} {
		if code := post(t, d.path, body); code != http.StatusBadRequest {
			t.Errorf("%.40s: answered %d, want 400", body, code)
		}
	}
	if len(d.done) != 0 {
		t.Errorf("commands were carried out: %v", d.done)
	}
}

func TestEventsStreamInOrderUntilTheClientEnds(t *testing.T) {
	d := start(t, &fake{})
	ctx, cancel := context.WithCancel(t.Context())
	ch, err := d.dial(t).Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"one", "two", "three"} {
		d.hub.Publish(status.Event{Kind: "announce", Message: m})
		if ev, _ := soon(t, ch, m); ev.Message != m {
			t.Errorf("event %q, want %q", ev.Message, m)
		}
	}
	cancel()
	if _, ok := soon(t, ch, "the end"); ok {
		t.Error("an event after the client ended")
	}
}

// A machine that stands still makes any stop late, but not all of them; one that
// waits for what it must not wait for is never early.
func TestStopEndsStreamsAndRemovesTheSocket(t *testing.T) {
	const stops, wait = 20, 400 * time.Millisecond // less than requests are given
	var took time.Duration
	for range stops {
		if took = stopWithAStream(t); took < wait {
			return
		}
	}
	t.Errorf("the stream ended %v after the stop, and never within %v: want at once and not when time for requests is up", took, wait)
}

// stopWithAStream returns how long after the stop of a daemon its stream of
// events ends.
func stopWithAStream(t *testing.T) (took time.Duration) {
	t.Helper()
	d := start(t, &fake{})
	ch, err := d.dial(t).Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	d.stop()
	if _, ok := soon(t, ch, "the end of the stream"); ok {
		t.Error("an event after the stop")
	}
	took = time.Since(began)
	if err, _ := soon(t, d.end, "Serve"); err != nil {
		t.Errorf("Serve = %v, want nil after a stop", err)
	}
	if _, err := os.Lstat(d.path); !os.IsNotExist(err) {
		t.Errorf("socket after the stop: %v", err)
	}
	return took
}

// A backend that ignores its context must not hold up a clean stop, which has
// two seconds for everything.
func TestStopDoesNotWaitForAStuckRequest(t *testing.T) {
	const stops, wait = 5, 1500 * time.Millisecond
	var took time.Duration
	for range stops {
		if took = stopWithAStuckRequest(t); took < wait {
			return
		}
	}
	t.Errorf("Serve took %v to stop, and never less than %v", took, wait)
}

func stopWithAStuckRequest(t *testing.T) time.Duration {
	t.Helper()
	f := &stubborn{fake: &fake{}, came: make(chan struct{}), hold: make(chan struct{})}
	defer close(f.hold)
	path := socketPath(t)
	l := listen(t, path)
	ctx, stop := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- control.Serve(ctx, l, f) }()
	go control.Dial(path).Announce(context.Background(), "users")
	soon(t, f.came, "the request")
	began := time.Now()
	stop()
	soon(t, end, "Serve")
	return time.Since(began)
}

type stubborn struct {
	*fake
	came, hold chan struct{}
}

func (s *stubborn) Announce(context.Context, string) error {
	close(s.came)
	<-s.hold
	return nil
}

func TestCancelReachesTheBackend(t *testing.T) {
	f := &fake{hold: make(chan struct{}), came: make(chan struct{})}
	c := start(t, f).dial(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	end := make(chan error, 1)
	go func() { _, err := c.Explain(ctx, status.Question{Group: "users"}); end <- err }()
	soon(t, f.came, "the request")
	why := errors.New("operator lost patience")
	cancel(why)
	if err, _ := soon(t, end, "Explain"); !errors.Is(err, why) {
		t.Errorf("Explain = %v, want the cause of the cancel", err)
	}
}

func TestARecordingIsAFileAsItIs(t *testing.T) {
	f := &fake{recording: []byte("\x0a\x0d\x0d\x0aany bytes\x00\xff")}
	c := start(t, f).dial(t)
	for range 2 {
		b, err := c.Recording(t.Context())
		if err != nil || string(b) != string(f.recording) {
			t.Errorf("%q, %v", b, err)
		}
	}
	f.fail = errors.New("no ring")
	if _, err := c.Recording(t.Context()); err == nil || !strings.Contains(err.Error(), "no ring") {
		t.Errorf("%v", err)
	}
}
