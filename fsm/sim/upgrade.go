package sim

import (
	"fmt"
	"time"

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
	e, lost, err := engine.Restore(r.runs, r.options(), snapshot)
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

// How an upgrade may end.
const (
	upgradeDone  = iota // another process goes on
	upgradeFails        // the successor dies, hangs or refuses before it has the place
	upgradeDies         // the successor dies when it has the place: nobody is left
	upgrades
)

// mostPause is for how long a process stands still at most for its successor, where
// the hold times are so short.
const mostPause = 200 * time.Millisecond

// upgrade has the process stand still for a while, and then end in one of those ways.
// One that does not run, or is stalled, cannot be upgraded.
func (r *router) upgrade(how int) {
	if r.engine == nil || r.stalled || r.engine.Settled() != nil {
		return
	}
	r.stall()
	life := r.life
	r.w.after(time.Duration(r.w.random.Float64()*float64(mostPause)), func() {
		if r.engine == nil || r.life != life || !r.stalled {
			return
		}
		switch how {
		case upgradeDies:
			r.crash()
			r.killed = true
			return
		case upgradeDone:
			r.succeed()
		}
		r.resume()
	})
}

// restarted starts a process whose successor has died, as systemd does.
func (r *router) restarted() {
	if r.killed {
		r.killed = false
		r.start()
	}
}
