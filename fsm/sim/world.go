// Package sim runs the daemon's engine in a world of virtual time: routers on
// one LAN that loses, delays, duplicates and partitions, hosts that stall,
// crash and come back. One seed gives one history, to the last frame. After
// every step it checks what must never happen. Explore leaves nothing to a seed: it tries
// every order of events, to a number of them that leave the calm course.
package sim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// epoch is when every world begins. Its value means nothing.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// world is virtual time: things to do, in the order of their time and then of
// their planning.
type world struct {
	now    time.Time
	random *rand.Rand
	queue  []happening
}

type happening struct {
	at   time.Time
	do   func()
	what what
}

// what tells happenings apart, for who looks at all that is to come.
type what struct {
	kind   string // of the router's own: turn, post, ...; frame for one that arrives there
	router *router
	life   int // of the router's process; 0: whichever runs then
	on     string
	data   []byte // frame: all of it
}

func newWorld(seed uint64) *world {
	return &world{now: epoch, random: rand.New(rand.NewPCG(seed, 0x66687270))}
}

// elapsed is the time since the world began.
func (w *world) elapsed() time.Duration { return w.now.Sub(epoch) }

// at plans fn.
func (w *world) at(t time.Time, fn func()) { w.plan(t, what{}, fn) }

// plan plans fn, and says what it is.
func (w *world) plan(t time.Time, what what, fn func()) {
	i, _ := slices.BinarySearchFunc(w.queue, t, func(h happening, t time.Time) int {
		if h.at.After(t) {
			return 1
		}
		return -1 // what was planned earlier for the same time comes first
	})
	w.queue = slices.Insert(w.queue, i, happening{t, fn, what})
}

// after plans fn in d.
func (w *world) after(d time.Duration, fn func()) { w.at(w.now.Add(d), fn) }

// run does everything planned until t and leaves the clock there. each is
// called after every happening.
func (w *world) run(t time.Time, each func()) {
	for len(w.queue) > 0 && !w.queue[0].at.After(t) {
		h := w.queue[0]
		w.queue = w.queue[1:]
		w.now = h.at
		h.do()
		each()
	}
	w.now = t
}
