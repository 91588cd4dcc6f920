package status

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// PreActive is the wait of an active group's address for the pre_active
// command: the group's own, or its leader's.
// Unless the outcome is engine.Cancelled, the address was taken at the end.
type PreActive struct {
	Transition int            `json:"transition"` // the ID of the one that made the group active
	Outcome    engine.Outcome `json:"outcome"`    // waiting, succeeded, failed, timeout, cancelled
	Since      time.Time      `json:"since"`
	WaitedMS   int64          `json:"waited_ms"` // so far, or in all
	LeftMS     int64          `json:"left_ms"`   // until the address is taken at the latest; 0 when the wait is over
	Leader     string         `json:"leader,omitempty"`
	Error      string         `json:"error,omitempty"`
}

// Taken reports whether the wait has ended with the address taken.
func (p *PreActive) Taken() bool { return p.Outcome != engine.Waiting && p.Outcome != engine.Cancelled }

// HasAddress reports whether an active group has its address. While it waits for
// a pre_active command nothing may leave from its virtual MAC.
func (g *Group) HasAddress() bool { return g.PreActive == nil || g.PreActive.Outcome != engine.Waiting }

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
	// Skipped counts the transitions since the start for which this hook was not
	// run, because the group had already changed again.
	Skipped int `json:"skipped"`
}
