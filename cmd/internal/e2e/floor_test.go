package e2e

import (
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// floor measures, until stop is called, how late a thread wakes that does
// nothing but sleep until the next multiple of interval, without Go's scheduler
// in between: what no program undercuts on this machine beside this load. The
// latenesses are sorted.
func floor(b *testing.B, interval time.Duration, realtime bool) (stop func() []time.Duration) {
	b.Helper()
	quit, done := make(chan struct{}), make(chan []time.Duration, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread keeps its priority
		if realtime {
			attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
			_ = unix.SchedSetAttr(0, attr, 0) // where it is refused the daemon's is, too
		}
		var late []time.Duration
		for due := monotonic() + interval; ; due += interval {
			select {
			case <-quit:
				slices.Sort(late)
				done <- late
				return
			default:
			}
			sleepUntil(due)
			late = append(late, monotonic()-due)
		}
	}()
	return func() []time.Duration { close(quit); return <-done }
}

func monotonic() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return time.Duration(now.Nano())
}

// sleepUntil does not tell Go's scheduler that the thread sleeps, so that it
// does not have to ask for a processor when it wakes.
func sleepUntil(at time.Duration) {
	until := unix.NsecToTimespec(at.Nanoseconds())
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&until)), 0, 0, 0)
		if errno != unix.EINTR {
			return
		}
	}
}
