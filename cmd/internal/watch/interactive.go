package watch

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Options is what a watch reads and how.
type Options struct {
	Sources  [2]Source // the second is nil without a peer
	Names    [2]string // how they are called
	Interval time.Duration
	Count    int // of Plain
	Now      func() time.Time
	In       io.Reader // of Interactive: a terminal
	Environ  []string  // of Interactive: TERM, NO_COLOR and their like
}

// Interactive paints the view on the terminal behind w until a key ends it or ctx
// is done. The error of the first reading of this router is returned before the
// screen is touched.
func Interactive(ctx context.Context, w io.Writer, o Options) error {
	s := &screen{ctx: ctx, options: o, view: View{Names: o.Names, Width: 80, Height: 24}}
	first := read(ctx, o.Sources[0], Reading{}, o.Now)
	if first.Err != nil {
		return first.Err
	}
	s.view.Set(0, first)
	s.view.Tick(o.Now())
	p := tea.NewProgram(s, tea.WithContext(ctx), tea.WithOutput(w), tea.WithInput(o.In), tea.WithEnvironment(o.Environ), tea.WithoutSignalHandler())
	if stream, ok := o.Sources[0].(Streamer); ok {
		go follow(ctx, stream, func() { p.Send(happened{}) })
	}
	_, err := p.Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// Messages of the screen.
type (
	got struct {
		router int
		Reading
	}
	beat     time.Time
	happened struct{} // an event: what is shown is old
)

// screen is the view as bubbletea wants it. Readings come and go beside it, one at
// a time for each router.
type screen struct {
	ctx     context.Context
	options Options
	view    View
	asking  [2]bool
	again   bool // this router was asked before the last event
}

// Init implements tea.Model.
func (s *screen) Init() tea.Cmd { return tea.Batch(s.ask(0), s.ask(1), s.beat()) }

// Update implements tea.Model.
func (s *screen) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	switch m := m.(type) {
	case tea.WindowSizeMsg:
		s.view.Width, s.view.Height = m.Width, m.Height
	case tea.KeyPressMsg:
		if s.view.Key(m.String()) {
			return s, tea.Quit
		}
	case beat:
		s.view.Tick(time.Time(m))
		return s, tea.Batch(s.ask(0), s.ask(1), s.beat())
	case happened:
		s.again = s.asking[0]
		return s, s.ask(0)
	case got:
		return s, s.take(m)
	}
	return s, nil
}

func (s *screen) take(m got) tea.Cmd {
	s.asking[m.router] = false
	s.view.Set(m.router, m.Reading)
	s.view.Tick(s.options.Now())
	if m.router == 0 && s.again {
		s.again = false
		return s.ask(0)
	}
	return nil
}

func (s *screen) beat() tea.Cmd {
	return tea.Tick(s.options.Interval, func(time.Time) tea.Msg { return beat(s.options.Now()) })
}

// ask reads a router unless that is under way.
func (s *screen) ask(i int) tea.Cmd {
	src := s.options.Sources[i]
	if src == nil || s.asking[i] {
		return nil
	}
	s.asking[i] = true
	old := s.view.Readings[i]
	return func() tea.Msg { return got{i, read(s.ctx, src, old, s.options.Now)} }
}

// View implements tea.Model.
func (s *screen) View() tea.View {
	v := tea.NewView(strings.Join(s.view.Lines(), "\n"))
	v.AltScreen = true
	return v
}

// Between two attempts to hear a daemon's events, and between two readings that
// they cause.
const (
	retryEvents = time.Second
	calmEvents  = 200 * time.Millisecond
)

// follow tells of each event, at most once in calmEvents, and subscribes again when
// the daemon was away.
func follow(ctx context.Context, src Streamer, tell func()) {
	for ctx.Err() == nil {
		if events, err := src.Subscribe(ctx); err == nil {
			drain(ctx, events, tell)
		}
		pause(ctx, retryEvents)
	}
}

// drain tells at once of the first event, and once more of all that come while it
// holds its breath.
func drain(ctx context.Context, events <-chan status.Event, tell func()) {
	for range events {
		tell()
		pause(ctx, calmEvents)
		for more := true; more; {
			select {
			case _, more = <-events:
			default:
				more = false
			}
		}
		tell()
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
