package daemon

import (
	"time"

	"golang.org/x/sys/unix"
)

// clockNoise is how much two clocks may differ only because they are read one
// after the other.
const clockNoise = 10 * time.Millisecond

// sleepClock tells how long the host was suspended. Meanwhile the boot clock goes
// on, and the monotonic clock, by which all else is measured, does not.
type sleepClock struct {
	known bool
	ahead time.Duration
	epoch time.Time // any
}

// since returns how long the host slept since the last call, when the boot
// clock is now ahead of the monotonic one by this much.
func (s *sleepClock) since(ahead time.Duration) time.Duration {
	slept := ahead - s.ahead
	if !s.known || slept < clockNoise {
		slept = 0
	}
	s.known, s.ahead = true, max(s.ahead, ahead)
	return slept
}

// aheadOfMonotonic returns by how much the boot clock is ahead of the monotonic one, but
// for a constant. It is called in every turn: Go reads the monotonic clock without a
// system call.
func (s *sleepClock) aheadOfMonotonic() time.Duration {
	if s.epoch.IsZero() {
		s.epoch = time.Now()
	}
	return clock(unix.CLOCK_BOOTTIME) - time.Since(s.epoch)
}

func clock(id int32) time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(id, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
