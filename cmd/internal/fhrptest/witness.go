package fhrptest

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Witness notes when this machine kept threads from running that wanted to: a
// virtual machine that stood still, a processor that others had.
type Witness struct {
	mu       sync.Mutex
	ordinary []gap
	realtime []gap // none where the priority is refused: then ordinary stands for both
	refused  bool
}

// gap is a time during which a thread did not run although it was due.
type gap struct{ from, to time.Time }

const (
	watchPace = 2 * time.Millisecond
	// punctual is by how much a thread may be late that nobody held up.
	punctual = time.Millisecond
)

// NewWitness watches until the end of the test.
func NewWitness(t testing.TB) *Witness {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &Witness{}
	var threads sync.WaitGroup
	threads.Go(func() { w.watch(ctx, &w.ordinary) })
	threads.Go(func() { w.watchRealtime(ctx) })
	t.Cleanup(func() { cancel(); threads.Wait() })
	return w
}

func (w *Witness) watchRealtime(ctx context.Context) {
	runtime.LockOSThread() // for good: the thread is not to be anybody else's
	err := realtime()
	w.mu.Lock()
	w.refused = err != nil
	w.mu.Unlock()
	if err == nil {
		w.watch(ctx, &w.realtime)
	}
}

// realtime puts the calling thread above everything ordinary, and above fhrpd.
func realtime() error {
	const priority = 20
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: priority}, 0)
}

func (w *Witness) watch(ctx context.Context, gaps *[]gap) {
	runtime.LockOSThread()
	pace := unix.NsecToTimespec(watchPace.Nanoseconds())
	for last := time.Now(); ctx.Err() == nil; {
		_ = unix.Nanosleep(&pace, nil)
		now := time.Now()
		if due := last.Add(watchPace); now.Sub(due) > punctual {
			w.mu.Lock()
			*gaps = append(*gaps, gap{due, now})
			w.mu.Unlock()
		}
		last = now
	}
}

// Held returns for how long, in all, an ordinary thread was kept from running
// since a time.
func (w *Witness) Held(since time.Time) (total time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.ordinary {
		total += g.within(since)
	}
	return total
}

// Longest returns the longest time since another for which an ordinary thread
// was kept from running.
func (w *Witness) Longest(since time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return longest(w.ordinary, since)
}

// Standstill is Longest for a thread with real-time priority, such as fhrpd's
// where it is allowed one.
func (w *Witness) Standstill(since time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused {
		return longest(w.ordinary, since)
	}
	return longest(w.realtime, since)
}

func longest(gaps []gap, since time.Time) (most time.Duration) {
	for _, g := range gaps {
		most = max(most, g.within(since))
	}
	return most
}

// within returns the part of a gap that lies after a time.
func (g gap) within(since time.Time) time.Duration {
	if g.from.Before(since) {
		g.from = since
	}
	return max(0, g.to.Sub(g.from))
}
