package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// pageLines is the page that is not the table, as long as it is.
func (v *View) pageLines() []string {
	switch v.page {
	case detail:
		return v.detailLines()
	case moves:
		return append([]string{paint(styleBold, "TRANSITIONS AND COMMANDS, oldest first")}, v.past("")...)
	case help:
		return strings.Split(strings.TrimSpace(keysHelp), "\n")
	}
	return nil
}

// keysHelp is the page behind "?".
const keysHelp = `
↑ ↓ k j        select a group, or scroll
PgUp PgDn      a screen up or down
Home End g G   first and last
Enter →        everything about the selected group; Esc ← back
s S            next and previous order: file, trouble, state, last change, priority, name
r              reverse the order
/              show only groups that contain a text: a name, an address, a state, a fault
e              all transitions and commands, with their causes
p              freeze the screen, and go on
q Ctrl-C       quit

The time beside a peer is what is left of its hold time. PROVEN counts the
neighbours that were seen to deliver here since the takeover. The note at the
right says what is wrong, the worst first.
`

// detailLines is all about one group, and what the other router says of it.
func (v *View) detailLines() []string {
	rows := v.rows()
	if len(rows) == 0 {
		return []string{paint(styleDim, v.nothing())}
	}
	r := &rows[v.cursor(rows)]
	if r.Ref() != v.selected {
		return []string{paint(styleDim, v.selected+" is gone")}
	}
	lines := v.about(v.Names[0], r.Group, &v.Readings[0])
	if r.Other != nil {
		lines = append(lines, "")
		lines = append(lines, v.about(v.Names[1], r.Other, &v.Readings[1])...)
	}
	lines = append(lines, "", paint(styleBold, "TRANSITIONS AND COMMANDS, oldest first"))
	return append(lines, v.past(r.Ref())...)
}

// about is the group in the layout of show, whose times are those of the reading.
func (v *View) about(router string, g *status.Group, read *Reading) []string {
	text, groups := show.Standby, []status.Group{*g}
	if g.Protocol == "vrrp" {
		text = show.VRRP
	}
	lines := []string{paint(styleBold, "ON "+router)}
	out := text(groups, read.At)
	if len(g.Takeover) > 0 {
		out += "\n" + show.Proofs(g.Takeover)
	}
	for l := range strings.Lines(out) {
		lines = append(lines, paint(styleNone, strings.TrimRight(l, "\n")))
	}
	return lines
}

// past is what happened, oldest first, to one group or to all, on both routers.
func (v *View) past(group string) (lines []string) {
	type entry struct {
		router string
		*status.Past
	}
	var all []entry
	for i := range v.Readings {
		for j := range v.Readings[i].Past {
			p := &v.Readings[i].Past[j]
			if group == "" || i == 0 && p.Interface != "" && p.Ref().String() == group || i == 1 && v.isCounterpart(p, group) {
				all = append(all, entry{v.Names[i], p})
			}
		}
	}
	merge(all, func(e entry) time.Time { return e.At })
	for _, e := range all {
		line := strings.TrimRight(show.History([]status.Past{*e.Past}), "\n")
		if v.paired() {
			line = fmt.Sprintf("%s: %s", e.router, line)
		}
		lines = append(lines, paint(styleNone, line))
	}
	return lines
}

// isCounterpart reports whether p is of the group that the other router calls as
// it likes.
func (v *View) isCounterpart(p *status.Past, group string) bool {
	for _, r := range v.rows() {
		if r.Ref() == group && r.Other != nil {
			return p.Interface != "" && p.Ref().String() == r.Other.Ref()
		}
	}
	return false
}
