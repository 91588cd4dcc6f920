package lab

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
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

// svgStyle works on light and dark pages alike. It uses no CSS variables, which
// some viewers do not know.
const svgStyle = `
text { font: 12px ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 } .num { font-variant-numeric: tabular-nums }
.page { fill: #ffffff } .line { stroke: #d0d7de } text.soft { fill: #656d76 }
text.good { fill: #1a7f37; font-weight: 600 } text.bad { fill: #cf222e; font-weight: 600 }
.gw1 { fill: #0969da } .gw2 { fill: #8250df } .loss { fill: #cf222e } .garp { fill: #bf8700 }
.wait { fill: none; stroke: #afb8c1; stroke-width: 1.5; stroke-dasharray: 3 3 }
.fault { stroke: #cf222e; stroke-width: 1.5 } .hello { stroke: #ffffff; opacity: .8 } .serves { fill-opacity: .4 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .line { stroke: #3d444d } text.soft { fill: #8d96a0 }
text.good { fill: #3fb950 } text.bad { fill: #f85149 }
.gw1 { fill: #4493f8 } .gw2 { fill: #ab7df8 } .loss { fill: #f85149 } .garp { fill: #d29922 }
.wait { stroke: #656c76 } .fault { stroke: #f85149 } .hello { stroke: #0d1117 }
}`

// canvas writes SVG elements on a time axis.
type canvas struct {
	b        strings.Builder
	from, to time.Time
	zero     time.Time // the fault
	top      int       // of the first lane
}

func (c *canvas) x(t time.Time) float64 {
	share := float64(t.Sub(c.from)) / float64(c.to.Sub(c.from))
	return laneLeft + min(max(share, 0), 1)*(laneRight-laneLeft)
}

