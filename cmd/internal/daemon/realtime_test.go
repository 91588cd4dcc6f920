package daemon

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
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

func TestThreadThatHasEndedNeedsNoPriority(t *testing.T) {
	const none = 1 << 30 // no thread has such a number
	if changed, err := renice(none, 5); changed || err != nil {
		t.Errorf("changed %v, %v", changed, err)
	}
}
