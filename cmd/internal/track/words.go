package track

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// took writes how long an answer took with a sensible number of digits.
func took(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// noAnswer is what every kind of check says when its time is over.
func noAnswer(from string, within time.Duration) error {
	return fmt.Errorf("no answer from %s within %v", from, within)
}

// timedOut reports whether a network operation ended for want of time.
func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// bare takes the layers of package net off an error: the caller has said what
// was done and to whom.
func bare(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// deadliner is a socket that may be woken.
type deadliner interface{ SetDeadline(time.Time) error }

// bound makes the operations of a socket end with ctx, until stop is called.
func bound(ctx context.Context, c deadliner) (stop func() bool, err error) {
	if at, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(at); err != nil {
			return nil, err
		}
	}
	return context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }), nil
}
