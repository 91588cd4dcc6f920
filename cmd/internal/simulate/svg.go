package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/chart"
	"github.com/fhrpd/fhrpd/fsm/sim"
)

// Geometry of the picture, in pixels.
const (
	svgWidth  = 960
	laneLeft  = 128
	laneRight = svgWidth - 30
	laneTop   = 92
	laneStep  = 44
	laneThick = 18
	groupGap  = 22 // between the lanes of two groups, which has the name of the next
	noteStep  = 17
	mostNotes = 60
)

// shortest is the shortest outage whose length is written.
const shortest = time.Millisecond

// classes are the colours of the routers.
var classes = []string{"gw1", "gw2"}

// pictured is of how many groups the picture has lanes.
const pictured = 6

type canvas struct {
	chart.Canvas
	res *Result
	top float64 // of the first lane
}

// SVG draws the run: for each of the first groups a lane for each router, with a bar
// where it has the addresses, its hellos in it and the announcements above, and a lane
// for the traffic of the hosts; then the story.
func (r *Result) SVG() []byte {
	notes := r.notes()
	c := &canvas{res: r, top: float64(laneTop + noteStep*len(r.Verdict.Reasons))}
	c.Left, c.Right, c.From, c.To = laneLeft, laneRight, r.rec.Zero, r.rec.End
	groups := r.rec.Groups[:min(len(r.rec.Groups), pictured)]
	each := float64(laneStep*(len(r.set.Scene.Hosts)+1) + groupGap)
	axis := c.top + each*float64(len(groups))
	height := int(axis) + 72 + noteStep*len(notes) + 16
	c.Element(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="fhrpd simulate">`, svgWidth, height, svgWidth, height)
	c.Element("<style>%s</style>", chart.Style)
	c.Element(`<rect width="%d" height="%d" class="page"/>`, svgWidth, height)
	c.heading()
	for i := range groups {
		c.group(&groups[i], i, c.top+each*float64(i))
	}
	c.Axis(axis, r.rec.Zero, seconds)
	for _, cut := range r.set.Scene.Incidents {
		x := c.X(r.rec.Zero.Add(cut.At))
		c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="fault"/>`, x, c.top-14, x, axis)
	}
	c.Text(laneLeft, axis+40, "soft", "start", "bar: has the address; dashed: stands by; strokes: hellos; ▼ announcement; red line: something fails or is mended")
	c.notes(notes, axis+66)
	c.Element("</svg>")
	return []byte(c.String())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

func (c *canvas) heading() {
	v := c.res.Verdict
	var what []string
	for _, e := range c.res.Story {
		if e.Kind == kindFault {
			what = append(what, strings.TrimSpace(e.Router+" "+e.Text))
		}
	}
	c.Text(24, 34, "title", "start", "fhrpd simulate")
	c.Text(24, 54, "soft", "start", clip(orNone(strings.Join(what, "; "))))
	class, word := "good", "passed"
	if !v.Passed {
		class, word = "bad", "failed"
	}
	c.Text(laneRight, 34, class, "end", word)
	c.Text(laneRight, 54, "soft num", "end", fmt.Sprintf("outage %.1f ms, two owners %.1f ms", v.OutageMS, v.TwoOwnersMS))
	for i, why := range v.Reasons {
		c.Text(24, float64(76+noteStep*i), "bad", "start", clip(why))
	}
}

// clip returns a text as one line that fits the picture.
func clip(s string) string {
	const most = 116
	r := []rune(s)
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// group draws the lanes of one group.
func (c *canvas) group(g *sim.GroupRecord, number int, y float64) {
	c.Text(24, y-2, "soft", "start", g.Ref.String())
	y += 10
	for i := range c.res.set.Scene.Hosts {
		c.lane(c.res.set.Scene.Hosts[i].Name, y)
		c.bars(g.Owned, i, y, laneThick, classes[i])
		c.bars(g.Standby, i, y+4, laneThick-8, "wait")
		c.frames(number, i, y)
		y += laneStep
	}
	c.lane("traffic", y)
	for _, st := range g.Served {
		for i := range c.res.set.Scene.Hosts {
			if st.Hosts.Has(i) {
				c.bar(st, y+4, laneThick-8, classes[i])
			}
		}
		if st.Hosts == 0 {
			c.bar(st, y, laneThick, "loss")
			if st.To.Sub(st.From) < shortest {
				continue
			}
			c.Text((c.X(st.From)+c.X(st.To))/2, y-5, "bad num", "middle", show(st.To.Sub(st.From)))
		}
	}
}

func (c *canvas) lane(name string, y float64) {
	c.Text(24, y+13, "", "start", name)
	c.Element(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" class="line"/>`, laneLeft, y+laneThick/2, laneRight, y+laneThick/2)
}

func (c *canvas) bars(list []sim.Stretch, host int, y, thick float64, class string) {
	for _, st := range list {
		if st.Hosts.Has(host) {
			c.bar(st, y, thick, class)
		}
	}
}

func (c *canvas) bar(st sim.Stretch, y, thick float64, class string) {
	x := c.X(st.From)
	c.Element(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="%s"/>`, x, y, max(c.X(st.To)-x, 0.5), thick, class)
}

// hellosGap is how far two hellos are apart at least: closer ones are not drawn.
const hellosGap = 3

// frames draws the claims and the announcements of a router.
func (c *canvas) frames(group, host int, y float64) {
	last := -hellosGap + c.Left
	for _, f := range c.res.rec.Frames {
		if f.Group != group || f.Host != host {
			continue
		}
		switch x := c.X(f.At); {
		case f.Kind == sim.SightAnnounce:
			c.Element(`<path d="M%.1f %.1f l-4 -8 h8 z" class="garp"><title>%s is at %s</title></path>`, x, y-2, f.Address, f.MAC)
		case f.Kind == sim.SightClaim && x-last >= hellosGap:
			c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="hello" stroke-width="1"/>`, x, y+3, x, y+laneThick-3)
			last = x
		}
	}
}

// notes are the lines below the lanes.
func (r *Result) notes() []Entry { return r.Story[:min(len(r.Story), mostNotes)] }

func (c *canvas) notes(list []Entry, y float64) {
	for _, e := range list {
		class := "num"
		if e.Kind == kindFault {
			class = "num bad"
		}
		text := e.Text
		if len(c.res.rec.Groups) > 1 && len(e.Groups) > 0 {
			text = strings.Join(e.Groups, ", ") + ": " + text
		}
		c.Text(laneLeft-14, y, "soft num", "end", signed(e.AtMS))
		c.Text(laneLeft, y, class, "start", e.Router)
		c.Text(laneLeft+56, y, class, "start", clip(text))
		y += noteStep
	}
}
