package netlab

import (
	"context"
	"errors"
	"time"
)

// ErrTimeout is returned when a condition did not become true in time.
var ErrTimeout = errors.New("condition not met in time")

// poll is how often Eventually looks: often enough not to disturb a measurement,
// rarely enough to cost nothing.
const poll = 2 * time.Millisecond

// Eventually waits until cond returns true, looking every 2 ms, and returns nil
// then. It returns ErrTimeout after timeout, or the cause of a cancelled ctx. It
// looks once more at the end of the time, as the machine may have stood still.
func Eventually(ctx context.Context, timeout time.Duration, cond func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrTimeout)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if cond() {
				return nil
			}
			return context.Cause(ctx)
		}
	}
	return nil
}
