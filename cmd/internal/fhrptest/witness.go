package fhrptest

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Witness notes when this machine kept threads from running that wanted to: a
// virtual machine that stood still, a processor that others had. It also notes
// when the kernel was slow: what closes a socket or changes the ruleset waits
// until every processor has been through the scheduler, which is a matter of
// milliseconds unless the machine is busy.
type Witness struct {
	mu       sync.Mutex
	ordinary []gap
	realtime []gap
	kernel   []gap     // beyond what a grace period may take
	asked    time.Time // when the kernel was asked that has not answered, or zero
	refused  bool      // there is no real-time thread: the ordinary one stands for both
}

// gap is a time during which a thread did not run although it was due.
type gap struct{ from, to time.Time }

const (
	watchPace = 5 * time.Millisecond
	// punctual is by how much a thread may be late that nobody held up.
	punctual = time.Millisecond

	gracePace = 100 * time.Millisecond
	// grace is how long the kernel may take on a machine that is not busy.
	grace = 50 * time.Millisecond
)

// NewWitness watches until the end of the test; in a scenario of Steady it is
// the one that watches already.
func NewWitness(t testing.TB) *Witness {
	t.Helper()
	if a, ok := t.(*attempt); ok && a.witness != nil {
		return a.witness
	}
	return newWitness(t, false)
}

// newWitness also watches in real time if it is asked to, and may.
func newWitness(t testing.TB, inRealtime bool) *Witness {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &Witness{refused: true}
	var threads sync.WaitGroup
	threads.Go(func() { w.watch(ctx, &w.ordinary) })
	threads.Go(func() { w.watchKernel(ctx) })
	if inRealtime {
		threads.Go(func() { w.watchRealtime(ctx) })
	}
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

// watchKernel waits for one grace period of the kernel after another, which is
// what membarrier(2) does.
func (w *Witness) watchKernel(ctx context.Context) {
	const global = 1
	pace := time.NewTicker(gracePace)
	defer pace.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		w.mu.Lock()
		w.asked = began
		w.mu.Unlock()
		if _, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, global, 0, 0); errno != 0 {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked = time.Time{}
			return // not allowed here: nothing is said
		}
		w.mu.Lock()
		w.kernel = append(w.kernel, w.slow()...)
		w.asked = time.Time{}
		w.mu.Unlock()
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

// slow returns by what the kernel is late with its answer, if it is.
func (w *Witness) slow() []gap {
	if due := w.asked.Add(grace); !w.asked.IsZero() && time.Since(due) > 0 {
		return []gap{{due, time.Now()}}
	}
	return nil
}

// Held returns for how long, in all, an ordinary thread was kept from running
// or the kernel was slow since a time.
func (w *Witness) Held(since time.Time) (total time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range slices.Concat(w.ordinary, w.kernel, w.slow()) {
		total += g.within(since)
	}
	return total
}

// Spare returns what comes on top of a bound since a time for work of many
// steps: what keeps one thread waiting for so long does it to each of several
// that wait for each other.
func (w *Witness) Spare(since time.Time) time.Duration { return 3 * w.Held(since) }

// Late returns what comes on top of a bound since a time for a single frame: a
// few threads that wait for each other once.
func (w *Witness) Late(since time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return 3 * longest(w.ordinary, since)
}

// Longest returns the longest time since another for which an ordinary thread
// was kept from running or the kernel was slow.
func (w *Witness) Longest(since time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(longest(w.ordinary, since), longest(w.kernel, since), longest(w.slow(), since))
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
