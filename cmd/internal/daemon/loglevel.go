package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

// logLevels are the words for a level, in the file and at run time.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// SetLog implements control.Backend.
func (d *Daemon) SetLog(ctx context.Context, level string) (string, error) {
	if level == control.FileLevel {
		level = d.config().Daemon.Log
	}
	n, ok := logLevels[strings.ToLower(level)]
	if !ok {
		return "", fmt.Errorf("%w: log level %q: want debug, info, warn, error, or default", control.ErrInvalid, level)
	}
	d.opts.Form.level.Set(n)
	level = strings.ToLower(level)
	d.commanded(ctx, control.CommandSetLog, level)
	return level, nil
}
