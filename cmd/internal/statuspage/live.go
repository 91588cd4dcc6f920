package statuspage

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Pace of what a browser is sent: soon after an event, and now and then for what
// runs down without one.
const (
	soon  = 100 * time.Millisecond
	still = 5 * time.Second
)

// shared is what was rendered last, for all browsers.
type shared struct {
	mu   sync.Mutex
	at   time.Time
	text []byte
}

// since returns a rendering that is no older than age. One goroutine renders at a
// time.
func (s *shared) since(now time.Time, age time.Duration, render func() ([]byte, error)) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text != nil && now.Sub(s.at) <= age {
		return s.text, nil
	}
	text, err := render()
	if err == nil {
		s.at, s.text = now, text
	}
	return text, err
}

// live sends the page's contents as server-sent events until the browser leaves.
func (p *page) live(w http.ResponseWriter, r *http.Request) {
	events, err := p.src.Subscribe(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies hold it back otherwise
	to := http.NewResponseController(w)
	for p.send(r.Context(), w, to) == nil && wait(r.Context(), events) {
	}
}

// send writes one event. HTML has no line that begins an event of its own: each of
// its lines is marked.
func (p *page) send(ctx context.Context, w http.ResponseWriter, to *http.ResponseController) error {
	body, err := p.last.since(p.now(), soon, func() ([]byte, error) { return p.main(ctx) })
	if err != nil {
		return err
	}
	if err := to.SetWriteDeadline(time.Now().Add(serve.WriteTimeout)); err != nil {
		return err
	}
	for line := range bytes.Lines(body) {
		if _, err := fmt.Fprintf(w, "data: %s\n", bytes.TrimRight(line, "\r\n")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(w, "\n"); err != nil {
		return err
	}
	return to.Flush()
}

// wait returns a moment after an event, or after a while without one; false when
// there will be none.
func wait(ctx context.Context, events <-chan status.Event) bool {
	quiet := time.NewTimer(still)
	defer quiet.Stop()
	select {
	case _, ok := <-events:
		if !ok {
			return false
		}
	case <-quiet.C:
		return true
	case <-ctx.Done():
		return false
	}
	more := time.NewTimer(soon)
	defer more.Stop()
	for {
		select {
		case _, ok := <-events:
			if !ok {
				return false
			}
		case <-more.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}
