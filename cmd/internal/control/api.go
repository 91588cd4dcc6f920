package control

import "github.com/fhrpd/fhrpd/fsm/engine"

// The paths of the interface. Questions are GET, commands are POST: readers may
// send every GET, so none changes anything or tells a secret.
const (
	pathStatus   = "/v1/status"
	pathHistory  = "/v1/history"
	pathEvents   = "/v1/events" // one JSON object a line, until either side closes
	pathExplain  = "/v1/explain"
	pathPriority = "/v1/priority"
	pathAnnounce = "/v1/announce"
	pathVerify   = "/v1/verify"
)

// The names of the commands, as hooks and refusals give them.
const (
	CommandSetPriority = engine.CommandSetPriority
	CommandAnnounce    = engine.CommandAnnounce
	CommandVerify      = "verify"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 64 << 10

// request is the body of a command.
type request struct {
	Group     string `json:"group"`
	Protocol  string `json:"protocol,omitempty"`   // clear counters only
	Level     string `json:"level,omitempty"`      // set log only
	Priority  *int   `json:"priority,omitempty"`   // set priority only
	DryRun    bool   `json:"dry_run,omitempty"`    // reload only
	TimeoutMS int64  `json:"timeout_ms,omitempty"` // handover only

	On     bool     `json:"on,omitempty"`     // maintenance only
	Groups []string `json:"groups,omitempty"` // maintenance only; empty: all
}
