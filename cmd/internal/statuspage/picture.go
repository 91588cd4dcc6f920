package statuspage

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/chart"
	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Geometry of the picture, in pixels, and what it shows.
const (
	width     = 720
	laneLeft  = 130
	laneStep  = 30
	laneThick = 14
	mostLanes = 8
	mostShown = 24 * time.Hour
	leastSpan = time.Minute
)

// lane is a group and its changes, oldest first.
type lane struct {
	name  string
	moves []status.Past
}

// lanesOf are the groups that changed last, the latest first, with what they did
// within mostShown.
func lanesOf(past []status.Past, now time.Time) (list []lane) {
	at := map[string]int{}
	for i := len(past) - 1; i >= 0; i-- {
		p := past[i]
		if p.Command != nil || now.Sub(p.At) > mostShown {
			continue
		}
		ref := p.Ref().String()
		k, ok := at[ref]
		if !ok {
			if len(list) == mostLanes {
				continue
			}
			k = len(list)
			at[ref], list = k, append(list, lane{name: ref})
		}
		list[k].moves = append(list[k].moves, p)
	}
	for i := range list {
		slices.Reverse(list[i].moves)
	}
	return list
}

// picture draws the last changes of the groups as SVG: a lane each, with a bar
// where this router was active, a dashed one where it stood by, and a line at each
// change. It is "" when nothing has changed lately.
func picture(past []status.Past, now time.Time) string {
	lanes := lanesOf(past, now)
	if len(lanes) == 0 {
		return ""
	}
	from := now.Add(-leastSpan)
	for _, l := range lanes {
		if first := l.moves[0].At; first.Before(from) {
			from = first
		}
	}
	c := &chart.Canvas{From: from.Add(-now.Sub(from) / 20), To: now, Left: laneLeft, Right: width - 30}
	height := len(lanes)*laneStep + 40
	c.Element(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="what the groups did">`, width, height)
	for i, l := range lanes {
		draw(c, l, float64(i*laneStep+10))
	}
	zero := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
	c.Axis(float64(len(lanes)*laneStep+8), zero, func(d time.Duration) string { return zero.Add(d).Format("15:04:05") })
	c.Element("</svg>")
	return c.String()
}

func draw(c *chart.Canvas, l lane, y float64) {
	c.Text(0, y+11, "", "start", plain.Line(l.name))
	c.Element(`<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" class="line"/>`, c.Left, y+laneThick/2, c.Right, y+laneThick/2)
	bar(c, l.moves[0].From, c.From, l.moves[0].At, y)
	for i, m := range l.moves {
		end := c.To
		if i+1 < len(l.moves) {
			end = l.moves[i+1].At
		}
		bar(c, m.To, m.At, end, y)
	}
	for _, m := range l.moves {
		x := c.X(m.At)
		title := fmt.Sprintf("%s %s → %s: %s", m.At.Format("15:04:05.000"), m.From, m.To, m.Cause)
		c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="fault"><title>%s</title></line>`, x, y-3, x, y+laneThick+3, chart.Escape(plain.Line(title)))
	}
}

func bar(c *chart.Canvas, state string, from, to time.Time, y float64) {
	x := c.X(from)
	w := c.X(to) - x
	switch state {
	case "Active":
		c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="gw1"/>`, x, y, w, laneThick)
	case "Standby", "Backup":
		c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="wait"/>`, x, y+3, w, laneThick-6)
	}
}
