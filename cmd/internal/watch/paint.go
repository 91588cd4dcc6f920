package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/fhrpd/fhrpd/cmd/internal/overview"
	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
)

// Styles are the few that every terminal has, so that they follow its colours.
const (
	styleNone    = ""
	styleBold    = "1"
	styleDim     = "2"
	styleReverse = "7"
	styleRed     = "1;31"
	styleGreen   = "32"
	styleAmber   = "33"
)

// paint returns text, made harmless, in a style.
func paint(style, text string) string {
	text = plain.Line(text)
	if style == styleNone || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[m"
}

// fit cuts a line at the right edge.
func (v *View) fit(s string) string { return ansi.Truncate(s, v.Width, "…") }

// What a screen has around its body: two lines of heads above and one of keys below.
const around = 3

// recent is how many of the last transitions stand below the table, where there is
// room for them.
const recent = 5

// body is how many lines the table or the page has.
func (v *View) body() int {
	n := v.Height - around
	if v.page == table {
		n -= 1 + v.tail() // its titles
	}
	return max(1, n)
}

// tail is how many lines the last transitions take, their title included.
func (v *View) tail() int {
	if v.Height < around+2*(recent+1) {
		return 0
	}
	return recent + 1
}

// Lines returns the screen, at most Height lines of at most Width columns, with
// the escape sequences of their styles.
func (v *View) Lines() []string {
	lines := v.heads()
	switch {
	case v.page != table:
		all := v.pageLines()
		from := min(v.scroll, max(0, len(all)-v.body()))
		lines = append(lines, all[from:min(len(all), from+v.body())]...)
	default:
		lines = append(lines, v.tableLines()...)
	}
	for len(lines) < v.Height-1 {
		lines = append(lines, "")
	}
	lines = append(lines[:max(0, min(len(lines), v.Height-1))], v.keysLine())
	for i := range lines {
		lines[i] = v.fit(lines[i])
	}
	return lines[:max(0, min(len(lines), v.Height))]
}

// heads says who is looked at, and how old that is.
func (v *View) heads() []string {
	out := []string{v.head(0)}
	if v.paired() {
		return append(out, v.head(1))
	}
	return append(out, v.counts())
}

func (v *View) head(i int) string {
	r := &v.Readings[i]
	name := paint(styleBold, v.Names[i])
	switch {
	case r.Status == nil && r.Err == nil:
		return name + "  " + paint(styleDim, "asked")
	case r.Err != nil:
		old := ""
		if r.Status != nil {
			old = fmt.Sprintf("  (what is shown is %s old)", v.Now.Sub(r.At).Round(time.Second))
		}
		return name + "  " + paint(styleRed, strings.Join(strings.Fields(r.Err.Error()), " ")) + old
	}
	up := time.Duration(r.Status.UptimeMS) * time.Millisecond
	text := fmt.Sprintf("%s  pid %d  up %s", r.Status.Version, r.Status.PID, show.Age(r.At.Add(-up), v.Now))
	if r.Status.Maintenance {
		text += "  " + "in maintenance"
	}
	line := name + "  " + paint(styleNone, text)
	if i == 0 && v.frozen {
		line += "  " + paint(styleReverse, "frozen at "+r.At.Format(time.TimeOnly)+": p goes on")
	}
	return line
}

// counts says how many groups there are in each state, and how many of them ask for
// attention.
func (v *View) counts() string {
	rows := v.rows()
	count, trouble := map[string]int{}, 0
	for i := range rows {
		count[rows[i].State]++
		if rows[i].Mood() >= overview.Amber {
			trouble++
		}
	}
	parts := []string{plural(len(rows), "group")}
	for _, s := range []string{"Active", "Standby", "Backup", "Speak", "Listen", "Learn", "Init", "Initialize"} {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	line := paint(styleNone, strings.Join(parts, ", "))
	if trouble > 0 {
		line += ", " + paint(styleAmber, fmt.Sprintf("%d to look at", trouble))
	}
	return line
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// keysLine is the last line: the filter while it is typed, otherwise what can be
// pressed.
func (v *View) keysLine() string {
	switch {
	case v.typing:
		return "/" + plain.Line(v.filter) + "█"
	case v.page != table:
		return paint(styleDim, "esc back  ↑↓ scroll  e transitions  p freeze  ? keys  q quit")
	}
	keys := fmt.Sprintf("↑↓ select  enter detail  s sort: %s  r reverse  / filter  e transitions  p freeze  ? keys  q quit", v.sort)
	if v.filter != "" {
		keys = fmt.Sprintf("filter %q (esc: all)  ", v.filter) + keys
	}
	return paint(styleDim, keys)
}
