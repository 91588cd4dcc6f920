package control

import (
	"context"
	"net/http"
	"strings"
	"time"
)

const pathMaintenance = "/v1/maintenance"

// CommandMaintenance is the name of the command, in both directions.
const CommandMaintenance = "maintenance"

// maintenanceTimeout bounds a departure: thousands of groups hand over, and each
// successor proves its neighbours.
const maintenanceTimeout = 60 * time.Second

// Departed is the answer to Maintenance.
type Departed struct {
	Groups []string `json:"groups"` // references of those that the order was about
}

// maintain adds the command.
func (s *server) maintain(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathMaintenance, s.command(CommandMaintenance, func(ctx context.Context, q request) (any, error) {
		refs, err := s.backend.Maintenance(ctx, q.On, q.Groups)
		return Departed{refs}, err
	}))
}

// about returns what a command was about, for the hooks.
func (q *request) about() string {
	if q.Group == "" {
		return strings.Join(q.Groups, " ")
	}
	return q.Group
}

// Maintenance implements Backend.
func (c *Client) Maintenance(ctx context.Context, on bool, groups []string) ([]string, error) {
	a, err := command[Departed](ctx, c, pathMaintenance, maintenanceTimeout, request{On: on, Groups: groups})
	return a.Groups, err
}
