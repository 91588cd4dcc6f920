package show

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// maintenance has lines for a group in maintenance: since when, by whom, and who serves.
func (b *block) maintenance(g *status.Group, now time.Time) {
	l := g.Leave
	if l == nil {
		return
	}
	b.line(1, "In maintenance since %s, by %s", moment(l.Since), l.By)
	switch {
	case l.Departing:
		b.line(2, "Leaves, and serves until another router does")
	case l.UnservedSince != nil:
		b.line(2, "%s", unserved(g, now))
	case l.Serves != "":
		b.line(2, "Served by %s", l.Serves)
	}
}

// unserved says for how long nobody has served a group in maintenance.
func unserved(g *status.Group, now time.Time) string {
	return fmt.Sprintf("NOBODY SERVES for %s", Age(*g.Leave.UnservedSince, now))
}

// MaintenanceOf tells in one line how a group is after an order.
func MaintenanceOf(g *status.Group, now time.Time) string {
	switch l := g.Leave; {
	case l == nil && g.Obstacle != "":
		return fmt.Sprintf("%s: not in maintenance; state %s: %s", g.Ref(), g.State, g.Obstacle)
	case l == nil:
		return fmt.Sprintf("%s: not in maintenance; state %s", g.Ref(), g.State)
	case l.Serves != "":
		return fmt.Sprintf("%s: in maintenance since %s, by %s; %s serves", g.Ref(), moment(l.Since), l.By, l.Serves)
	case l.UnservedSince != nil:
		return fmt.Sprintf("%s: in maintenance since %s, by %s; %s", g.Ref(), moment(l.Since), l.By, unserved(g, now))
	}
	return fmt.Sprintf("%s: in maintenance since %s, by %s; no other router has been heard to serve yet", g.Ref(), moment(g.Leave.Since), g.Leave.By)
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }
