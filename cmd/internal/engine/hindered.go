package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// noteObstacle remembers why g does not run, "" when it does. What is new is
// told by the next Flush, for all groups that it stops at once: a thousand on
// an interface without an address are one line. told says that a transition has
// told it already.
func (e *Engine) noteObstacle(g *group, why string, told bool) {
	if g.hindrance == why {
		return
	}
	g.hindrance, g.hindered = why, false
	// An interface that is there and not open is so for a moment; whoever opens
	// it says why it stays so.
	l := &g.seg.link
	opening := l.Up && l.PortOf == "" && l.Closed
	if why != "" && !told && !e.stopping && !opening {
		g.hindered = true
		e.hindered = append(e.hindered, g)
	}
}

// tellObstacles says which groups wait in their first state, and for what.
func (e *Engine) tellObstacles(now time.Time) {
	for len(e.hindered) > 0 {
		first := e.hindered[0]
		var same []string
		rest := e.hindered[:0]
		for _, g := range e.hindered {
			switch {
			case !g.hindered: // no longer, or told with an earlier change
			case g.hindrance == first.hindrance:
				g.hindered = false
				same = append(same, g.ref())
			default:
				rest = append(rest, g)
			}
		}
		e.hindered = rest
		if len(same) == 0 {
			continue
		}
		message := fmt.Sprintf("%s %s in %s: %s", status.Listing(same), wait(len(same)), first.machine.Status().State, first.hindrance)
		e.observe(status.Event{At: now, Kind: first.loudness(), Message: message})
	}
	e.hindered = nil
}

// loudness is the kind of event that g's hindrance is worth. A fresh IPv6
// address is unusable for a second or two, until its duplicate address
// detection is over.
func (g *group) loudness() string {
	if l := &g.seg.link; g.wire.family == hello.IPv6 && l.Up && !l.Addr(hello.IPv6).IsValid() {
		return eventNotice
	}
	return eventWarning
}

func wait(n int) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}
