package doctor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
)

var update = flag.Bool("update", false, "rewrite the golden files and the documentation")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

func TestText(t *testing.T) {
	h := healthy()
	for _, change := range []func(*Host){
		set("ipv4/ip_forward", "0"), onBridge(links.Bridge{Snooping: true, Ageing: 30e9}),
		func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.1/24") },
		func(h *Host) {
			h.Processes = []Process{{PID: 812, Name: "keepalived"}, {PID: 900, Name: "java", Why: "the port of HSRP"}}
		},
		says(hsrp(asIs), "192.0.2.3", "secret"),
	} {
		change(h)
	}
	golden(t, filepath.Join("testdata", "doctor.txt"), Text(Examine(h, parse(t, hsrpConfig+vrrp6))))
}

func TestTheDocumentationListsEveryRule(t *testing.T) {
	golden(t, filepath.Join("..", "..", "..", "docs", "doctor.md"), document())
}

// document returns the rules as Markdown, a section for each.
func document() string {
	var b strings.Builder
	b.WriteString(intro)
	words := map[Severity]string{Fail: "failure", Warn: "warning", OK: "note"}
	for _, r := range rules {
		fmt.Fprintf(&b, "\n## %s\n\nLooks at %s. A violation is a %s.\n\n- Effect: %s.\n- Cure: %s.\n", r.ID, r.Looks, words[r.Severity], r.Effect, r.Cure)
	}
	return b.String()
}

const intro = `# What fhrpd doctor looks at

` + "`fhrpd doctor`" + ` looks at the host and, for three seconds (` + "`--listen`" + `), at the
segments of the groups. It changes nothing. Each line of its output begins with
ok, warn or fail; what is wrong comes first, with the effect and the cure. It
exits 0 when there is nothing to fix and 1 otherwise.

The words in capitals stand for the interface, setting, group or address that a
finding is about. Settings are written as sysctl reads them, with slashes, so
that interface names with dots stay whole.
`
