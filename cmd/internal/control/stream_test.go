package control_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// streaming is a daemon whose events can be taken up again.
type streaming struct {
	control.Backend
	hub  *control.Hub
	over error // no stream begins any more
}

func (s *streaming) Resume(ctx context.Context, after control.Mark) (<-chan status.Event, control.Mark, error) {
	if s.over != nil {
		return nil, control.Mark{}, s.over
	}
	ch, begin := s.hub.Resume(ctx, after)
	return ch, begin, nil
}

func TestHubGoesOnAfterAMark(t *testing.T) {
	var first control.Hub
	first.Begin(control.Mark{Lineage: "x"})
	_, begin := first.Resume(t.Context(), control.Mark{})
	if want := (control.Mark{Lineage: "x"}); begin != want {
		t.Errorf("begins at %v, want %v", begin, want)
	}
	for _, tt := range []struct {
		after control.Mark
		lost  uint64
		want  []string
	}{
		{control.Mark{Lineage: "x", Number: 10}, 0, []string{"11", "12", "13", "14", "99"}},
		{control.Mark{Lineage: "x", Number: 12}, 0, []string{"13", "14", "99"}},
		{control.Mark{Lineage: "x", Number: 14}, 0, []string{"99"}},
		{control.Mark{Lineage: "x", Number: 7}, 3, []string{"11", "12", "13", "14", "99"}},
		{control.Mark{Lineage: "x", Number: 20}, 0, []string{"99"}},
		{control.Mark{Lineage: "y", Number: 3}, 0, []string{"99"}},
		{control.Mark{}, 0, []string{"99"}},
	} {
		var second control.Hub
		second.Begin(control.Mark{Lineage: "x", Number: 10})
		publish(&second, 11, 15)
		ctx, cancel := context.WithCancel(t.Context())
		ch, _ := second.Resume(ctx, tt.after)
		publish(&second, 99, 100)
		number := uint64(0)
		if tt.lost > 0 {
			if ev := <-ch; ev.Kind != "gap" || ev.Lost != tt.lost {
				t.Errorf("after %v: %+v, want a gap of %d", tt.after, ev, tt.lost)
			}
		}
		for _, want := range tt.want {
			ev := <-ch
			if ev.Message != want || number > 0 && ev.Number != number+1 {
				t.Errorf("after %v: %q with number %d after %d, want %q", tt.after, ev.Message, ev.Number, number, want)
			}
			number = ev.Number
		}
		cancel()
	}
}

// A reader notices nothing of a process that takes the place of another one: no event
// is missing, and none comes twice.
func TestStreamGoesOnInASuccessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	serve := func(l net.Listener, s *streaming) (end func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- control.Serve(ctx, l, s) }()
		return func() {
			t.Helper()
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	first, second := &streaming{hub: &control.Hub{}}, &streaming{hub: &control.Hub{}}
	first.hub.Begin(control.Mark{Lineage: "x"})
	fd, err := control.Handed(l)
	if err != nil {
		t.Fatal(err)
	}
	if fd, err = unix.Dup(fd); err != nil {
		t.Fatal(err)
	}
	next, err := control.Resume(path, fd)
	if err != nil {
		t.Fatal(err)
	}
	endFirst := serve(l, first)
	c := control.Dial(path)
	defer c.Close()
	ch, err := c.Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expect := func(from, to int) {
		t.Helper()
		for n := from; n < to; n++ {
			select {
			case ev, ok := <-ch:
				if !ok || ev.Message != fmt.Sprint(n) {
					t.Fatalf("%+v (%v), want %d", ev, ok, n)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%d does not come", n)
			}
		}
	}
	publish(first.hub, 1, 6)
	expect(1, 3)
	second.hub.Begin(control.Mark{Lineage: "x", Number: 5})
	publish(second.hub, 6, 9) // before anybody listens there
	control.Leave(l)
	endFirst() // with three that are on their way
	expect(3, 6)
	asked, err := next.Accept() // by a process that ends before it answers
	if err != nil {
		t.Fatal(err)
	}
	asked.Close()
	endSecond := serve(next, second)
	expect(6, 9)
	publish(second.hub, 9, 12)
	expect(9, 12)
	endSecond()
	select {
	case ev, ok := <-ch:
		if ok {
			t.Errorf("%+v after the end", ev)
		}
	case <-time.After(10 * time.Second):
		t.Error("the stream does not end with the daemon")
	}
}
