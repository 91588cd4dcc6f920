package engine

import (
	"fmt"
	"time"
)

// TrackChanged tells the engine the state of a tracked object. detail says
// what was seen, for people.
func (e *Engine) TrackChanged(now time.Time, name string, up bool, detail string) {
	o := e.object(name)
	if e.stopped || o == nil {
		return
	}
	o.detail = detail
	if o.known && o.up == up {
		return
	}
	if o.known {
		o.changes++
	}
	was, first := o.down(), !o.known
	o.known, o.up, o.since = true, up, now
	if was != o.down() {
		o.told = e.record(Record{At: now, Kind: RecordTrack, Object: name, Up: up, Detail: detail})
		e.observe(Event{At: now, Kind: KindTrack, Message: fmt.Sprintf("tracked object %s is %s: %s", name, upDown(up), detail)})
		for _, g := range e.groups {
			g.trackMoved(now, o)
		}
	}
	if first { // after the priority
		e.restrainAll(now)
	}
	e.Flush(now)
}

// trackMoved gives a group that uses an object its new priority or state.
func (g *group) trackMoved(now time.Time, o *object) {
	for _, u := range g.uses {
		if u.object != o {
			continue
		}
		g.prioritize(now, o.told)
		if u.Shutdown {
			g.reconsider(now)
		}
	}
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}
