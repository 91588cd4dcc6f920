package daemon

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// loop is the one thread on which the engine runs. It waits in ppoll(2), whose
// timeout is a high-resolution timer of the kernel. Go's own timers are ten times
// as late, and a hundred times when the host is busy.
type loop struct {
	wake int           // eventfd
	gone chan struct{} // closed by end

	mu    sync.Mutex
	posts []func()
	over  error // why nothing is run any more
}

func newLoop() (*loop, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("create eventfd: %w", err)
	}
	return &loop{wake: fd, gone: make(chan struct{})}, nil
}

// Post runs fn on the loop's thread, soon and in order. It may be called from
// any goroutine.
func (l *loop) Post(fn func()) {
	l.mu.Lock()
	l.posts = append(l.posts, fn)
	l.mu.Unlock()
	l.signal()
}

// end has Do return why instead of running anything. The loop does not run any more.
func (l *loop) end(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = why
	close(l.gone)
}

func (l *loop) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// busy reports whether something waits to be run.
func (l *loop) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.posts) > 0
}

func (l *loop) signal() {
	_, _ = unix.Write(l.wake, binary.NativeEndian.AppendUint64(nil, 1))
}

// Do runs fn on the loop's thread and waits for it. It does not run fn when ctx or
// the loop ends first.
func (l *loop) Do(ctx context.Context, fn func()) error {
	if err := l.ended(); err != nil {
		return err
	}
	done := make(chan struct{})
	var claimed atomic.Bool
	l.Post(func() {
		if claimed.CompareAndSwap(false, true) {
			fn()
			close(done)
		}
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	case <-l.gone:
		return l.ended()
	}
	if claimed.CompareAndSwap(false, true) {
		return ctx.Err()
	}
	<-done // it has begun, and nothing on the loop takes long
	return nil
}

// driven is what a loop drives.
type driven interface {
	// Descriptors returns the sockets to wait for.
	Descriptors() []int
	// Deadline returns when Tick must be called at the latest.
	Deadline() (time.Time, bool)
	// Woken is called first after every wait.
	Woken(now time.Time)
	// Readable is called for a descriptor that has something to read.
	Readable(now time.Time, fd int)
	// Tick is called after everything else.
	Tick(now time.Time)
}

// run drives d on the calling goroutine, which must be locked to its thread,
// until stop is true after a turn.
func (l *loop) run(d driven, stop func() bool) error {
	var fds []unix.PollFd
	for !stop() {
		fds = append(fds[:0], unix.PollFd{Fd: int32(l.wake), Events: unix.POLLIN})
		for _, fd := range d.Descriptors() {
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
		if err := wait(fds, d); err != nil {
			return err
		}
		now := time.Now()
		d.Woken(now)
		for _, p := range fds[1:] {
			if p.Revents != 0 {
				d.Readable(now, int(p.Fd))
			}
		}
		if fds[0].Revents != 0 {
			l.drain()
		}
		d.Tick(time.Now())
	}
	return nil
}

func wait(fds []unix.PollFd, d driven) error {
	timeout := time.Duration(-1)
	if at, armed := d.Deadline(); armed {
		timeout = max(time.Until(at), 0)
	}
	if err := ppoll(fds, timeout); err != 0 && err != unix.EINTR {
		return fmt.Errorf("wait for packets: %w", err)
	}
	return nil
}

// turnPosts bounds how many posts run in a turn, so that timers are not late: a
// thousand commands may end together, and each opens a gate.
const turnPosts = 16

// drain runs the posts of a turn. When some are left, another turn begins at
// once.
func (l *loop) drain() {
	_, _ = unix.Read(l.wake, make([]byte, 8))
	l.mu.Lock()
	posts := l.posts[:min(len(l.posts), turnPosts)]
	l.posts = l.posts[len(posts):]
	left := len(l.posts) > 0
	l.mu.Unlock()
	if left {
		l.signal()
	}
	for _, fn := range posts {
		fn()
	}
	clear(posts)
}
