package control

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// The paths of the commands that are about no single group.
const (
	pathClear = "/v1/clear"
	pathLog   = "/v1/log"

	pathReload = "/v1/reload"
)

// The names of those commands.
const (
	CommandClear  = "clear counters"
	CommandSetLog = "set log"
	CommandReload = engine.CommandReload
)

// FileLevel given to SetLog restores the level of the file.
const FileLevel = "default"

// Cleared is the answer to ClearCounters.
type Cleared struct {
	Groups int `json:"groups"` // whose counters were cleared
}

// Level is the answer to SetLog.
type Level struct {
	Level string `json:"level"` // the one in force now
}

// needsGroup reports whether a command is about one group.
func needsGroup(path string) bool {
	return !slices.Contains([]string{pathClear, pathLog, pathReload, pathMaintenance, pathUpgrade}, path)
}

// operate adds the commands that are about no single group.
func (s *server) operate(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathClear, s.command(CommandClear, func(ctx context.Context, q request) (any, error) {
		n, err := s.backend.ClearCounters(ctx, q.Protocol, q.Group)
		return Cleared{n}, err
	}))
	mux.HandleFunc("POST "+pathLog, s.command(CommandSetLog, func(ctx context.Context, q request) (any, error) {
		if q.Level == "" {
			return nil, fmt.Errorf("%w: level is missing", ErrInvalid)
		}
		level, err := s.backend.SetLog(ctx, q.Level)
		return Level{level}, err
	}))
	mux.HandleFunc("POST "+pathReload, s.command(CommandReload, func(ctx context.Context, q request) (any, error) {
		return s.backend.Reload(ctx, q.DryRun)
	}))
}

// ClearCounters implements Backend.
func (c *Client) ClearCounters(ctx context.Context, protocol, groups string) (int, error) {
	a, err := command[Cleared](ctx, c, pathClear, answerTimeout, request{Protocol: protocol, Group: groups})
	return a.Groups, err
}

// reloadTimeout bounds a reload: thousands of groups are read and compared.
const reloadTimeout = 30 * time.Second

// Reload implements Backend.
func (c *Client) Reload(ctx context.Context, dryRun bool) (*status.Plan, error) {
	return command[*status.Plan](ctx, c, pathReload, reloadTimeout, request{DryRun: dryRun})
}

// SetLog implements Backend.
func (c *Client) SetLog(ctx context.Context, level string) (string, error) {
	a, err := command[Level](ctx, c, pathLog, answerTimeout, request{Level: level})
	return a.Level, err
}
