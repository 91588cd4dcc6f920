// Package watch is the live view of one router, or of a pair side by side. A View
// is a value: what was read, the keys that were pressed and the time go in, the
// lines of a screen come out. Interactive paints it on a terminal, Plain writes it
// for a pipe.
package watch

import (
	"context"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Source is where a router is read from.
type Source interface {
	Status(ctx context.Context) (*status.Status, error)
	History(ctx context.Context) ([]status.Past, error)
}

// Streamer is a Source that tells when something happened, so that nobody needs to
// wait for the next reading. Subscribe's channel closes when ctx is done or the
// daemon stops.
type Streamer interface {
	Source
	Subscribe(ctx context.Context) (<-chan status.Event, error)
}

// Reading is what a Source said at a time.
type Reading struct {
	At     time.Time
	Status *status.Status // the last good one, nil when there was none
	Past   []status.Past  // oldest first
	Err    error          // of the last attempt; Status is older then
}

// patience bounds one reading.
const patience = 3 * time.Second

// read asks src, and keeps what was known where it does not answer.
func read(ctx context.Context, src Source, old Reading, now func() time.Time) Reading {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	st, err := src.Status(ctx)
	if err != nil {
		old.Err = err
		return old
	}
	past, err := src.History(ctx)
	if err != nil {
		old.Err = err
		return old
	}
	return Reading{At: now(), Status: st, Past: past}
}
