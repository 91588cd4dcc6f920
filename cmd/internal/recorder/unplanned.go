package recorder

import (
	"slices"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// planned are the causes that begin with somebody's order on this router.
var planned = []fsm.Cause{fsm.CauseStarted, fsm.CauseStopped, fsm.CauseMaintenance, fsm.CauseHandover, fsm.CauseTakenBack}

// Unplanned reports whether somebody lost the role without an order that this router
// knows of: neither a command here (set priority, reload, hand-over, maintenance) nor
// the start or stop of the daemon, nor a hand-over by another fhrpd. What is ordered
// on another router in other ways looks here like what happens by itself.
func Unplanned(c *engine.Change) bool {
	if !c.From.Known || c.From == c.To {
		return false
	}
	for _, r := range c.Records {
		if r.At.After(c.At) {
			break // it followed
		}
		switch {
		case r.Kind == engine.RecordCommand:
			return false
		case r.Kind == engine.RecordRouter && slices.Contains(planned, r.Cause):
			return false
		case r.Kind == engine.RecordTransition && slices.Contains(planned, r.Transition.Cause):
			return false
		case r.News == engine.NewsResign && c.Handed: // who resigned went on until the other one served
			return false
		}
	}
	return true
}
