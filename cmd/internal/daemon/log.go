package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// LogForm is how the lines of a log look. It may be changed while the log is in use.
type LogForm struct {
	level slog.LevelVar
	json  atomic.Bool
}

// NewLog returns a logger that writes to w as d asks for, in a form that may be
// changed later. A journal stamps each line of text itself, and is told its level.
// The error says that the level of d does not exist.
func NewLog(w io.Writer, d *configs.Daemon, form *LogForm, journal bool) (*slog.Logger, error) {
	if err := form.level.UnmarshalText([]byte(d.Log)); err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	form.json.Store(d.Format == "json")
	h := formHandler{form: form, json: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: &form.level})}
	if o := (&slog.HandlerOptions{Level: &form.level}); journal {
		h.text = newJournalHandler(w, o)
	} else {
		h.text = slog.NewTextHandler(w, o)
	}
	return slog.New(h), nil
}

// formHandler writes each line in the form that is asked for then.
type formHandler struct {
	form       *LogForm
	text, json slog.Handler
}

// Enabled implements slog.Handler.
func (h formHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.form.level.Level() }

// Handle implements slog.Handler.
func (h formHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.form.json.Load() {
		return h.json.Handle(ctx, r)
	}
	return h.text.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h formHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return formHandler{h.form, h.text.WithAttrs(attrs), h.json.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h formHandler) WithGroup(name string) slog.Handler {
	return formHandler{h.form, h.text.WithGroup(name), h.json.WithGroup(name)}
}

// levels has the kinds of events that are more than information.
var levels = map[string]slog.Level{
	"conflict": slog.LevelWarn,
	"reject":   slog.LevelWarn,
	"lease":    slog.LevelWarn,
	"warning":  slog.LevelWarn,
}

// logEvent writes one line for an event. The time is the event's own, because it
// may have waited for others. A transition has separate fields, so that nobody
// has to parse a message.
func logEvent(log *slog.Logger, ev status.Event) {
	ctx, h := context.Background(), log.Handler()
	if !h.Enabled(ctx, level(ev)) {
		return
	}
	attrs := []slog.Attr{slog.String("event", ev.Kind)}
	if t := ev.Transition; t != nil {
		attrs = append(attrs,
			slog.String("proto", t.Protocol), slog.String("iface", t.Interface), slog.Int("group", t.Group),
			slog.Int("family", t.Family), slog.String("from", t.From), slog.String("to", t.To),
			slog.String("cause", t.Cause), slog.String("detail", t.Detail), slog.Int("id", t.ID))
	} else if ev.Group != "" {
		attrs = append(attrs, slog.String("group", ev.Group))
	}
	if c := ev.Command; c != nil {
		attrs = append(attrs, commandAttrs(c)...)
	}
	r := slog.NewRecord(ev.At, level(ev), ev.Message, 0)
	r.AddAttrs(attrs...)
	_ = h.Handle(ctx, r)
}

// commandAttrs are what a command is searched for by.
func commandAttrs(c *status.Command) []slog.Attr {
	attrs := []slog.Attr{slog.String("command", c.Name)}
	if c.Priority != nil {
		attrs = append(attrs, slog.String("priority", priorityText(*c.Priority)))
	}
	if c.About != "" {
		attrs = append(attrs, slog.String("about", c.About))
	}
	if c.UID != nil {
		attrs = append(attrs, slog.Int("uid", *c.UID), slog.Int("pid", *c.PID))
	}
	return attrs
}

func level(ev status.Event) slog.Level {
	if p := ev.PreActive; p != nil && (p.Outcome == engine.Failed || p.Outcome == engine.TimedOut) {
		return slog.LevelWarn
	}
	return levels[ev.Kind]
}
