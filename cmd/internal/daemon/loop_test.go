package daemon

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// notebook is driven by a loop and writes down what for.
type notebook struct {
	fds      []int
	deadline time.Time
	log      []string
	tick     func()
}

func (r *notebook) Descriptors() []int          { return r.fds }
func (r *notebook) Deadline() (time.Time, bool) { return r.deadline, !r.deadline.IsZero() }
func (r *notebook) Woken(time.Time)             { r.log = append(r.log, "woken") }
func (r *notebook) Readable(_ time.Time, fd int) {
	r.log = append(r.log, "readable")
	var b [64]byte
	_, _ = unix.Read(fd, b[:])
}

func (r *notebook) Tick(time.Time) {
	r.log = append(r.log, "tick")
	if r.tick != nil {
		r.tick()
	}
}

func mustLoop(t *testing.T) *loop {
	t.Helper()
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l.wake) })
	return l
}

func TestATurnLooksAtTheClockFirstAndAtTimersLast(t *testing.T) {
	l := mustLoop(t)
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	if _, err := unix.Write(p[1], []byte("frame")); err != nil {
		t.Fatal(err)
	}
	r := &notebook{fds: []int{p[0]}}
	l.Post(func() { r.log = append(r.log, "post") })
	if err := l.run(r, func() bool { return len(r.log) > 0 }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"woken", "readable", "post", "tick"}, r.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoopWakesForADeadlineAlone(t *testing.T) {
	l := mustLoop(t)
	at := time.Now().Add(20 * time.Millisecond)
	r := &notebook{deadline: at}
	if err := l.run(r, func() bool { return len(r.log) > 0 }); err != nil {
		t.Fatal(err)
	}
	if now := time.Now(); now.Before(at.Add(-time.Millisecond)) {
		t.Errorf("woken %v early", at.Sub(now))
	}
}

func TestPostsRunInOrder(t *testing.T) {
	l := mustLoop(t)
	var got []int
	for i := range 5 {
		l.Post(func() { got = append(got, i) })
	}
	if err := l.run(&notebook{}, func() bool { return len(got) > 0 }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTimersAreLookedAtBetweenManyPosts(t *testing.T) {
	l := mustLoop(t)
	const turns = 3
	var got []int
	for i := range turns * turnPosts {
		l.Post(func() { got = append(got, i) })
	}
	var done []int // when the timers were looked at
	r := &notebook{tick: func() { done = append(done, len(got)) }}
	if err := l.run(r, func() bool { return len(got) == turns*turnPosts }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{turnPosts, 2 * turnPosts, turns * turnPosts}, done); diff != "" || !slices.IsSorted(got) {
		t.Errorf("posts %v, of which were done at each look at the timers (-want +got):\n%s", got, diff)
	}
}

func TestDoGivesUpWithItsContextAndIsNotRunLater(t *testing.T) {
	l := mustLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ran := false
	if err := l.Do(ctx, func() { ran = true }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	l.drain()
	if ran {
		t.Error("what was given up was done all the same")
	}
}

func TestDoWaitsForWhatHasBegun(t *testing.T) {
	l := mustLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	value := 0
	go func() { result <- l.Do(ctx, func() { cancel(); value = 7 }) }()
	r := &notebook{}
	if err := l.run(r, func() bool { return value == 7 }); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil || value != 7 {
		t.Errorf("got %v and %d, want the result", err, value)
	}
}
