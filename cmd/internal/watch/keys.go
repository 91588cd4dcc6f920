package watch

import (
	"unicode/utf8"

	"github.com/fhrpd/fhrpd/cmd/internal/overview"
)

// Key takes a key in the names of bubbletea ("a", "up", "ctrl+c") and reports
// whether the view ends.
func (v *View) Key(k string) (quit bool) {
	switch {
	case k == "ctrl+c":
		return true
	case v.typing:
		v.typeFilter(k)
	case k == "q":
		return true
	case v.page == table:
		v.tableKey(k)
	default:
		v.pageKey(k)
	}
	return false
}

// typeFilter edits the filter, whose rows follow at once.
func (v *View) typeFilter(k string) {
	switch {
	case k == "enter":
		v.typing = false
	case k == "esc":
		v.typing, v.filter = false, ""
	case k == "backspace":
		_, n := utf8.DecodeLastRuneInString(v.filter)
		v.filter = v.filter[:len(v.filter)-n]
	case k == "space":
		v.filter += " "
	case utf8.RuneCountInString(k) == 1:
		v.filter += k
	}
}

func (v *View) tableKey(k string) {
	switch k {
	case "/":
		v.typing = true
	case "esc":
		v.filter = ""
	case "s", ">":
		v.sort = (v.sort + 1) % overview.Orders
	case "S", "<":
		v.sort = (v.sort + overview.Orders - 1) % overview.Orders
	case "r", "R":
		v.reverse = !v.reverse
	case "enter", "right", "l":
		if rows := v.rows(); len(rows) > 0 {
			v.selected = rows[v.cursor(rows)].Ref()
			v.open(detail)
		}
	default:
		if !v.elsewhere(k) {
			v.move(k)
		}
	}
}

// elsewhere takes the keys that lead to a page from any other.
func (v *View) elsewhere(k string) bool {
	switch k {
	case "e":
		v.open(moves)
	case "?", "h", "f1":
		v.open(help)
	case "p":
		v.frozen = !v.frozen
	default:
		return false
	}
	return true
}

func (v *View) open(p page) { v.page, v.scroll = p, 0 }

// pageKey scrolls, and leads back.
func (v *View) pageKey(k string) {
	switch k {
	case "esc", "left", "backspace", "enter":
		v.open(table)
	default:
		if !v.elsewhere(k) {
			v.scroll = step(v.scroll, k, v.body(), len(v.pageLines()))
		}
	}
}

// move selects another row.
func (v *View) move(k string) {
	rows := v.rows()
	if len(rows) == 0 {
		return
	}
	v.selected = rows[step(v.cursor(rows), k, v.body(), len(rows))].Ref()
}

// step moves within n places by a key.
func step(at int, k string, screen, n int) int {
	switch k {
	case "up", "k":
		at--
	case "down", "j":
		at++
	case "pgup", "ctrl+b":
		at -= screen
	case "pgdown", "ctrl+f", "space":
		at += screen
	case "home", "g":
		at = 0
	case "end", "G":
		at = n - 1
	}
	return max(0, min(at, n-1))
}
