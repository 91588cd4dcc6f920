package status

import "time"

// How the wait for a pre_active command ended, or Waiting while it lasts.
const (
	Waiting   = "waiting"
	Succeeded = "succeeded" // exit status 0 in time
	Failed    = "failed"    // any other end in time
	TimedOut  = "timeout"   // killed at its deadline
	Cancelled = "cancelled" // killed because the group was not active any more
)

// PreActive is the wait of an active group's address for the pre_active
// command: the group's own, or its leader's, which it waits for as well.
// Whatever the outcome but Cancelled, the address was taken at the end.
type PreActive struct {
	Transition int       `json:"transition"` // the ID of the one that made the group active
	Outcome    string    `json:"outcome"`    // waiting, succeeded, failed, timeout, cancelled
	Since      time.Time `json:"since"`
	WaitedMS   int64     `json:"waited_ms"` // so far, or in all
	LeftMS     int64     `json:"left_ms"`   // until the address is taken at the latest; 0 when the wait is over
	Leader     string    `json:"leader,omitempty"`
	Error      string    `json:"error,omitempty"`
}

// Taken reports whether the wait has ended with the address taken.
func (p *PreActive) Taken() bool { return p.Outcome != Waiting && p.Outcome != Cancelled }

// HasAddress reports whether an active group has its address, and does not wait
// for a pre_active command any more: until then nothing may leave from its
// virtual MAC.
func (g *Group) HasAddress() bool { return g.PreActive == nil || g.PreActive.Outcome != Waiting }

// Hook is the last run of one of a group's commands.
type Hook struct {
	Hook       string    `json:"hook"` // active, standby, pre_active
	Command    []string  `json:"command"`
	Transition int       `json:"transition"` // its number
	At         time.Time `json:"at"`         // begin
	Running    bool      `json:"running"`
	DurationMS int64     `json:"duration_ms"`
	Exit       int       `json:"exit"` // -1 when there is none
	Output     string    `json:"output"`
	Error      string    `json:"error,omitempty"`
	// Skipped counts the transitions, since the start, that this hook was not
	// run for because the group had already moved on.
	Skipped int `json:"skipped"`
}
