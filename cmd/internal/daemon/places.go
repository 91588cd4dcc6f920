package daemon

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// places are the interfaces with groups, for the goroutines that follow something there.
// The ports themselves are the loop's.
type places struct {
	list     atomic.Pointer[[]place]
	gateways nudge // the list has changed
	moves    nudge // there are other interfaces
}

// place is an interface with groups.
type place struct {
	name  string
	table int // of its VRF; the main one without, and while the port is not open
}

func newPlaces() places { return places{gateways: newNudge(), moves: newNudge()} }

// now may be called from any goroutine.
func (p *places) now() []place { return *p.list.Load() }

// set tells the followers of other places.
func (p *places) set(list []place) {
	was := p.list.Swap(&list)
	if was == nil || slices.Equal(*was, list) {
		return
	}
	p.gateways.give()
	if !slices.EqualFunc(*was, list, func(a, b place) bool { return a.name == b.name }) {
		p.moves.give()
	}
}

// placesOf returns the places of ports, in the order of their names.
func placesOf(ports map[string]*port) (list []place) {
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		l := place{name, unix.RT_TABLE_MAIN}
		if o := ports[name].opened; o != nil {
			l.table = cmp.Or(int(o.table), l.table)
		}
		list = append(list, l)
	}
	return list
}

// tables returns where the default routes of the places may be: in the main table and
// in those of VRFs.
func tables(list []place) []int {
	out := []int{unix.RT_TABLE_MAIN}
	for _, l := range list {
		if !slices.Contains(out, l.table) {
			out = append(out, l.table)
		}
	}
	return out
}
