package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain has times printed as in the golden files, in whatever zone the host is.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	netlab.Main(looped{m})
}

// looped are the tests with a loopback interface, which a new namespace has switched off.
type looped struct{ m *testing.M }

func (l looped) Run() int {
	if netlab.Inside() {
		ns := sure(netlab.Current())
		must(ns.LinkUp("lo"))
		must(ns.Close())
	}
	return l.m.Run()
}

// TestOutside compares what scripts, people and Prometheus see of a daemon with
// the files in testdata/outside: JSON, layouts, metrics and the log. Each folder
// there is a story about the configuration beside it. The daemon is the real one,
// with fakes for the kernel, the neighbours and the programs that it runs.
func TestOutside(t *testing.T) {
	for name, play := range map[string]func(*world){"hsrp": playHSRP, "vrrp": playVRRP, "signed": playSigned, "handover": playHandover, "maintenance": playMaintenance} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join("testdata/outside", name)
				w := newWorld(t, dir+".toml")
				play(w)
				w.end()
				compare(t, dir, w.files)
			})
		})
	}
}

// compare compares the files of a folder with those that were made.
func compare(t *testing.T, dir string, made map[string]*bytes.Buffer) {
	if *update {
		must(os.RemoveAll(dir))
		must(os.MkdirAll(dir, 0o755))
		for name, b := range made {
			must(os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644))
		}
	}
	for _, e := range sure(os.ReadDir(dir)) {
		if made[e.Name()] == nil {
			made[e.Name()] = new(bytes.Buffer)
		}
	}
	for name, got := range made {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// file is a golden file, as far as it is made.
func (w *world) file(name string) *bytes.Buffer {
	if w.files[name] == nil {
		w.files[name] = new(bytes.Buffer)
	}
	return w.files[name]
}

// typed writes down a command and what it prints.
func (w *world) typed(file, command, printed string) {
	fmt.Fprintf(w.file(file), "$ fhrpd %s\n%s\n", command, printed)
}

// printed is JSON as every command prints it.
func printed(v any) string {
	return string(sure(json.MarshalIndent(v, "", "  "))) + "\n"
}

// look writes down the status in every layout, and why each group is in its state.
func (w *world) look(name string) {
	now, file := time.Now(), name+".show.txt"
	st := w.status()
	w.file(name + ".status.json").WriteString(printed(st))
	for _, layout := range []struct {
		command, protocol string
		render            func([]status.Group) string
	}{
		{"standby brief", "hsrp", show.StandbyBrief},
		{"standby", "hsrp", func(g []status.Group) string { return show.Standby(g, now) }},
		{"standby detail", "hsrp", func(g []status.Group) string { return show.StandbyDetail(g, now) }},
		{"standby delay", "hsrp", show.Delays},
		{"standby neighbors", "hsrp", show.Neighbors},
		{"standby statistics", "hsrp", func(g []status.Group) string { return show.Statistics(st, g, now) }},
		{"vrrp brief", "vrrp", show.VRRPBrief},
		{"vrrp", "vrrp", func(g []status.Group) string { return show.VRRP(g, now) }},
		{"vrrp detail", "vrrp", func(g []status.Group) string { return show.VRRPDetail(g, now) }},
		{"vrrp statistics", "vrrp", func(g []status.Group) string { return show.Statistics(st, g, now) }},
	} {
		groups := sure(sure(show.ParseFilter(layout.protocol, nil)).Groups(st.Groups))
		if len(groups) > 0 {
			w.typed(file, "show "+layout.command, layout.render(groups))
		}
	}
	w.typed(file, "show track", show.Tracks(st, now))
	w.typed(file, "show takeover", show.Takeover(st.Groups))
	w.typed(file, "show takeover --json", printed(show.TakeoverRows(st.Groups)))
	w.typed(file, "show status", show.Status(st, now))
	w.typed(file, "explain", show.Explanation(w.explain("")))
	for i := range st.Groups {
		ref := st.Groups[i].Ref()
		w.typed(file, "explain "+ref, show.Explanation(w.explain(ref)))
	}
}

// explainJSON writes down why a group is in its state, for scripts.
func (w *world) explainJSON(group string) {
	w.file("explain.json").WriteString(printed(w.explain(group)))
}

// explainAll writes down every change that is remembered.
func (w *world) explainAll(group string) {
	x := sure(ask(w, func(ctx context.Context) (*status.Explanation, error) {
		return w.Explain(ctx, status.Question{Group: group, All: true})
	}))
	w.file("explain.json").WriteString(printed(x))
	w.typed("explain.txt", strings.TrimRight("explain --all "+group, " "), show.Explanation(x))
}

// end stops the daemon and writes down what it has told.
func (w *world) end() {
	w.do(func(time.Time) { w.stop() })
	w.run(time.Second)
	if !w.stopped {
		w.t.Error("the daemon does not stop")
	}
	w.checkHistory()
	w.closeEvents(time.Now().Add(time.Second))
	w.closeHooks(time.Now().Add(time.Second))
	for _, ev := range append(w.events, gap(w.t, w.events[0])) {
		must(json.NewEncoder(w.file("events.jsonl")).Encode(ev))
		fmt.Fprintln(w.file("events.txt"), show.Event(&ev))
	}
}

// checkHistory compares "fhrpd show events" with what "fhrpd events" has told.
func (w *world) checkHistory() {
	var told []string
	for _, ev := range w.events {
		if ev.Transition != nil || ev.Command != nil {
			told = append(told, show.Event(&ev)+"\n")
		}
	}
	shown := sure(ask(w, w.History))
	if diff := cmp.Diff(strings.Join(told, ""), show.History(shown)); diff != "" {
		w.t.Errorf("show events (-told +shown):\n%s", diff)
	}
	w.typed("commands.txt", "show events", show.History(shown))
}

// gap returns what a reader gets who has slept through more events than are kept
// for him.
func gap(t *testing.T, ev status.Event) status.Event {
	var hub control.Hub
	ch := hub.Subscribe(t.Context())
	for range cap(ch) + 44 {
		hub.Publish(ev)
	}
	for len(ch) > 0 {
		<-ch
	}
	hub.Publish(ev)
	return <-ch
}
