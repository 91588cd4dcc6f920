package daemon

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// starvation tells how long a thread was ready to run and got no processor. That
// tells a busy host from a process that was stopped.
type starvation struct {
	file  *os.File // nil: not known
	total time.Duration
	read  time.Time
}

// starvedEvery is how often the account is read while nothing is wrong.
const starvedEvery = 10 * time.Second

// watch begins with the calling thread. A kernel without the account (no
// CONFIG_SCHED_INFO) tells nothing.
func (s *starvation) watch() {
	f, err := os.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", unix.Gettid()))
	if err != nil {
		return
	}
	s.file = f
	s.since()
}

// since returns how much was added since the last call. It is false when that is
// not known.
func (s *starvation) since() (time.Duration, bool) {
	if s.file == nil {
		return 0, false
	}
	var b [80]byte
	n, _ := s.file.ReadAt(b[:], 0) // io.EOF, because there is no more
	total, ok := runDelay(b[:n])
	if !ok {
		return 0, false
	}
	added := total - s.total
	s.total = total
	return added, true
}

// keep reads the account now and then, so that since is about the last moment.
func (s *starvation) keep(now time.Time) {
	if s.file != nil && now.Sub(s.read) >= starvedEvery {
		s.read = now
		s.since()
	}
}

// runDelay returns the second number of a schedstat file: nanoseconds on the run
// queue.
func runDelay(b []byte) (time.Duration, bool) {
	f := bytes.Fields(b)
	if len(f) < 3 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(f[1]), 10, 64)
	return time.Duration(n), err == nil
}
