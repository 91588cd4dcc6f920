package engine

import (
	"container/heap"
	"time"
)

// task is one of the two things that a group is waited for with: its machine,
// and everything else.
type task struct {
	group *group
	due   time.Time
	pos   int
	in    *queue // nil: not filed
}

// queue orders tasks by their deadlines.
type queue struct{ items []*task }

func (q *queue) Len() int           { return len(q.items) }
func (q *queue) Less(i, j int) bool { return q.items[i].due.Before(q.items[j].due) }
func (q *queue) Swap(i, j int) {
	q.items[i], q.items[j] = q.items[j], q.items[i]
	q.items[i].pos, q.items[j].pos = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	t := x.(*task)
	t.pos, t.in = len(q.items), q
	q.items = append(q.items, t)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(q.items) - 1
	t := q.items[last]
	q.items[last] = nil
	q.items = q.items[:last]
	t.pos, t.in = -1, nil
	return t
}

// popDue removes and returns the earliest task if it is due at now.
func (q *queue) popDue(now time.Time) *task {
	if len(q.items) == 0 || q.items[0].due.After(now) {
		return nil
	}
	return heap.Pop(q).(*task)
}

// next returns the earliest deadline.
func (q *queue) next() (time.Time, bool) {
	if len(q.items) == 0 {
		return time.Time{}, false
	}
	return q.items[0].due, true
}

// file puts t into q under its deadline, or nowhere when it has none.
func (q *queue) file(t *task, due time.Time, armed bool) {
	if t.in != nil && (!armed || t.in != q) {
		heap.Remove(t.in, t.pos)
	}
	t.due = due
	switch {
	case !armed:
	case t.in == q:
		heap.Fix(q, t.pos)
	default:
		heap.Push(q, t)
	}
}

// reschedule files g under its deadlines. The machines of active groups have a
// queue of their own, so that neither a thousand promotions at one instant nor
// the announcements that follow them can delay a hello that is due.
func (e *Engine) reschedule(g *group) {
	q := &e.waiting
	if g.elected() {
		q = &e.speaking
	}
	due, armed := g.machine.Deadline()
	q.file(&g.role, due, armed)
	due, armed = g.chores()
	e.chores.file(&g.rest, due, armed)
}
