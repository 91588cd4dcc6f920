package engine

import (
	"container/heap"
	"time"
)

// task is something that is due at a time.
type task[T any] struct {
	of  T
	due time.Time
	pos int
	in  *queue[T] // nil: not filed
}

// queue orders tasks by their deadlines, which are here as well: to compare those of
// many tasks must not read each task.
type queue[T any] struct{ items []item[T] }

type item[T any] struct {
	due  time.Time
	task *task[T]
}

func (q *queue[T]) Len() int { return len(q.items) }

func (q *queue[T]) Less(i, j int) bool { return q.items[i].due.Before(q.items[j].due) }

func (q *queue[T]) Swap(i, j int) {
	q.items[i], q.items[j] = q.items[j], q.items[i]
	q.items[i].task.pos, q.items[j].task.pos = i, j
}

// Push implements heap.Interface.
func (q *queue[T]) Push(x any) {
	t := x.(*task[T])
	t.pos, t.in = len(q.items), q
	q.items = append(q.items, item[T]{t.due, t})
}

// Pop implements heap.Interface.
func (q *queue[T]) Pop() any {
	last := len(q.items) - 1
	t := q.items[last].task
	q.items[last] = item[T]{}
	q.items = q.items[:last]
	t.pos, t.in = -1, nil
	return t
}

// popDue removes and returns the earliest task if it is due at now.
func (q *queue[T]) popDue(now time.Time) *task[T] {
	if len(q.items) == 0 || q.items[0].due.After(now) {
		return nil
	}
	return heap.Pop(q).(*task[T])
}

// next returns the earliest deadline, zero when there is none.
func (q *queue[T]) next() time.Time {
	if len(q.items) == 0 {
		return time.Time{}
	}
	return q.items[0].due
}

// file puts t into q under its deadline, or nowhere when it has none.
func (q *queue[T]) file(t *task[T], due time.Time, armed bool) {
	if armed && t.in == q && t.due.Equal(due) {
		return // as after most of what is heard
	}
	if t.in != nil && (!armed || t.in != q) {
		heap.Remove(t.in, t.pos)
	}
	t.due = due
	switch {
	case !armed:
	case t.in == q:
		q.items[t.pos].due = due
		heap.Fix(q, t.pos)
	default:
		heap.Push(q, t)
	}
}
