package daemon

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// logRoom is how many lines may wait for a slow reader of the log.
const logRoom = 4096

// asyncLog writes log lines on a goroutine of its own. A stopped terminal, a full
// pipe or a stuck journal then costs lines, not hellos.
type asyncLog struct {
	lines chan logLine
	lost  atomic.Uint64
	done  chan struct{}
}

// logLine is a record for a handler; without one it is the end of the log.
type logLine struct {
	h slog.Handler
	r slog.Record
}

// newAsyncLog returns a logger that writes to log's handler in the background.
func newAsyncLog(log *slog.Logger) (*slog.Logger, *asyncLog) {
	a := &asyncLog{lines: make(chan logLine, logRoom), done: make(chan struct{})}
	go a.run()
	return slog.New(asyncHandler{log.Handler(), a}), a
}

func (a *asyncLog) run() {
	defer close(a.done)
	for l := range a.lines {
		if l.h == nil {
			return
		}
		a.write(l)
	}
}

func (a *asyncLog) write(l logLine) {
	_ = l.h.Handle(context.Background(), l.r)
	if n := a.lost.Swap(0); n > 0 {
		r := slog.NewRecord(time.Now(), slog.LevelWarn, "the log was too slow for some lines", 0)
		r.AddAttrs(slog.Uint64("lost", n))
		_ = l.h.Handle(context.Background(), r)
	}
}

// close waits until what was logged is written, or for as long as given.
func (a *asyncLog) close(within time.Duration) {
	go func() { a.lines <- logLine{} }() // there may be no room now
	select {
	case <-a.done:
	case <-time.After(within):
	}
}

// asyncHandler is the logger's end of an asyncLog.
type asyncHandler struct {
	slog.Handler
	a *asyncLog
}

// Handle implements slog.Handler. It never waits.
func (h asyncHandler) Handle(_ context.Context, r slog.Record) error {
	select {
	case h.a.lines <- logLine{h.Handler, r.Clone()}:
	default:
		h.a.lost.Add(1)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h asyncHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return asyncHandler{h.Handler.WithAttrs(attrs), h.a}
}

// WithGroup implements slog.Handler.
func (h asyncHandler) WithGroup(name string) slog.Handler {
	return asyncHandler{h.Handler.WithGroup(name), h.a}
}
