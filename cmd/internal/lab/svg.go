package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/chart"
)

// Geometry of the picture, in pixels.
const (
	svgWidth  = 960
	laneLeft  = 128
	laneRight = svgWidth - 30
	laneTop   = 92
	laneStep  = 64
	laneThick = 18
	noteStep  = 17

	legendStep = 26
	hellosGap  = 3.0 // between two hellos, at least
)

// canvas is the picture of one run.
type canvas struct {
	chart.Canvas
	zero time.Time // the fault
	top  int       // of the first lane
}

// picture draws the story as an SVG document: a lane per gateway with a bar
// where it is active, the hellos in it and the announcements above it, a lane
// for the traffic with a band where it was lost, a legend, and the events below.
func picture(r record, events []event, v Verdict) []byte {
	notes := svgNotes(events)
	c := &canvas{zero: r.fault, top: laneTop + noteStep*len(v.Reasons)}
	c.Left, c.Right = laneLeft, laneRight
	c.From, c.To = window(r, notes)
	height := c.top + 3*laneStep + 58 + legendStep + noteStep*len(notes) + 16
	c.Element(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`,
		svgWidth, height, svgWidth, height, chart.Escape("fhrpd lab: "+r.plan.title()+", fault "+r.plan.fault.name))
	c.Element("<style>%s</style>", chart.Style)
	c.Element(`<rect width="%d" height="%d" class="page"/>`, svgWidth, height)
	c.heading(r, v)
	for i, node := range pair {
		c.lane(r, events, node, float64(c.top+i*laneStep))
	}
	c.trafficLane(r, v, float64(c.top+2*laneStep))
	c.Axis(float64(c.top+3*laneStep-12), c.zero, tickLabel)
	c.marks(events)
	c.legend(r, events, float64(c.top+3*laneStep+38))
	c.notes(notes, float64(c.top+3*laneStep+46+legendStep))
	c.Element("</svg>")
	return []byte(c.String())
}

// margin is how many hellos are drawn before the first event and after the last.
const margin = 5

// window returns the part of the run that has something to show. With fast timers
// that is little of it.
func window(r record, notes []event) (from, to time.Time) {
	from, to = r.fault, r.fault
	for _, e := range notes {
		if e.At.Before(r.end) {
			from, to = earlier(from, e.At), later(to, e.At)
		}
	}
	around := margin * r.plan.hello
	return later(r.start, from.Add(-around)), earlier(r.end, to.Add(around))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (c *canvas) heading(r record, v Verdict) {
	c.Text(24, 34, "title", "start", r.plan.title()+": "+r.plan.fault.name)
	c.Text(24, 54, "soft", "start", r.plan.timers()+"; "+r.plan.fault.text)
	class, word := "good", "passed"
	if !v.Passed {
		class, word = "bad", "failed"
	}
	c.Text(laneRight, 34, class, "end", word)
	c.Text(laneRight, 54, "soft num", "end", fmt.Sprintf("outage %s, %d of %d lost, %d duplicated", v.outage(), v.Lost, v.Sent, v.Duplicated))
	for i, why := range v.Reasons {
		c.Text(24, float64(76+noteStep*i), "bad", "start", clip(why))
	}
}

// clip returns a text as one line that fits the picture.
func clip(s string) string {
	const most = 140
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// roles returns the roles of a gateway in order.
func roles(events []event, node string, end time.Time) []span {
	var list []span
	for _, e := range events {
		if e.Node != node || e.Role == "" || len(list) > 0 && list[len(list)-1].name == e.Role {
			continue
		}
		if len(list) > 0 {
			list[len(list)-1].to = e.At
		}
		list = append(list, span{e.Role, e.At, end})
	}
	return list
}

func (c *canvas) lane(r record, events []event, node string, y float64) {
	c.Text(24, y+13, "", "start", node)
	c.Text(24, y+28, "soft", "start", gateways[node].addr(r.plan.family).String())
	c.Element(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" class="line"/>`, laneLeft, y+laneThick/2, laneRight, y+laneThick/2)
	for _, s := range roles(events, node, r.end) {
		switch x, w := c.X(s.from), c.X(s.to)-c.X(s.from); s.name {
		case roleActive:
			c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="%s"/>`, x, y, w, laneThick, node)
		case roleServes:
			c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="%s serves"/>`, x, y, w, laneThick, node)
		case roleWait:
			c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="wait"/>`, x, y+4, w, laneThick-8)
		}
	}
	for _, s := range r.sightings {
		if s.Node != node || s.Group != 1 || !c.Shows(s.At) {
			continue
		}
		switch x := c.X(s.At); s.Kind {
		case seenActive:
			c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="hello" stroke-width="%.1f"/>`, x, y+3, x, y+laneThick-3, c.helloWidth(r.plan.hello))
		case seenAnnounce:
			c.Element(`<path d="M%.1f %.1f l-4 -8 h8 z" class="garp"><title>%s</title></path>`, x, y-2, chart.Escape(s.Detail))
		}
	}
}

// helloWidth is that of a hello's line: never so wide that two cannot be told apart.
func (c *canvas) helloWidth(every time.Duration) float64 {
	return min(1.5, (c.X(c.From.Add(every))-laneLeft)/hellosGap)
}

// trafficLane draws the stream in the colour of the router that carried it.
func (c *canvas) trafficLane(r record, v Verdict, y float64) {
	c.Text(24, y+13, "", "start", "traffic")
	c.Text(24, y+28, "soft", "start", "client to host")
	for i := 0; i < len(r.arrivals); {
		first := r.arrivals[i]
		last := first
		for ; i < len(r.arrivals) && r.arrivals[i].via == first.via && r.arrivals[i].at.Sub(last.at) < 20*r.plan.rate+20*time.Millisecond; i++ {
			last = r.arrivals[i]
		}
		if last.at.Before(c.From) || first.at.After(c.To) {
			continue
		}
		c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" class="%s"/>`, c.X(first.at), y+4, max(c.X(last.at)-c.X(first.at), 0.5), laneThick-8, first.via)
	}
	a := r.account()
	if a.Lost == 0 {
		return
	}
	c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" class="loss"/>`, c.X(a.From), y, max(c.X(a.To)-c.X(a.From), 1), laneThick)
	c.Text((c.X(a.From)+c.X(a.To))/2, y-5, "bad num", "middle", fmt.Sprintf("%d lost", v.Lost))
}

func tickLabel(d time.Duration) string {
	if d == 0 {
		return "0 ms"
	}
	return strings.Replace(fmt.Sprintf("%+d", d.Milliseconds()), "-", "−", 1)
}

// marks draws a line through all lanes where the fault happened and went on.
func (c *canvas) marks(events []event) {
	for _, e := range events {
		if e.mark {
			x := c.X(e.At)
			c.Element(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" class="fault"/>`, x, c.top-14, x, c.top+3*laneStep-12)
		}
	}
}

// svgNotes leaves out the events that the lanes show.
func svgNotes(events []event) []event {
	return slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.MS < 0 && (e.Role != "" || e.Node == nodeLab) })
}

func (c *canvas) notes(events []event, y float64) {
	for _, e := range events {
		class := "num"
		if e.mark {
			class = "num bad"
		}
		c.Text(laneLeft-14, y, "soft num", "end", signed(e.MS))
		c.Text(laneLeft, y, class, "start", e.Node)
		c.Text(laneLeft+56, y, class, "start", e.Text)
		y += noteStep
	}
}
