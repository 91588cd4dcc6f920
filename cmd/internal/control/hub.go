package control

import (
	"context"
	"fmt"
	"sync"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// queue is how many events a reader may be behind, and remembered how many one may have
// missed that comes back.
const (
	queue      = 256
	remembered = 128
)

// Hub hands events to any number of readers without ever waiting for one. The
// zero value is ready; its methods may be called from any goroutine.
type Hub struct {
	mu      sync.Mutex
	readers map[*reader]struct{}
	begin   Mark           // where the first event follows
	count   uint64         // of events published here
	last    []status.Event // the last of them, for readers that come back
}

type reader struct {
	ch   chan status.Event
	lost uint64
}

// Begin says where in a stream the first event follows that was, or will be, published
// here.
func (h *Hub) Begin(m Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begin = m
}

// Subscribe returns the events published from now until ctx is done; then the
// channel closes.
func (h *Hub) Subscribe(ctx context.Context) <-chan status.Event {
	ch, _ := h.Resume(ctx, Mark{})
	return ch
}

// Resume is Subscribe with the events that follow a mark. One of another lineage is no
// place here, and the stream begins now. It returns where the stream begins.
func (h *Hub) Resume(ctx context.Context, after Mark) (<-chan status.Event, Mark) {
	r := &reader{ch: make(chan status.Event, queue)}
	h.mu.Lock()
	at := Mark{h.begin.Lineage, h.begin.Number + h.count}
	if after.Lineage != "" && after.Lineage == at.Lineage && after.Number < at.Number {
		h.catchUp(r, at.Number-after.Number)
		at = after
	}
	if h.readers == nil {
		h.readers = make(map[*reader]struct{})
	}
	h.readers[r] = struct{}{}
	h.mu.Unlock()
	context.AfterFunc(ctx, func() { h.remove(r) })
	return r.ch, at
}

// catchUp gives a reader the last n events, as far as they are remembered.
func (h *Hub) catchUp(r *reader, n uint64) {
	have := min(n, uint64(len(h.last)))
	r.lost = n - have
	for i := range h.last[uint64(len(h.last))-have:] {
		ev := h.last[uint64(len(h.last))-have+uint64(i)]
		ev.Number = h.begin.Number + h.count - have + uint64(i) + 1
		r.give(ev)
	}
}

func (h *Hub) remove(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, r)
	close(r.ch)
}

// Publish hands ev to every reader that has room. A reader that has none loses
// ev. A gap event with the count then comes before the next event.
func (h *Hub) Publish(ev status.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	if len(h.last) == remembered {
		h.last = append(h.last[:0], h.last[1:]...)
	}
	h.last = append(h.last, ev)
	ev.Number = h.begin.Number + h.count
	for r := range h.readers {
		r.give(ev)
	}
}

// give needs room for two after a loss: for the gap and for ev.
func (r *reader) give(ev status.Event) {
	room := cap(r.ch) - len(r.ch)
	if room == 0 || r.lost > 0 && room < 2 {
		r.lost++
		return
	}
	if r.lost > 0 {
		r.ch <- status.Event{At: ev.At, Kind: "gap", Lost: r.lost,
			Message: fmt.Sprintf("%d events lost: this reader is too slow", r.lost)}
		r.lost = 0
	}
	r.ch <- ev
}
