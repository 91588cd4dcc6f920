package daemon

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// Anybody may lower a priority, so that this works for everybody.
func TestEveryThreadIsReniced(t *testing.T) {
	was, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := 20 - was + 1
	if err := reniceAll(want); err != nil {
		t.Fatal(err)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) < 2 {
		t.Fatal("there is one thread only, the test proves nothing")
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		if got, err := unix.Getpriority(unix.PRIO_PROCESS, tid); err == nil && 20-got != want {
			t.Errorf("thread %d has nice %d, want %d", tid, 20-got, want)
		}
	}
}

func TestThreadThatHasEndedNeedsNothing(t *testing.T) {
	const none = 1 << 30 // no thread has such a number
	if changed, err := renice(none, 5); changed || err != nil {
		t.Errorf("priority: changed %v, %v", changed, err)
	}
	if changed, err := slacken(none, othersSlack); changed || err != nil {
		t.Errorf("timer slack: changed %v, %v", changed, err)
	}
}

// A test that gave its threads this slack would be late itself: it is taken back.
func TestEveryThreadIsSlackened(t *testing.T) {
	slacks := func() (all []string) {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if slack, err := os.ReadFile("/proc/" + task.Name() + "/timerslack_ns"); err == nil {
				all = append(all, strings.TrimSpace(string(slack)))
			}
		}
		return all
	}
	if err := slackenAll(othersSlack); errors.Is(err, os.ErrPermission) {
		skip.Regardless(t, "no CAP_SYS_NICE")
	} else if err != nil {
		t.Fatal(err)
	}
	defer slackenAll(50 * time.Microsecond)
	got := slacks()
	if len(got) < 2 {
		t.Fatal("there is one thread only, the test proves nothing")
	}
	for _, slack := range got {
		if slack != "500000" {
			t.Errorf("timer slack %q ns, want 500000", got)
		}
	}
}

// A process that is of real time altogether has no slack, and nothing is changed again
// and again.
func TestRealTimeThreadKeepsNoSlack(t *testing.T) {
	runtime.LockOSThread() // for good: the thread is not to be anybody else's
	fifo := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
	if err := unix.SchedSetAttr(0, &fifo, 0); err != nil {
		skip.Regardless(t, "no real-time priority")
	}
	if _, err := slacken(unix.Gettid(), othersSlack); err != nil {
		t.Fatal(err)
	}
	if changed, err := slacken(unix.Gettid(), othersSlack); changed || err != nil {
		t.Errorf("the second time: changed %t, %v", changed, err)
	}
}
