// Package chart draws what happened on an axis of time, as SVG that reads well
// on light and dark pages and without any resource from outside.
package chart

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Style works on light and dark pages alike. It uses no CSS variables, which some
// viewers do not know.
const Style = `
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

// Canvas writes SVG elements on an axis from From to To, which lies between Left
// and Right, in pixels.
type Canvas struct {
	From, To    time.Time
	Left, Right float64
	b           strings.Builder
}

// X returns where a time lies, at an end of the axis for what is beyond it.
func (c *Canvas) X(t time.Time) float64 {
	share := float64(t.Sub(c.From)) / float64(c.To.Sub(c.From))
	return c.Left + min(max(share, 0), 1)*(c.Right-c.Left)
}

// Shows reports whether a time is on the axis.
func (c *Canvas) Shows(t time.Time) bool { return !t.Before(c.From) && !t.After(c.To) }

// Element writes one line of SVG.
func (c *Canvas) Element(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

// Text writes s at a place; anchor is start, middle or end.
func (c *Canvas) Text(x, y float64, class, anchor, s string) {
	c.Element(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, Escape(s))
}

// Axis draws a line at y with ticks at round steps counted from zero, labelled by
// label.
func (c *Canvas) Axis(y float64, zero time.Time, label func(since time.Duration) string) {
	c.Element(`<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" class="line"/>`, c.Left, y, c.Right, y)
	step := Step(c.To.Sub(c.From))
	first := c.From.Sub(zero).Truncate(step) // towards zero
	if zero.Add(first).Before(c.From) {
		first += step
	}
	for d := first; d <= c.To.Sub(zero); d += step {
		x := c.X(zero.Add(d))
		c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="line"/>`, x, y, x, y+5)
		c.Text(x, y+19, "soft num", "middle", label(d))
	}
}

// String is what was written.
func (c *Canvas) String() string { return c.b.String() }

// steps between two ticks, from a millisecond to a day.
var steps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour,
}

// Step returns a round step that makes at most a dozen ticks.
func Step(whole time.Duration) time.Duration {
	for _, s := range steps {
		if whole <= 12*s {
			return s
		}
	}
	return steps[len(steps)-1]
}

// Escape returns s as text of XML.
func Escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