func (c *canvas) element(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

func (c *canvas) text(x, y float64, class, anchor, s string) {
	c.element(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, escape(s))
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

// picture draws the story as an SVG document: a lane per gateway with a bar
// where it is active, the hellos in it and the announcements above it, a lane
// for the traffic with a band where it was lost, a legend, and the events below.
func picture(r record, events []event, v Verdict) []byte {
	notes := svgNotes(events)
	c := &canvas{zero: r.fault, top: laneTop + noteStep*len(v.Reasons)}
	c.from, c.to = window(r, notes)
	height := c.top + 3*laneStep + 58 + legendStep + noteStep*len(notes) + 16
	c.element(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`,
		svgWidth, height, svgWidth, height, escape("fhrpd lab: "+r.plan.title()+", fault "+r.plan.fault.name))
	c.element("<style>%s</style>", svgStyle)
	c.element(`<rect width="%d" height="%d" class="page"/>`, svgWidth, height)
	c.heading(r, v)
	for i, node := range pair {
		c.lane(r, events, node, float64(c.top+i*laneStep))
	}
	c.trafficLane(r, v, float64(c.top+2*laneStep))
	c.axis(float64(c.top + 3*laneStep - 12))
	c.marks(events)
	c.legend(r, events, float64(c.top+3*laneStep+38))
	c.notes(notes, float64(c.top+3*laneStep+46+legendStep))
	c.element("</svg>")
	return []byte(c.b.String())
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

// shows reports whether a time is on the axis.
func (c *canvas) shows(t time.Time) bool { return !t.Before(c.from) && !t.After(c.to) }

func (c *canvas) heading(r record, v Verdict) {
	c.text(24, 34, "title", "start", r.plan.title()+": "+r.plan.fault.name)
	c.text(24, 54, "soft", "start", r.plan.timers()+"; "+r.plan.fault.text)
	class, word := "good", "passed"
	if !v.Passed {
		class, word = "bad", "failed"
	}
	c.text(laneRight, 34, class, "end", word)
	c.text(laneRight, 54, "soft num", "end", fmt.Sprintf("outage %s, %d of %d lost, %d duplicated", v.outage(), v.Lost, v.Sent, v.Duplicated))
	for i, why := range v.Reasons {
		c.text(24, float64(76+noteStep*i), "bad", "start", clip(why))
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
	c.text(24, y+13, "", "start", node)
	c.text(24, y+28, "soft", "start", gateways[node].addr(r.plan.family).String())
	c.element(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" class="line"/>`, laneLeft, y+laneThick/2, laneRight, y+laneThick/2)
	for _, s := range roles(events, node, r.end) {
		switch x, w := c.x(s.from), c.x(s.to)-c.x(s.from); s.name {
		case roleActive:
			c.element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="%s"/>`, x, y, w, laneThick, node)
		case roleServes:
			c.element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="%s serves"/>`, x, y, w, laneThick, node)
		case roleWait:
			c.element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" class="wait"/>`, x, y+4, w, laneThick-8)
		}
	}
	for _, s := range r.sightings {
		if s.Node != node || s.Group != 1 || !c.shows(s.At) {
			continue
		}
		switch x := c.x(s.At); s.Kind {
		case seenActive:
			c.element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="hello" stroke-width="%.1f"/>`, x, y+3, x, y+laneThick-3, c.helloWidth(r.plan.hello))
		case seenAnnounce:
			c.element(`<path d="M%.1f %.1f l-4 -8 h8 z" class="garp"><title>%s</title></path>`, x, y-2, escape(s.Detail))
		}
	}
}

// helloWidth is that of a hello's line: never so wide that two cannot be told apart.
func (c *canvas) helloWidth(every time.Duration) float64 {
	return min(1.5, (c.x(c.from.Add(every))-laneLeft)/hellosGap)
}

// trafficLane draws the stream in the colour of the router that carried it.
func (c *canvas) trafficLane(r record, v Verdict, y float64) {
	c.text(24, y+13, "", "start", "traffic")
	c.text(24, y+28, "soft", "start", "client to host")
	for i := 0; i < len(r.arrivals); {
		first := r.arrivals[i]
		last := first
		for ; i < len(r.arrivals) && r.arrivals[i].via == first.via && r.arrivals[i].at.Sub(last.at) < 20*r.plan.rate+20*time.Millisecond; i++ {
			last = r.arrivals[i]
		}
		if last.at.Before(c.from) || first.at.After(c.to) {
			continue
		}
		c.element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" class="%s"/>`, c.x(first.at), y+4, max(c.x(last.at)-c.x(first.at), 0.5), laneThick-8, first.via)
	}
	a := r.account()
	if a.Lost == 0 {
		return
	}
	c.element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" class="loss"/>`, c.x(a.From), y, max(c.x(a.To)-c.x(a.From), 1), laneThick)
	c.text((c.x(a.From)+c.x(a.To))/2, y-5, "bad num", "middle", fmt.Sprintf("%d lost", v.Lost))
}

// axis draws ticks at round times from the fault.
func (c *canvas) axis(y float64) {
	c.element(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" class="line"/>`, laneLeft, y, laneRight, y)
	step := tickStep(c.to.Sub(c.from))
	for d := c.from.Sub(c.zero).Truncate(step); d <= c.to.Sub(c.zero); d += step {
		x := c.x(c.zero.Add(d))
		c.element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="line"/>`, x, y, x, y+5)
		c.text(x, y+19, "soft num", "middle", tickLabel(d))
	}
}

// tickStep returns a round step that makes at most a dozen ticks.
func tickStep(whole time.Duration) time.Duration {
	for _, s := range []time.Duration{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000} {
		if whole <= 12*s*time.Millisecond {
			return s * time.Millisecond
		}
	}
	return 10 * time.Second
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
			x := c.x(e.At)
			c.element(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" class="fault"/>`, x, c.top-14, x, c.top+3*laneStep-12)
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
		c.text(laneLeft-14, y, "soft num", "end", signed(e.MS))
		c.text(laneLeft, y, class, "start", e.Node)
		c.text(laneLeft+56, y, class, "start", e.Text)
		y += noteStep
	}
}
