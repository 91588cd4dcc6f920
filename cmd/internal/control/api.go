package control

// The paths of the interface. Questions are GET, commands are POST: readers may
// send every GET, so none changes anything or tells a secret.
const (
	pathStatus      = "/v1/status"
	pathTransitions = "/v1/transitions"
	pathEvents      = "/v1/events" // one JSON object a line, until either side closes
	pathExplain     = "/v1/explain"
	pathPriority    = "/v1/priority"
	pathAnnounce    = "/v1/announce"
	pathVerify      = "/v1/verify"
)

// The names of the commands, as hooks and refusals give them.
const (
	CommandSetPriority = "set priority"
	CommandAnnounce    = "announce"
	CommandVerify      = "verify"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 64 << 10

// request is the body of a command.
type request struct {
	Group    string `json:"group"`
	Priority *int   `json:"priority,omitempty"` // set priority only
}
