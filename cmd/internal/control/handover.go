package control

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

const (
	pathHandover    = "/v1/handover"
	CommandHandover = engine.CommandHandover // its name
)

// handoverSlack is how much longer than a successor's time to prove its neighbours a
// hand-over may take: until it was asked, and the role moved and came back, with
// advertisements of VRRP as far apart as they may be.
const handoverSlack = 50 * time.Second

// handover adds the command that hands a role over.
func (s *server) handover(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathHandover, s.command(CommandHandover, func(ctx context.Context, q request) (any, error) {
		timeout := time.Duration(q.TimeoutMS) * time.Millisecond
		if timeout < 0 || timeout > engine.MaxHandoverTimeout {
			return nil, fmt.Errorf("%w: timeout %v: want more than 0 and at most %v", ErrInvalid, timeout, engine.MaxHandoverTimeout)
		}
		return s.backend.Handover(ctx, q.Group, timeout)
	}))
}

// Handover implements Backend.
func (c *Client) Handover(ctx context.Context, group string, timeout time.Duration) (*status.Handover, error) {
	q := request{Group: group, TimeoutMS: timeout.Milliseconds()}
	return command[*status.Handover](ctx, c, pathHandover, timeout+handoverSlack, q)
}
