package netlab

import (
	"context"
	"errors"
	"time"
)

// ErrTimeout is returned when a condition did not become true in time.
var ErrTimeout = errors.New("condition not met in time")

// Eventually looks after shortest at first, so that it does not disturb a
// measurement, and after longest at most, as the condition may cost a busy
// daemon a millisecond each time.
const (
	shortest = 2 * time.Millisecond
	longest  = 20 * time.Millisecond
)

// Eventually waits until cond returns true and returns nil then. It looks every
// 2 ms at first and every 20 ms in a long wait. It returns ErrTimeout after
// timeout, or the cause of a cancelled ctx. It looks once more at the end of the
// time, as the machine may have stood still.
func Eventually(ctx context.Context, timeout time.Duration, cond func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrTimeout)
	defer cancel()
	began := time.Now()
	for !cond() {
		select {
		case <-time.After(min(max(time.Since(began)/20, shortest), longest)):
		case <-ctx.Done():
			if cond() {
				return nil
			}
			return context.Cause(ctx)
		}
	}
	return nil
}
