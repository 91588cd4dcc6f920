package daemon

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

func TestSetLogChangesTheLevelOfARunningLog(t *testing.T) {
	var b bytes.Buffer
	d := &Daemon{loop: mustLoop(t), opts: Options{Form: new(LogForm), Config: &configs.Config{Daemon: configs.Daemon{Log: "warn"}}}}
	d.current.Store(d.opts.Config)
	log, err := NewLog(&b, &d.opts.Config.Daemon, d.opts.Form, true)
	if err != nil {
		t.Fatal(err)
	}
	child := log.With("who", "child") // what was made before changes too
	for _, tt := range []struct{ set, inForce, lines string }{
		{"", "", "warn error"},
		{"debug", "debug", "debug info warn error"},
		{"ERROR", "error", "error"},
		{control.FileLevel, "warn", "warn error"},
	} {
		if tt.set != "" {
			if level, err := d.SetLog(t.Context(), tt.set); level != tt.inForce || err != nil {
				t.Errorf("set log %s: %q, %v; want %q", tt.set, level, err, tt.inForce)
			}
		}
		b.Reset()
		for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			child.Log(t.Context(), l, strings.ToLower(l.String()))
		}
		var got []string
		for line := range strings.Lines(b.String()) {
			_, msg, _ := strings.Cut(line, "msg=")
			got = append(got, strings.Fields(msg)[0])
		}
		if diff := cmp.Diff(tt.lines, strings.Join(got, " ")); diff != "" {
			t.Errorf("after set log %s (-want +got):\n%s", tt.set, diff)
		}
	}
	if _, err := d.SetLog(t.Context(), "loud"); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("set log loud: %v", err)
	}
}

// Prometheus takes a counter that falls for a restart, and scripts compute rates
// from the JSON: both go on when an operator clears what he sees.
func TestClearedCountersGoOnInTheStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "testdata/outside/hsrp.toml")
		w.link("lanA", true, "192.0.2.10/24", "fe80::10/64")
		bad := peer.hsrp(hello.HSRP{Group: 10, State: hello.Active, Priority: 200, VirtualIP: addr("192.0.2.1")}, sure(hello.TextAuth("other")))
		stranger := peer.hsrp(hello.HSRP{Group: 77, State: hello.Active}, sure(hello.TextAuth("other")))
		look := func() (raw, shown uint64, iface, shownIface uint64) {
			st := w.status()
			g := &st.Groups[0]
			for _, i := range st.Interfaces {
				iface += total(i.Rejected)
				shownIface += total(i.SinceClear())
			}
			return total(g.Counters.Rejected), total(g.SinceClear().Rejected), iface, shownIface
		}
		w.hear(bad)
		w.hear(stranger)
		if raw, shown, iface, shownIface := look(); raw != 1 || shown != 1 || iface != 1 || shownIface != 1 {
			t.Fatalf("rejected %d, shown %d; on interfaces %d, shown %d; want 1 each", raw, shown, iface, shownIface)
		}
		for _, groups := range []string{"lanB", "lanA 300", "ipv6"} { // others
			w.clears(groups)
		}
		if _, shown, _, _ := look(); shown != 1 {
			t.Errorf("clearing others has cleared it")
		}
		if n := w.clears(""); n != 4 {
			t.Errorf("cleared %d groups, want 4", n)
		}
		w.run(time.Second)
		w.hear(bad)
		if raw, shown, iface, shownIface := look(); raw != 2 || shown != 1 || iface != 1 || shownIface != 0 {
			t.Errorf("rejected %d, shown %d; on interfaces %d, shown %d; want 2, 1, 1 and 0", raw, shown, iface, shownIface)
		}
		st := w.status()
		if got := show.Statistics(st, st.Groups[:1], time.Now()); !strings.Contains(got, "Group Discarded Packets: 1\n") || !strings.Contains(got, "Counters cleared 00:00:01 ago\n") {
			t.Errorf("show standby statistics says\n%s", got)
		}
		w.do(func(time.Time) { w.stop() })
		w.run(time.Second)
		w.closeEvents(time.Now().Add(time.Second))
		w.closeHooks(time.Now().Add(time.Second))
	})
}

func total(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func (w *world) clears(groups string) int {
	return sure(ask(w, func(ctx context.Context) (int, error) { return w.ClearCounters(ctx, "hsrp", groups) }))
}
