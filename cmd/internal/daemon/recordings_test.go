package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

// taped is a daemon's part in its recordings.
type taped struct {
	*recordings
	mu     sync.Mutex
	list   []*engine.Change
	folder string
	saved  []time.Duration // since the start
}

func newTaped() *taped {
	r := &taped{folder: "/somewhere"}
	start := time.Now()
	r.recordings = &recordings{
		folder: func() string { r.mu.Lock(); defer r.mu.Unlock(); return r.folder },
		changes: func(ctx context.Context, do onLoop, after int) (list []*engine.Change, err error) {
			err = do(ctx, func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				list = slices.DeleteFunc(slices.Clone(r.list), func(c *engine.Change) bool { return c.ID <= after })
			})
			return list, err
		},
		record: func(context.Context, onLoop) ([]byte, error) { return []byte("tape"), nil },
		save: func(string, time.Time, []byte) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.saved = append(r.saved, time.Since(start))
		},
		loop:  func(ctx context.Context, fn func()) error { fn(); return ctx.Err() },
		moved: newNudge(), ended: make(chan struct{}),
	}
	return r
}

func (r *taped) keepIn(folder string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.folder = folder
}

// change is one that nobody ordered, or one by a command.
func (r *taped) change(ordered bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &engine.Change{ID: len(r.list) + 1, At: time.Now(), From: engine.Holder{Known: true, Local: true}}
	if ordered {
		c.Records = []*engine.Record{{At: c.At, Kind: engine.RecordCommand, Command: &engine.Command{}}}
	}
	r.list = append(r.list, c)
	r.note(&engine.Event{Kind: engine.KindTransition})
}

func TestRecordingsOfWhatNobodyOrdered(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(r *taped)
		want []time.Duration
	}{
		{"with its aftermath", func(r *taped) { r.change(false) }, []time.Duration{aftermath}},
		{"none of what was ordered", func(r *taped) { r.change(true) }, nil},
		{"none of another event", func(r *taped) { r.note(&engine.Event{Kind: engine.KindNotice}) }, nil},
		{"none without a folder", func(r *taped) { r.keepIn(""); r.change(false) }, nil},
		{"one of many together", func(r *taped) {
			for range 100 {
				r.change(false)
			}
		}, []time.Duration{aftermath}},
		{"one a minute, however often", func(r *taped) {
			for range 120 {
				r.change(false)
				time.Sleep(time.Second)
			}
		}, []time.Duration{aftermath, aftermath + recordEvery + aftermath}},
		{"what comes while it waits is in the next", func(r *taped) {
			r.change(false)
			time.Sleep(aftermath + time.Second)
			r.change(false)
		}, []time.Duration{aftermath, aftermath + recordEvery + aftermath}},
		{"nothing twice", func(r *taped) {
			r.change(false)
			time.Sleep(aftermath + recordEvery + time.Second)
			r.change(true)
		}, []time.Duration{aftermath}},
		{"a folder that comes later", func(r *taped) {
			r.keepIn("")
			r.change(false)
			time.Sleep(time.Minute)
			r.keepIn("/somewhere")
			r.change(false)
		}, []time.Duration{time.Minute + aftermath}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTaped()
				ctx, cancel := context.WithCancel(t.Context())
				go r.run(ctx, 0)
				tt.play(r)
				time.Sleep(90 * time.Second)
				cancel()
				synctest.Wait()
				if !slices.Equal(tt.want, r.saved[:min(len(r.saved), 2)]) {
					t.Errorf("recordings after %v, want %v", r.saved, tt.want)
				}
			})
		})
	}
}

// A stop does not wait for the aftermath, and does not lose what came before it.
func TestAStopWritesWhatIsDue(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(r *taped)
		want int
	}{
		{"a change that nobody ordered, and the stop", func(r *taped) { r.change(false); r.change(true) }, 1},
		{"the stop alone", func(r *taped) { r.change(true) }, 0},
		{"nothing", func(*taped) {}, 0},
		{"what is written already", func(r *taped) { r.change(false); time.Sleep(aftermath + time.Second) }, 1},
		{"another one within the minute after it", func(r *taped) {
			r.change(false)
			time.Sleep(aftermath + time.Second)
			r.change(false)
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTaped()
				ctx, cancel := context.WithCancel(t.Context())
				go r.run(ctx, 0)
				synctest.Wait()
				tt.play(r)
				synctest.Wait()
				cancel()
				r.finish()
				if len(r.saved) != tt.want {
					t.Errorf("recordings after %v, want %d", r.saved, tt.want)
				}
			})
		})
	}
}

