package daemon

import (
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// observe implements engine.Options.Observe. What follows from an event may be
// slow. When a thousand groups change together, the loop has more urgent things
// to do than to write a thousand lines.
func (d *Daemon) observe(ev engine.Event) {
	d.recorder.Decide(&ev)
	d.recordings.note(&ev)
	d.told.Number++
	d.events.do(func() { d.publish(status.EventOf(ev)) })
}

// publish logs an event and hands it to whoever listens.
func (d *Daemon) publish(ev status.Event) {
	logEvent(d.log, ev)
	d.hub.Publish(ev)
	if ev.Transition != nil {
		d.roles.note(ev.Transition)
	}
	d.runHooks(ev)
}

// goesOn has the events follow those of the process before this one, where that had
// numbered them.
func (d *Daemon) goesOn(last control.Mark) {
	if last.Lineage == "" {
		return
	}
	d.told = control.Mark{Lineage: last.Lineage, Number: last.Number + d.told.Number}
	d.hub.Begin(last)
}

// closeEvents waits until all events are published.
func (d *Daemon) closeEvents(deadline time.Time) {
	d.events.end()
	select {
	case <-d.events.done:
	case <-time.After(time.Until(deadline)):
	}
}
