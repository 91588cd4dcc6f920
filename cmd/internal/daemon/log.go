package daemon

import (
	"context"
	"log/slog"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// levels says how loud an event is; what is not listed is information.
var levels = map[string]slog.Level{
	"conflict": slog.LevelWarn,
	"reject":   slog.LevelWarn,
	"lease":    slog.LevelWarn,
	"warning":  slog.LevelWarn,
}

// logEvent writes one line for an event, with its own time: it may have waited
// for others to be told. A transition has its fields apart, so that nobody has
// to parse a message.
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
	r := slog.NewRecord(ev.At, level(ev), ev.Message, 0)
	r.AddAttrs(attrs...)
	_ = h.Handle(ctx, r)
}

func level(ev status.Event) slog.Level {
	if p := ev.PreActive; p != nil && (p.Outcome == status.Failed || p.Outcome == status.TimedOut) {
		return slog.LevelWarn
	}
	return levels[ev.Kind]
}
