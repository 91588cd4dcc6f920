package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// NewLog returns a logger that writes to w as d asks for, at a level that may be
// changed later. A journal stamps each
// line of text itself, and is told its level. The error says that
// the level of d does not exist.
func NewLog(w io.Writer, d *configs.Daemon, level *slog.LevelVar, journal bool) (*slog.Logger, error) {
	if err := level.UnmarshalText([]byte(d.Log)); err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	o := &slog.HandlerOptions{Level: level}
	if d.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	if journal {
		return slog.New(newJournalHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
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
