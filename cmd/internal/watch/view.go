package watch

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/overview"
)

// View is all that a screen depends on. The zero value shows nothing yet.
type View struct {
	Names    [2]string // how the routers are called; the second is "" without a peer
	Readings [2]Reading
	Now      time.Time
	Width    int // columns
	Height   int // lines

	sort     overview.Order
	reverse  bool
	filter   string
	typing   bool   // the filter is being typed
	selected string // a group's reference; "" is the first row
	page     page
	scroll   int // lines of a page that is not the table
	frozen   bool
}

// page is what the screen shows.
type page int

const (
	table page = iota
	detail
	moves
	help
)

// Set takes a reading of router i, 0 for this one. A frozen view keeps what it has.
func (v *View) Set(i int, r Reading) {
	if !v.frozen {
		v.Readings[i] = r
	}
}

// Tick sets the time, which a frozen view does not take.
func (v *View) Tick(now time.Time) {
	if !v.frozen {
		v.Now = now
	}
}

func (v *View) paired() bool { return v.Names[1] != "" }

// rows are those that pass the filter, in order.
func (v *View) rows() []overview.Row {
	own := &v.Readings[0]
	rows := overview.Rows(own.Status, own.At, v.Readings[1].Status)
	if v.filter != "" {
		rows = slices.DeleteFunc(rows, func(r overview.Row) bool { return !r.Matches(v.filter) })
	}
	overview.Sort(rows, v.sort, v.reverse)
	return rows
}

// cursor is the index of the selected row, 0 where it is gone.
func (v *View) cursor(rows []overview.Row) int {
	return max(0, slices.IndexFunc(rows, func(r overview.Row) bool { return r.Ref() == v.selected }))
}
