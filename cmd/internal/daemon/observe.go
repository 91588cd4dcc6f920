package daemon

import (
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// observe implements engine.Options.Observe. What follows from an event may take
// its time: when a thousand groups move together the loop has more urgent things
// to do than to word a thousand lines.
func (d *Daemon) observe(ev engine.Event) {
	d.telling.do(func() { d.tell(status.EventOf(ev)) })
}

// tell logs an event and hands it to whoever listens.
func (d *Daemon) tell(ev status.Event) {
	logEvent(d.log, ev)
	d.hub.Publish(ev)
	d.runHooks(ev)
	if ev.Transition != nil {
		d.checkForwarding(*ev.Transition)
	}
}

// closeEvents waits until everything that the engine observed is told.
func (d *Daemon) closeEvents(deadline time.Time) {
	d.telling.end()
	select {
	case <-d.telling.done:
	case <-time.After(time.Until(deadline)):
	}
}