func TestAFullDiskIsSaidOnce(t *testing.T) {
	var b bytes.Buffer
	d := &Daemon{log: slog.New(slog.NewTextHandler(&b, nil))}
	d.roles.init(nil)
	dir := filepath.Join(t.TempDir(), "none", "record")
	for range 3 {
		d.saveRecording(dir, time.Now(), nil)
	}
	if n := strings.Count(b.String(), "no recordings"); n != 1 {
		t.Errorf("said %d times:\n%s", n, b.String())
	}
	if got := d.troubles.all(); len(got) != 1 || !strings.Contains(got[0], "no such file") {
		t.Errorf("troubles %q", got)
	}
	if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	d.saveRecording(dir, time.Now(), nil)
	if got := d.troubles.all(); len(got) != 0 {
		t.Errorf("after that it worked: %q", got)
	}
}

// asks is a question of one address about another.
func asks(t *testing.T, from, about netip.Addr) []byte {
	t.Helper()
	frame, err := garp.Nudge(from, hello.MAC{2, 0, 0, 0, 0, 1}, about, hello.MAC{})
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// The recorder has room for what is about this router.
func TestOfTheSegmentOnlyWhatConcernsUsIsRecorded(t *testing.T) {
	mine, virtual, other := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.7")
	third, third6 := netip.MustParseAddr("192.0.2.8"), netip.MustParseAddr("fe80::8")
	mine6, other6 := netip.MustParseAddr("fe80::2"), netip.MustParseAddr("fe80::7")
	d := &Daemon{virtual: map[netip.Addr]bool{virtual: true}}
	p := &port{link: vip.Link{Addrs: []netip.Prefix{netip.PrefixFrom(mine, 24), netip.PrefixFrom(mine6, 64)}}}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  bool
	}{
		{"ARP about the virtual address", asks(t, other, virtual), true},
		{"ARP of the virtual address", asks(t, virtual, other), true},
		{"ARP about an address of this host", asks(t, other, mine), true},
		{"ARP of others", asks(t, other, third), false},
		{"ND about others", asks(t, other6, third6), false},
		{"ND about an address of this host", asks(t, other6, mine6), true},
		{"a short frame", make([]byte, 5), true},
	} {
		if got := d.concerns(p, tt.frame); got != tt.want {
			t.Errorf("%s: recorded %t, want %t", tt.name, got, tt.want)
		}
	}
	frame := asks(t, other, third)
	if n := testing.AllocsPerRun(1000, func() { d.concerns(p, frame) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWhatTheLoopReadsIsRecordedBeforeTheEngineHasIt(t *testing.T) {
	now := time.Now()
	e, err := engine.New(engine.Config{}, engine.Options{Observe: func(engine.Event) {}, Random: func() float64 { return 0 }, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{engine: e, recorder: recorder.New(now), virtual: map[netip.Addr]bool{netip.MustParseAddr("192.0.2.1"): true}}
	d.recorder.Open(now, map[string]int{"eth1": 1})
	p := &port{name: "eth1"}
	third, fourth := netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.4")
	d.hear(now, p, asks(t, third, fourth), true)
	d.hear(now, p, asks(t, third, netip.MustParseAddr("192.0.2.1")), true)
	d.recorder.Decide(&engine.Event{At: now, Group: engine.Ref{Interface: "eth1"}, Kind: engine.KindNotice, Message: "later"})
	ring := recorder.NewRing(d.recorder.Sizes()["eth1"], now)
	d.recorder.Copy("eth1", ring)
	got := ring.Entries(now)
	if len(got) != 2 || got[0].Kind != recorder.Received || got[1].About != 0 {
		t.Errorf("want the question about the virtual address and a note about no frame: %+v", got)
	}
}
