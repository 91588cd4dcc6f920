package doctor

import (
	"flag"
	"os"
	"path/filepath"
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
	golden(t, filepath.Join("..", "..", "..", "docs", "doctor.md"), Document())
}
