package interop

import (
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/importer"
)

// A router moves away from keepalived by its own file: what import makes of it stands
// against a keepalived that has it still.
func TestImportedFileBesideKeepalived(t *testing.T) {
	t.Parallel()
	for _, p := range pairings {
		if p.peer != "keepalived" || !p.vmac {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) { moved(t, p) })
		})
	}
}

func moved(t testing.TB, p pairing) {
	needPeer(t, p)
	m := newMatch(t, p, options{})
	m.ours.config = imported(t, keepalivedConfig(m.segment, p, ""))
	m.theyServe()
	m.ours.start(above)
	m.await(us)
	m.believed(us)
	m.ours.Stop()
	m.await(them)
	m.believed(them)
}

// imported translates a file of keepalived, PRIORITY and all.
func imported(t testing.TB, text string) string {
	t.Helper()
	const priority = "123"
	r, err := importer.Translate("keepalived", "keepalived.conf", []byte(strings.ReplaceAll(text, "PRIORITY", priority)), importer.Options{})
	must(t, err)
	if n := r.Untranslated(); n > 0 {
		t.Errorf("not translated: %v", r.Remarks)
	}
	return "[daemon]\nlog = \"debug\"\n" + strings.Replace(string(r.Text), "priority = "+priority, "priority = PRIORITY", 1)
}
