package daemon

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A thread that waits in an ordinary system call keeps its Go processor for ten
// milliseconds, and the runtime's monitor looks at it some twenty times meanwhile.
func TestPpollLetsTheRuntimeSleep(t *testing.T) {
	const waits, most = 20, 20
	done := make(chan int64)
	go func() {
		runtime.LockOSThread()
		before := switches(t)
		for range waits {
			runtime.Gosched() // so that the processor's turn is a new one
			if errno := ppoll(nil, 15*time.Millisecond); errno != 0 && errno != unix.EINTR {
				t.Error(errno)
			}
		}
		done <- switches(t) - before
	}()
	n := <-done
	t.Logf("%d context switches", n)
	if n > waits*most {
		t.Errorf("%d waits took %d context switches, want at most %d each", waits, n, most)
	}
}

// switches returns how often this process's threads have gone to sleep.
func switches(t *testing.T) int64 {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Error(err)
	}
	return u.Nvcsw
}

func TestPpoll(t *testing.T) {
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(l.wake)
	fds := []unix.PollFd{{Fd: int32(l.wake), Events: unix.POLLIN}}
	begun := time.Now()
	if errno := ppoll(fds, 3*time.Millisecond); errno != 0 && errno != unix.EINTR || fds[0].Revents != 0 {
		t.Errorf("nothing to read: %v, events %#x", errno, fds[0].Revents)
	} else if d := time.Since(begun); errno == 0 && d < 3*time.Millisecond {
		t.Errorf("returned after %v", d)
	}
	l.signal()
	if errno := ppoll(fds, -1); errno != 0 || fds[0].Revents != unix.POLLIN {
		t.Errorf("something to read: %v, events %#x", errno, fds[0].Revents)
	}
}

// The collector stops all threads but those that wait in the kernel.
func TestPpollDoesNotHoldUpTheCollector(t *testing.T) {
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		fds := []unix.PollFd{{Fd: int32(l.wake), Events: unix.POLLIN}}
		for ppoll(fds, -1) == unix.EINTR {
		}
	}()
	for range 20 {
		runtime.GC()
	}
	l.signal()
	<-done
	unix.Close(l.wake)
}
