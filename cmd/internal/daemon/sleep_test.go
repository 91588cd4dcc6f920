package daemon

import (
	"testing"
	"time"
)

func TestSleepIsToldOnce(t *testing.T) {
	for _, start := range []time.Duration{0, -50 * time.Nanosecond, time.Hour} {
		var s sleepClock
		for i, step := range []struct{ ahead, want time.Duration }{
			{start, 0},                                    // slept before this process began
			{start + time.Microsecond, 0},                 // noise
			{start + 7*time.Second, 7 * time.Second},      // asleep
			{start + 7*time.Second - time.Microsecond, 0}, // told
			{start + 9*time.Second, 2 * time.Second},
		} {
			if got := s.since(step.ahead); got.Round(time.Millisecond) != step.want {
				t.Errorf("start %v, step %d: slept %v, want %v", start, i, got, step.want)
			}
		}
	}
}
