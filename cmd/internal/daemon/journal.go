package daemon

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// JournalPrefix returns what stands in front of a line for systemd's journal, so
// that it knows its level: sd-daemon(3).
func JournalPrefix(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

// journalHandler writes lines for the journal, which has times of its own.
type journalHandler struct {
	slog.Handler // writes to line
	line         *journalLine
}

// journalLine is the line that is being made, for a handler and all that were made
// from it.
type journalLine struct {
	mu sync.Mutex
	b  bytes.Buffer
	w  io.Writer
}

func newJournalHandler(w io.Writer, o *slog.HandlerOptions) slog.Handler {
	l := &journalLine{w: w}
	o.ReplaceAttr = withoutTime
	return journalHandler{slog.NewTextHandler(&l.b, o), l}
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// Handle implements slog.Handler.
func (h journalHandler) Handle(ctx context.Context, r slog.Record) error {
	h.line.mu.Lock()
	defer h.line.mu.Unlock()
	h.line.b.Reset()
	h.line.b.WriteString(JournalPrefix(r.Level))
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := h.line.w.Write(h.line.b.Bytes())
	return err
}

// WithAttrs implements slog.Handler.
func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journalHandler{h.Handler.WithAttrs(attrs), h.line}
}

// WithGroup implements slog.Handler.
func (h journalHandler) WithGroup(name string) slog.Handler {
	return journalHandler{h.Handler.WithGroup(name), h.line}
}
