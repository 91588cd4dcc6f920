package daemon

import (
	"context"
	"net"
	"reflect"
	"sync"

	"github.com/fhrpd/fhrpd/cmd/internal/track"
	"github.com/fhrpd/fhrpd/configs"
)

// trackers check the tracked objects. One that goes on as it was is not disturbed.
type trackers struct {
	run func(ctx context.Context, t configs.Track)

	mu      sync.Mutex
	ctx     context.Context
	running map[string]tracker
}

type tracker struct {
	configs.Track
	stop context.CancelFunc
}

func newTrackers(d *Daemon) *trackers {
	return &trackers{running: map[string]tracker{}, run: func(ctx context.Context, t configs.Track) {
		track.Run(ctx, []configs.Track{t}, d.log, d.tracked)
	}}
}

// start begins to check, until ctx is done.
func (t *trackers) start(ctx context.Context, list []configs.Track) {
	t.mu.Lock()
	t.ctx = ctx
	t.mu.Unlock()
	t.configure(list)
}

// configure checks these objects from now on.
func (t *trackers) configure(list []configs.Track) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.running
	t.running = map[string]tracker{}
	for _, c := range list {
		if old, ok := was[c.Name]; ok && reflect.DeepEqual(old.Track, c) {
			t.running[c.Name] = old
			delete(was, c.Name)
		}
	}
	for _, old := range was {
		old.stop()
	}
	for _, c := range list {
		if _, runs := t.running[c.Name]; !runs {
			ctx, stop := context.WithCancel(t.ctx)
			t.running[c.Name] = tracker{c, stop}
			go t.run(ctx, c)
		}
	}
}

// scrapers serve the metrics at one address at a time.
type scrapers struct {
	run func(ctx context.Context, l net.Listener)

	mu   sync.Mutex
	ctx  context.Context
	stop context.CancelFunc
	at   net.Listener // nil: nowhere
}

// listener returns where the metrics are served, nil when they are not.
func (s *scrapers) listener() net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// start begins at the listener, if there is one, until ctx is done.
func (s *scrapers) start(ctx context.Context, l net.Listener) {
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	s.serve(l)
}

// serve goes on at another listener, or nowhere.
func (s *scrapers) serve(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.at = l
	if l != nil {
		var ctx context.Context
		ctx, s.stop = context.WithCancel(s.ctx)
		go s.run(ctx, l)
	}
}
