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
	lines   *worker
	waiting atomic.Int64 // with the one that is being written
	lost    atomic.Uint64
}

// newAsyncLog returns a logger that writes to log's handler in the background.
func newAsyncLog(log *slog.Logger) (*slog.Logger, *asyncLog) {
	a := &asyncLog{lines: newWorker()}
	return slog.New(asyncHandler{log.Handler(), a}), a
}

func (a *asyncLog) write(h slog.Handler, r slog.Record) {
	_ = h.Handle(context.Background(), r)
	a.waiting.Add(-1)
	if n := a.lost.Swap(0); n > 0 {
		r := slog.NewRecord(time.Now(), slog.LevelWarn, "the log was too slow for some lines", 0)
		r.AddAttrs(slog.Uint64("lost", n))
		_ = h.Handle(context.Background(), r)
	}
}

// close waits until what was logged is written, or for as long as given.
func (a *asyncLog) close(within time.Duration) {
	a.lines.end()
	select {
	case <-a.lines.done:
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
	if h.a.waiting.Add(1) > logRoom {
		h.a.waiting.Add(-1)
		h.a.lost.Add(1)
		return nil
	}
	line := r.Clone()
	h.a.lines.do(func() { h.a.write(h.Handler, line) })
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
