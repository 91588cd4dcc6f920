package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

const maintenanceFile = "testdata/outside/maintenance.toml"

// alone is a daemon whose groups are active.
func alone(t *testing.T) *world {
	w := newWorld(t, maintenanceFile)
	w.roles.init(w.engine.Status(time.Now()).Groups)
	w.link("lanA", true, "192.0.2.10/24")
	w.run(15 * time.Second)
	return w
}

func TestMaintenanceWithoutAPlaceToStoreItChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alone(t)
		must(os.WriteFile(filepath.Join(filepath.Dir(w.kept.path), "file"), nil, 0o600))
		w.kept = newKept(filepath.Join(filepath.Dir(w.kept.path), "file"), "control.sock")
		_, err := ask(w, func(ctx context.Context) ([]string, error) { return w.Maintenance(ctx, true, nil) })
		if err == nil || !strings.HasSuffix(err.Error(), ": nothing has changed") {
			t.Errorf("%v", err)
		}
		w.run(20 * time.Second)
		for _, g := range w.status().Groups {
			if g.State != "Active" || g.Maintenance {
				t.Errorf("%s is in %s, maintenance %t", g.Ref(), g.State, g.Maintenance)
			}
		}
		w.end()
	})
}

func TestMaintenanceIsStoredAndShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alone(t)
		refs, err := ask(w, func(ctx context.Context) ([]string, error) { return w.Maintenance(ctx, true, nil) })
		if err != nil || len(refs) != 2 {
			t.Errorf("%q, %v", refs, err)
		}
		if m := sure(w.kept.load()); m.All == nil || m.All.By != "operator, uid 0" {
			t.Errorf("stored %+v", m)
		}
		w.run(20 * time.Second)
		if got := w.roles.String(); !strings.HasPrefix(got, "maintenance is on since 2000-01-01 00:00:15 UTC, by operator, uid 0; lanA:10 Init, lanA:20 Initialize") {
			t.Errorf("systemd is told %q", got)
		}
		w.end()
	})
}

func TestReturnFromMaintenanceIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alone(t)
		sure(ask(w, func(ctx context.Context) ([]string, error) { return w.Maintenance(ctx, true, nil) }))
		is := *w.config()
		is.Daemon.Return = true
		w.do(func(now time.Time) { must(w.engine.Reconfigure(now, setup.Engine(&is), nil, engine.Caller{})) })
		w.run(30 * time.Second)
		for _, g := range w.status().Groups {
			if g.State != "Active" || g.Maintenance {
				t.Errorf("%s is in %s, maintenance %t", g.Ref(), g.State, g.Maintenance)
			}
		}
		if m := sure(w.kept.load()); !m.None() {
			t.Errorf("stored %+v", m)
		}
		if got := w.roles.String(); strings.Contains(got, "maintenance") {
			t.Errorf("systemd is told %q", got)
		}
		w.end()
	})
}

// A failure between the two steps leaves the daemon in maintenance, and so does one
// that comes before it has left: the next start reads what was stored.
func TestStartReadsWhatWasStored(t *testing.T) {
	dir := t.TempDir()
	control := filepath.Join(dir, "control.sock")
	must(newKept(dir, control).save(engine.Maintenance{All: &someLeave}))
	cfg := sure(configs.Load(maintenanceFile))
	d, err := newDaemon(Options{Config: cfg, ControlPath: control, StateDir: dir, Log: slog.New(slog.DiscardHandler), Form: new(LogForm)}, nil, engine.New)
	if d == nil {
		t.Fatal(err)
	}
	st := d.engine.Status(time.Now())
	if !st.Maintenance || st.Leave == nil || st.Leave.By != someLeave.By {
		t.Errorf("maintenance %t, %+v", st.Maintenance, st.Leave)
	}
	if !strings.HasPrefix(d.roles.String(), "maintenance is on since ") {
		t.Errorf("systemd is told %q", d.roles.String())
	}
}
