package fhrptest

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// Usage is what processes have used together so far.
type Usage struct {
	CPU time.Duration // of all their threads
	MiB float64       // resident
}

// UsageOf returns what processes have used, without their children.
func UsageOf(t testing.TB, pids ...int) (u Usage) {
	t.Helper()
	for _, pid := range pids {
		u.CPU += processorTime(t, pid)
		u.MiB += residentMiB(t, pid)
	}
	return u
}

// processorTime reads the scheduler's own account: clock ticks are too coarse for a
// process that is idle.
func processorTime(t testing.TB, pid int) (total time.Duration) {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	Must(t, err)
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, task.Name()))
		if err != nil {
			continue // has just ended
		}
		var ran int64
		_, err = fmt.Sscan(string(b), &ran)
		Must(t, err)
		total += time.Duration(ran)
	}
	return total
}

func residentMiB(t testing.TB, pid int) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	Must(t, err)
	var size, pages float64
	_, err = fmt.Sscan(string(b), &size, &pages)
	Must(t, err)
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
