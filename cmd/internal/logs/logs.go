// Package logs makes the daemon's logger from its configuration.
package logs

import (
	"fmt"
	"io"
	"log/slog"
)

// Options say how to log. The zero value is text at level info.
type Options struct {
	Level   string // debug, info, warn, error; empty is info
	Format  string // text or json; empty is text
	Journal bool   // the reader stamps each line itself: leave the time out of text
}

// New returns a logger that writes to w, and its level, which may be changed
// while it runs.
func New(w io.Writer, o Options) (*slog.Logger, *slog.LevelVar, error) {
	level := new(slog.LevelVar)
	if o.Level != "" {
		if err := SetLevel(level, o.Level); err != nil {
			return nil, nil, err
		}
	}
	ho := &slog.HandlerOptions{Level: level}
	switch o.Format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, ho)), level, nil
	case "text", "":
		if o.Journal {
			ho.ReplaceAttr = withoutTime
		}
		return slog.New(slog.NewTextHandler(w, ho)), level, nil
	}
	return nil, nil, fmt.Errorf("log format %q: want text or json", o.Format)
}

// SetLevel changes level to the one called name.
func SetLevel(level *slog.LevelVar, name string) error {
	switch name {
	case "debug":
		level.Set(slog.LevelDebug)
	case "info":
		level.Set(slog.LevelInfo)
	case "warn":
		level.Set(slog.LevelWarn)
	case "error":
		level.Set(slog.LevelError)
	default:
		return fmt.Errorf("log level %q: want debug, info, warn or error", name)
	}
	return nil
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
