package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/sim"
)

// Result is a run that was played.
type Result struct {
	Verdict Verdict
	Story   []Entry
	set     *Setting
	rec     *sim.Record
}

// Run plays a setting.
func Run(s *Setting) (*Result, error) {
	rec, err := sim.Play(s.Scene)
	if err != nil {
		return nil, err
	}
	return &Result{Verdict: judge(s, rec), Story: tell(&s.Scene, rec), set: s, rec: rec}, nil
}

// WriteJSON writes the story and, last, the verdict, one object a line.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var errs []error
	for _, e := range r.Story {
		errs = append(errs, enc.Encode(e))
	}
	return errors.Join(append(errs, enc.Encode(r.Verdict))...)
}

// String lays out the whole report.
func (r *Result) String() string {
	var b strings.Builder
	s := &r.set.Scene
	fmt.Fprintf(&b, "fhrpd simulate: groups: %d, for %v, seed %d\n\n", len(r.rec.Groups), s.Length, s.Seed)
	for _, line := range r.Verdict.Made {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("  time zero: the routers have settled\n\n")
	r.timeline(&b)
	b.WriteString("\n")
	r.verdict(&b)
	return b.String()
}

var glyphs = map[string]string{roleActive: "┃", roleWait: "╎", roleOther: "·", roleGone: "✗"}

// meanings are the glyphs in the order of the legend, which has those that occur.
var meanings = []struct{ role, text string }{
	{roleActive, "active"}, {roleWait, "standby"}, {roleOther, "other"}, {roleGone, "no power"},
}

// timeline writes the story with a lane for each router where there is one group, and
// the groups in front of each line where there are several.
func (r *Result) timeline(b *strings.Builder) {
	one := len(r.rec.Groups) == 1
	if one {
		fmt.Fprintf(b, "  %12s   a   b\n", "ms")
	} else {
		fmt.Fprintf(b, "  %12s\n", "ms")
	}
	lanes := map[string]string{"a": " ", "b": " "}
	for _, e := range r.Story {
		if g, ok := glyphs[e.Role]; ok {
			lanes[e.Router] = g
		}
		who := e.Router
		if who == "" {
			who = "all"
		}
		text := e.Text
		if e.Kind == kindFault {
			text = "» " + text
		}
		if one {
			fmt.Fprintf(b, "  %12s   %s   %s   %-7s %s\n", signed(e.AtMS), lanes["a"], lanes["b"], who, text)
			continue
		}
		if len(e.Groups) > 0 {
			text = engine.Listing(e.Groups) + ": " + text
		}
		fmt.Fprintf(b, "  %12s   %-7s %s\n", signed(e.AtMS), who, text)
	}
	if one {
		fmt.Fprintf(b, "  %12s   %s\n", "", r.legend())
	} else if len(r.rec.Groups) > framesOf {
		fmt.Fprintf(b, "  the frames of the first %d groups are told\n", framesOf)
	}
}

func (r *Result) legend() string {
	var parts []string
	for _, m := range meanings {
		if slices.ContainsFunc(r.Story, func(e Entry) bool { return e.Role == m.role }) {
			parts = append(parts, glyphs[m.role]+" "+m.text)
		}
	}
	return strings.Join(parts, "  ")
}

// signed is a time in milliseconds with its sign, none before zero.
func signed(v float64) string {
	switch {
	case math.Abs(v) < 0.05:
		return "0.0"
	case v < 0:
		return fmt.Sprintf("−%.1f", -v)
	}
	return fmt.Sprintf("+%.1f", v)
}

// mostGroups is how many groups the verdict lists.
const mostGroups = 16

// verdict writes the verdict block.
func (r *Result) verdict(b *strings.Builder) {
	v := &r.Verdict
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "    %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	word := "PASSED"
	if !v.Passed {
		word = "FAILED"
	}
	fmt.Fprintf(b, "  %s\n", word)
	for _, why := range v.Reasons {
		row("", "%s", why)
	}
	for _, t := range r.takeovers() {
		row("takes over", "%s", t)
	}
	row("outage", "%.1f ms at most; the timers allow %.1f ms", v.OutageMS, v.BoundMS)
	row("two owners", "%.1f ms at most", v.TwoOwnersMS)
	row("active", "%s", orNone(v.Active))
	if len(v.Groups) > 1 {
		for _, g := range v.Groups[:min(len(v.Groups), mostGroups)] {
			row("", "%-20s %-6s outage %.1f ms, two owners %.1f ms", g.Group, orNone(g.Active), g.OutageMS, g.TwoOwnersMS)
		}
		if n := len(v.Groups) - mostGroups; n > 0 {
			row("", "and %d groups more", n)
		}
	}
	r.explored(b)
	if len(r.set.Scene.Incidents) == 0 {
		fmt.Fprintf(b, "\n  Nothing has failed. This may: %s, as in --fail %s@3s\n", engine.Listing(r.set.fails), r.set.example(""))
	}
}

// takeover is a row of groups in which one router became active for one cause.
type takeover struct {
	router, cause string
	from, to      float64
	groups        []string
}

// takeovers names who became active, when and why.
func (r *Result) takeovers() []string {
	var rows []*takeover
	for _, t := range r.Verdict.Transitions {
		if t.To != "Active" {
			continue
		}
		if n := len(rows); n == 0 || rows[n-1].router != t.Router || rows[n-1].cause != t.Cause || slices.Contains(rows[n-1].groups, t.Group) {
			rows = append(rows, &takeover{router: t.Router, cause: t.Cause, from: t.AtMS})
		}
		last := rows[len(rows)-1]
		last.to, last.groups = t.AtMS, append(last.groups, t.Group)
	}
	var out []string
	for _, t := range rows {
		when := "at " + signed(t.from)
		if t.from != t.to {
			when = "from " + signed(t.from) + " to " + signed(t.to)
		}
		out = append(out, fmt.Sprintf("%s %s ms: %s (%s)", t.router, when, engine.Listing(t.groups), t.cause))
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
