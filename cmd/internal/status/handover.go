package status

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Handover is the last hand-over of a group by this router.
type Handover struct {
	State  string     `json:"state"`        // asking, passing, proving, done, refused, rolled-back
	To     string     `json:"to,omitempty"` // the address of who has taken the role
	Began  time.Time  `json:"began"`
	Ended  *time.Time `json:"ended,omitempty"` // absent while it is under way
	TookMS int64      `json:"took_ms"`         // until the other router had the role, 0 when none has
	Reason string     `json:"reason,omitempty"`
	Text   string     `json:"text"` // all of it, for a person
}

// Over reports whether it has come to an end.
func (h *Handover) Over() bool { return engine.HandoverState(h.State).Over() }

// Done reports whether another router has the role now.
func (h *Handover) Done() bool { return h.State == string(engine.HandoverDone) }

// HandoverOf returns h in the shape that scripts rely on, nil when there was none.
func HandoverOf(h engine.Handover) *Handover {
	if h.State == "" {
		return nil
	}
	out := &Handover{State: string(h.State), Began: h.Began, Reason: h.Reason, Text: h.String()}
	if h.To.IsValid() {
		out.To, out.TookMS = h.To.String(), h.Taken.Sub(h.Began).Milliseconds()
	}
	if !h.Ended.IsZero() {
		out.Ended = &h.Ended
	}
	return out
}

// ends counts hand-overs by how they ended; nil when there was none.
func ends(by map[engine.HandoverState]uint64) map[string]uint64 {
	if len(by) == 0 {
		return nil
	}
	out := map[string]uint64{}
	for how, n := range by {
		out[string(how)] = n
	}
	return out
}
