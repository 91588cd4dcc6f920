package daemon

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// fifoPriority is above everything ordinary and below the kernel's own threads.
const fifoPriority = 10

// lockThread gives the calling goroutine a thread of its own with punctual
// timers and, if asked for and allowed, real-time priority. Child processes
// and threads do not inherit the priority. It returns why it was refused.
func lockThread(realtime bool) error {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	if !realtime {
		return nil
	}
	fifo := unix.SchedAttr{Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: fifoPriority}
	if err := unix.SchedSetAttr(0, &fifo, 0); err != nil {
		return fmt.Errorf("ask for SCHED_FIFO: %w (LimitRTPRIO=%d or CAP_SYS_NICE allows it)", err, fifoPriority)
	}
	return nil
}

// othersNice is the priority of the daemon's other threads. The loop waits for
// them more often than one expects: for one of Go's processors, which the
// scheduler takes from another after 10 ms of work, and for the garbage collector
// until all have stopped. Among a dozen busy processes each of these waits took
// some ten milliseconds.
const othersNice = -20

// reniceAll gives all threads of this process a priority. Those that are made
// later inherit it, and so would programs: see package command.
func reniceAll(nice int) error {
	return eachThread(func(tid int) (bool, error) { return renice(tid, nice) })
}

// eachThread has change called for every thread of this process. It reports whether it
// changed the thread.
func eachThread(change func(tid int) (changed bool, err error)) error {
	// A thread that was made meanwhile may be missing in one list.
	for quiet := 0; quiet < 2; quiet++ {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list threads: %w", err)
		}
		for _, t := range tasks {
			tid, _ := strconv.Atoi(t.Name())
			changed, err := change(tid)
			if err != nil {
				return err
			}
			if changed {
				quiet = -1
			}
		}
	}
	return nil
}

// renice reports whether it changed a thread's priority. A thread that has ended
// is no error.
func renice(tid, nice int) (changed bool, err error) {
	was, err := unix.Getpriority(unix.PRIO_PROCESS, tid)
	if err == nil && 20-was != nice { // the system call returns 20 - nice
		err = unix.Setpriority(unix.PRIO_PROCESS, tid, nice)
		changed = err == nil
	}
	if err != nil && err != unix.ESRCH {
		return false, fmt.Errorf("set nice %d: %w (LimitNICE=%[1]d or CAP_SYS_NICE allows it)", nice, err)
	}
	return changed, nil
}

// othersSlack is by how much the kernel may prolong the sleep of the daemon's other
// threads. Go's monitor sleeps for 20 µs again and again while the loop has a turn, and
// was a fifth of what an idle daemon cost with the kernel's own 50 µs. Real-time threads
// have no slack.
const othersSlack = 500 * time.Microsecond

// slackenAll gives all threads of this process a slack. Those that are made later
// inherit it, and so would programs: see package command. It takes CAP_SYS_NICE.
func slackenAll(slack time.Duration) error {
	return eachThread(func(tid int) (bool, error) { return slacken(tid, slack) })
}

// slacken reports whether it changed a thread's slack. A thread that has ended is no
// error, and neither is one of real time, which has no slack whatever is written.
func slacken(tid int, slack time.Duration) (changed bool, err error) {
	file := fmt.Sprintf("/proc/%d/timerslack_ns", tid)
	want := strconv.FormatInt(slack.Nanoseconds(), 10)
	is := func() bool {
		var now []byte
		now, err = os.ReadFile(file)
		return strings.TrimSpace(string(now)) == want
	}
	if !is() && err == nil {
		if err = os.WriteFile(file, []byte(want), 0); err == nil {
			changed = is()
		}
	}
	switch {
	case err == nil, errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
		return changed, nil
	case errors.Is(err, os.ErrPermission):
		return false, fmt.Errorf("set the timer slack of the other threads: %w (CAP_SYS_NICE allows it, and TimerSlackNSec= of a unit sets it)", err)
	}
	return false, fmt.Errorf("set the timer slack of the other threads: %w", err)
}

// lockMemory keeps the daemon's pages in memory where that is allowed without a
// limit. With a limit, a later allocation would fail.
func lockMemory() error {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lim); err != nil {
		return fmt.Errorf("read the limit of locked memory: %w", err)
	}
	if lim.Cur != unix.RLIM_INFINITY && !capable(unix.CAP_IPC_LOCK) {
		return fmt.Errorf("lock memory: limited to %d bytes (LimitMEMLOCK=infinity allows it)", lim.Cur)
	}
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		return fmt.Errorf("lock memory: %w", err)
	}
	return nil
}

// capable reports whether the process holds a capability, in its own user
// namespace.
func capable(c int) bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return false
	}
	return data[c/32].Effective&(1<<(c%32)) != 0
}
