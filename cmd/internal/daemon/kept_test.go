package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

var someLeave = engine.Leave{Since: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), By: "root, uid 0"}

func TestMaintenanceThatIsStoredReadsBack(t *testing.T) {
	one := engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv6, Interface: "eth1.100", Number: 20}
	for name, m := range map[string]engine.Maintenance{
		"all":           {All: &someLeave},
		"single groups": {Groups: map[engine.Ref]engine.Leave{one: someLeave}},
		"both":          {All: &someLeave, Groups: map[engine.Ref]engine.Leave{one: someLeave}},
		"none":          {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "is", "made")
			k := newKept(dir, "/run/fhrpd/control.sock")
			if err := k.save(engine.Maintenance{All: &engine.Leave{By: "before"}}); err != nil {
				t.Fatal(err)
			}
			if err := k.save(m); err != nil {
				t.Fatal(err)
			}
			got, err := newKept(dir, "/run/fhrpd/control.sock").load()
			if diff := cmp.Diff(m, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if other, err := newKept(dir, "/run/other.sock").load(); !other.None() || err != nil {
				t.Errorf("another daemon of the host has %+v, %v", other, err)
			}
			left := 1
			if m.None() {
				left = 0
			}
			if files := sure(os.ReadDir(dir)); len(files) != left {
				t.Errorf("left in the folder: %v", files)
			}
		})
	}
}

// A router whose file is broken serves when nobody else does, and nothing of the file
// is lost.
func TestMaintenanceThatCannotBeReadIsInDoubt(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"cut off":         `{"about": "x", "version": 1, "all": {"sin`,
		"another version": `{"version": 2, "all": {"since": "2026-03-01T12:00:00Z", "by": "root"}}`,
		"no group":        `{"version": 1, "groups": {"glbp:eth1:1": {"by": "root"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			k := newKept(t.TempDir(), "/run/fhrpd/control.sock")
			must(os.WriteFile(k.path, []byte(text), 0o600))
			m, err := k.load()
			if m.All == nil || !m.All.Doubtful || err == nil || !strings.Contains(err.Error(), k.path) || !strings.Contains(err.Error(), "cure: ") {
				t.Errorf("%+v, %v", m.All, err)
			}
			must(k.save(engine.Maintenance{All: &someLeave}))
			if b := sure(os.ReadFile(k.path + ".broken")); string(b) != text {
				t.Errorf("kept beside: %q, want %q", b, text)
			}
			if m, err := k.load(); err != nil || *m.All != someLeave {
				t.Errorf("afterwards %+v, %v", m.All, err)
			}
		})
	}
}

func TestMaintenanceThatCannotBeStoredIsRefused(t *testing.T) {
	dir := t.TempDir()
	must(os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for name, k := range map[string]*kept{
		"no folder":           newKept("", "/run/fhrpd/control.sock"),
		"a file in its place": newKept(filepath.Join(dir, "file"), "/run/fhrpd/control.sock"),
	} {
		if err := k.save(engine.Maintenance{All: &someLeave}); err == nil || !strings.Contains(err.Error(), "cure: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
