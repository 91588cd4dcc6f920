package track

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/plain"
)

// answered returns the check that asks target a question. ask returns what it
// saw, to which the check adds how long that took. verb begins the error.
func answered(verb, target string, timeout time.Duration, ask func(context.Context) (string, error)) check {
	return func(ctx context.Context) (string, error) {
		began := time.Now()
		seen, err := ask(ctx)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
			return "", fmt.Errorf("no answer from %s within %v", target, timeout)
		case err != nil:
			return "", fmt.Errorf("%s %s: %s", verb, target, plain.Line(err.Error())) // a certificate may say anything
		}
		took, digit := time.Since(began), 100*time.Microsecond
		if took < time.Millisecond {
			digit = 10 * time.Microsecond
		}
		return fmt.Sprintf("%s in %v", seen, took.Round(digit)), nil
	}
}

// bare takes the layers of packages net and net/http off an error: the caller
// has said what was done and to whom.
func bare(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// deadliner is a socket that may be woken.
type deadliner interface{ SetDeadline(time.Time) error }

// endWith makes the operations of a socket end with ctx, until stop is called.
func endWith(ctx context.Context, c deadliner) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
}
