package engine

import (
	"container/heap"
	"time"
)

// queue orders groups by their next deadline.
type queue struct{ items []*group }

func (q *queue) Len() int           { return len(q.items) }
func (q *queue) Less(i, j int) bool { return q.items[i].due.Before(q.items[j].due) }
func (q *queue) Swap(i, j int) {
	q.items[i], q.items[j] = q.items[j], q.items[i]
	q.items[i].pos, q.items[j].pos = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	g := x.(*group)
	g.pos, g.in = len(q.items), q
	q.items = append(q.items, g)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(q.items) - 1
	g := q.items[last]
	q.items[last] = nil
	q.items = q.items[:last]
	g.pos, g.in = -1, nil
	return g
}

// popDue removes and returns the earliest group if it is due at now.
func (q *queue) popDue(now time.Time) *group {
	if len(q.items) == 0 || q.items[0].due.After(now) {
		return nil
	}
	return heap.Pop(q).(*group)
}

// next returns the earliest deadline.
func (q *queue) next() (time.Time, bool) {
	if len(q.items) == 0 {
		return time.Time{}, false
	}
	return q.items[0].due, true
}

// reschedule files g under its deadline: active groups apart from the others,
// so that a thousand promotions at one instant cannot delay a hello that is
// due.
func (e *Engine) reschedule(g *group) {
	due, armed := g.deadline()
	want := &e.waiting
	if g.elected() {
		want = &e.speaking
	}
	switch {
	case !armed && g.in != nil:
		heap.Remove(g.in, g.pos)
	case !armed:
	case g.in == want:
		g.due = due
		heap.Fix(want, g.pos)
	default:
		if g.in != nil {
			heap.Remove(g.in, g.pos)
		}
		g.due = due
		heap.Push(want, g)
	}
}
