package sim

import (
	"fmt"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// succeed puts another engine in the place of the router's, with all that the first
// one knows. What cannot be carried at this moment stays as it is, and that is
// reported as false.
func (r *router) succeed() bool {
	snapshot, err := r.engine.Snapshot(r.w.now)
	if err != nil {
		return false // a wait or a farewell ends first
	}
	o := r.options()
	o.Now = r.w.now
	e, lost, err := engine.Restore(r.runs, o, snapshot)
	if err != nil || len(lost) > 0 {
		r.broken(fmt.Sprintf("router %s: an engine cannot go on where another was: %v, lost %v", r.name(), err, lost))
		return false
	}
	again, err := e.Snapshot(r.w.now)
	if err != nil || string(again) != string(snapshot) {
		r.broken(fmt.Sprintf("router %s: what another engine knows differs: %v\n%s\n%s", r.name(), err, snapshot, again))
		return false
	}
	r.engine = e
	return true
}
