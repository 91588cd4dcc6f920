package watch

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/fhrpd/fhrpd/cmd/internal/overview"
	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
)

// column is one of the table. Those with the highest drop go first where the
// screen is too narrow for all.
type column struct {
	title string
	drop  int
	least int // columns of the screen, so that the table stands still where its contents change often
	text  func(r *overview.Row, v *View) string
	pair  bool // only beside another router
}

var columns = []column{
	{title: "GROUP", text: func(r *overview.Row, _ *View) string { return r.Ref() }},
	{title: "NAME", drop: 6, text: func(r *overview.Row, _ *View) string { return name(r) }},
	{title: "STATE", least: len("Initialize"), text: func(r *overview.Row, _ *View) string { return r.State }},
	{title: "SINCE", drop: 2, least: len("00:00:00"), text: func(r *overview.Row, v *View) string { return show.Age(r.Since, v.Now) }},
	{title: "PEER", drop: 1, pair: true, text: func(r *overview.Row, v *View) string { return r.Opposite(v.Now) }},
	{title: "PRI", drop: 4, least: len("255 P"), text: func(r *overview.Row, _ *View) string { return r.Pri() }},
	{title: "ACTIVE", drop: 3, text: func(r *overview.Row, v *View) string { return r.Peer(r.Active, v.Now) }},
	{title: "STANDBY", drop: 5, text: func(r *overview.Row, v *View) string { return r.Peer(r.Standby, v.Now) }},
	{title: "PROVEN", drop: 7, text: func(r *overview.Row, _ *View) string { return r.Proven() }},
	{title: "TRACKS", drop: 8, text: func(r *overview.Row, _ *View) string { return r.Tracked() }},
	{title: "VIRTUAL IP", drop: 9, text: func(r *overview.Row, _ *View) string { return r.Virtual() }},
}

func name(r *overview.Row) string {
	if r.NameDefault {
		return "-"
	}
	return r.Name
}

// noteWidth is what the note at the right of a row should have at least.
const noteWidth = 24

// grid is the table as text, with the width of each column.
type grid struct {
	columns []column
	cells   [][]string
	width   []int
}

func (v *View) grid(rows []overview.Row) *grid {
	g := &grid{}
	for _, c := range columns {
		if c.pair && !v.paired() {
			continue
		}
		g.columns = append(g.columns, c)
		width := max(c.least, len(c.title))
		cells := make([]string, len(rows))
		for i := range rows {
			cells[i] = plain.Line(c.text(&rows[i], v))
			width = max(width, ansi.StringWidth(cells[i]))
		}
		g.cells, g.width = append(g.cells, cells), append(g.width, width)
	}
	for g.total()+noteWidth > v.Width && g.narrow() {
	}
	return g
}

func (g *grid) total() (n int) {
	for _, w := range g.width {
		n += w + 2
	}
	return n
}

// narrow takes the least important column out, and reports whether there was one.
func (g *grid) narrow() bool {
	worst := 0
	for i, c := range g.columns {
		if c.drop > g.columns[worst].drop {
			worst = i
		}
	}
	if g.columns[worst].drop == 0 {
		return false
	}
	g.columns = append(g.columns[:worst:worst], g.columns[worst+1:]...)
	g.cells = append(g.cells[:worst:worst], g.cells[worst+1:]...)
	g.width = append(g.width[:worst:worst], g.width[worst+1:]...)
	return true
}

func (g *grid) titles() string {
	var b strings.Builder
	for i, c := range g.columns {
		b.WriteString(pad(c.title, g.width[i]+2))
	}
	return b.String()
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}

// line is one row. The selected one is a bar, whatever its colours.
func (g *grid) line(i int, r *overview.Row, selected bool) string {
	m, note := r.Trouble()
	var b strings.Builder
	for c := range g.columns {
		text := pad(g.cells[c][i], g.width[c]+2)
		if g.columns[c].title == "STATE" && !selected {
			text = paint(stateStyle(r.State), text)
		}
		b.WriteString(text)
	}
	if selected {
		return paint(styleReverse, b.String()+plain.Line(note))
	}
	return b.String() + paint(moodStyle(m), note)
}

func stateStyle(state string) string {
	switch state {
	case "Active":
		return styleGreen
	case "Init", "Initialize":
		return styleAmber
	}
	return styleNone
}

func moodStyle(m overview.Mood) string {
	return [...]string{overview.Calm: styleNone, overview.Away: styleDim, overview.Amber: styleAmber, overview.Red: styleRed}[m]
}

// tableLines are the titles, the rows around the selected one, and the last
// transitions.
func (v *View) tableLines() []string {
	rows := v.rows()
	g := v.grid(rows)
	lines := []string{paint(styleBold, g.titles())}
	at := v.cursor(rows)
	from := max(0, min(at-v.body()/2, len(rows)-v.body()))
	for i := from; i < min(len(rows), from+v.body()); i++ {
		lines = append(lines, g.line(i, &rows[i], i == at))
	}
	if len(rows) == 0 && v.Readings[0].Status != nil {
		lines = append(lines, paint(styleDim, v.nothing()))
	}
	if v.tail() == 0 {
		return lines
	}
	for len(lines) < v.body()+1 {
		lines = append(lines, "")
	}
	past := v.past("")
	lines = append(lines, paint(styleBold, "LAST TRANSITIONS"))
	return append(lines, past[max(0, len(past)-recent):]...)
}

func (v *View) nothing() string {
	if v.filter != "" {
		return "no group contains " + v.filter
	}
	return "no groups are configured"
}
