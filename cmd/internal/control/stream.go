package control

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// events streams one JSON object a line. Headers go out before the first
// event, so that a client knows when it is subscribed.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	ch, begin, err := s.stream(ctx, parseMark(r.URL.Query().Get("after")))
	if err != nil {
		answer(w)(nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	if begin.Lineage != "" {
		w.Header().Set(markHeader, begin.String())
	}
	w.WriteHeader(http.StatusOK)
	rc, enc := http.NewResponseController(w), json.NewEncoder(w)
	_ = rc.SetWriteDeadline(time.Time{}) // a stopped pager loses events, and goes on
	err = rc.Flush()
	for ev := range ch { // which ends with what was published before the end
		if err = errors.Join(err, enc.Encode(line{ev, ev.Number}), rc.Flush()); err != nil {
			return
		}
	}
}

// stream subscribes to the backend's events.
func (s *server) stream(ctx context.Context, after Mark) (<-chan status.Event, Mark, error) {
	if b, ok := s.backend.(Streamer); ok {
		return b.Resume(ctx, after)
	}
	ch, err := s.backend.Subscribe(ctx)
	return ch, Mark{}, err
}

// How a client comes back to a stream that has ended.
const (
	resumeWithin = 5 * time.Second
	resumeEvery  = 20 * time.Millisecond
)

// Subscribe implements Backend. It returns when the daemon has subscribed the
// client; the channel closes when ctx is done or the daemon stops. A process that
// takes the daemon's place is no end: the events go on where they were.
func (c *Client) Subscribe(ctx context.Context) (<-chan status.Event, error) {
	s := subscription{client: c, ch: make(chan status.Event)}
	body, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	go s.run(ctx, body)
	return s.ch, nil
}

// subscription is a stream of events through one process after the other.
type subscription struct {
	client *Client
	at     Mark // of the last event
	ch     chan status.Event
}

// opened is an answer that streams, and what ends it.
type opened struct {
	*http.Response
	cancel context.CancelCauseFunc
}

// open asks for the events after those that were received.
func (s *subscription) open(ctx context.Context) (*opened, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(answerTimeout, func() { cancel(errStuck(s.client.path, answerTimeout)) })
	path := pathEvents
	if s.at.Lineage != "" {
		path += "?after=" + url.QueryEscape(s.at.String())
	}
	resp, err := s.client.do(ctx, http.MethodGet, path, nil)
	late.Stop()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	begin := parseMark(resp.Header.Get(markHeader))
	if s.at.Lineage != "" && begin.Lineage != s.at.Lineage {
		resp.Body.Close()
		cancel(nil)
		return nil, errAnother
	}
	s.at = begin
	return &opened{resp, cancel}, nil
}

// run passes events on until there are no more.
func (s *subscription) run(ctx context.Context, o *opened) {
	defer close(s.ch)
	for o != nil {
		s.read(ctx, o)
		o = s.reopen(ctx)
	}
}

// read passes on what one process has.
func (s *subscription) read(ctx context.Context, o *opened) {
	defer o.cancel(nil)
	defer o.Body.Close()
	events := json.NewDecoder(o.Body)
	for {
		var l line
		if events.Decode(&l) != nil {
			return
		}
		if l.Event.Number = l.Number; l.Number > 0 {
			s.at.Number = l.Number
		}
		select {
		case s.ch <- l.Event:
		case <-ctx.Done():
			return
		}
	}
}

// errAnother says that a daemon answers which knows nothing of the last one's events.
var errAnother = errors.New("another daemon")

// isOver reports whether there is nobody to go on with. A process that was asked and has
// not answered may be one whose place another one has.
func isOver(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, errAnother) || errors.Is(err, ErrForbidden)
}

// reopen goes on with the process that has taken the place of the last one, nil where
// none has.
func (s *subscription) reopen(ctx context.Context) *opened {
	if s.at.Lineage == "" {
		return nil
	}
	late := time.Now().Add(resumeWithin)
	for ctx.Err() == nil && time.Now().Before(late) {
		s.client.http.CloseIdleConnections()
		o, err := s.open(ctx)
		if err == nil {
			return o
		}
		if isOver(err) {
			return nil
		}
		select {
		case <-time.After(resumeEvery):
		case <-ctx.Done():
		}
	}
	return nil
}
