// Package sim runs the daemon's engine in a world of virtual time: routers on
// one LAN that loses, delays, duplicates and partitions, hosts that stall,
// crash and come back. One seed gives one history, to the last frame. After
// every step it checks what must never happen.
package sim

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// epoch is when every world begins. Its value means nothing.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// world is virtual time: things to do, in the order of their time and then of
// their planning.
type world struct {
	now    time.Time
	random *rand.Rand
	queue  happenings
	seq    uint64
}

func newWorld(seed uint64) *world {
	return &world{now: epoch, random: rand.New(rand.NewPCG(seed, 0x66687270))}
}

// elapsed is the time since the world began.
func (w *world) elapsed() time.Duration { return w.now.Sub(epoch) }

// at plans fn.
func (w *world) at(t time.Time, fn func()) {
	w.seq++
	heap.Push(&w.queue, happening{at: t, seq: w.seq, do: fn})
}

// after plans fn in d.
func (w *world) after(d time.Duration, fn func()) { w.at(w.now.Add(d), fn) }

// run does everything planned until t and leaves the clock there. each is
// called after every happening.
func (w *world) run(t time.Time, each func()) {
	for len(w.queue) > 0 && !w.queue[0].at.After(t) {
		h := heap.Pop(&w.queue).(happening)
		w.now = h.at
		h.do()
		each()
	}
	w.now = t
}

type happening struct {
	at  time.Time
	seq uint64
	do  func()
}

type happenings []happening

func (q happenings) Len() int { return len(q) }
func (q happenings) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}
func (q happenings) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *happenings) Push(x any) { *q = append(*q, x.(happening)) }

// Pop implements heap.Interface.
func (q *happenings) Pop() any {
	last := len(*q) - 1
	h := (*q)[last]
	*q = (*q)[:last]
	return h
}
