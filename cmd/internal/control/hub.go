package control

import (
	"context"
	"fmt"
	"sync"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// queue is how many events a reader may be behind.
const queue = 256

// Hub hands events to any number of readers without ever waiting for one. The
// zero value is ready; its methods may be called from any goroutine.
type Hub struct {
	mu      sync.Mutex
	readers map[*reader]struct{}
}

type reader struct {
	ch   chan status.Event
	lost uint64
}

// Subscribe returns the events published from now until ctx is done; then the
// channel closes.
func (h *Hub) Subscribe(ctx context.Context) <-chan status.Event {
	r := &reader{ch: make(chan status.Event, queue)}
	h.mu.Lock()
	if h.readers == nil {
		h.readers = make(map[*reader]struct{})
	}
	h.readers[r] = struct{}{}
	h.mu.Unlock()
	context.AfterFunc(ctx, func() { h.remove(r) })
	return r.ch
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
