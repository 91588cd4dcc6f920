package fsm

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update-docs", false, "write docs/causes.md")

// The list that operators and scripts read is the list that the code uses.
func TestCausesAreDocumented(t *testing.T) {
	const file = "../docs/causes.md"
	var b strings.Builder
	b.WriteString("# Causes of a transition\n\nLogs, events, `fhrpd explain` and hooks use these words and no others. A standby that\n" +
		"[forwards for a silent active router](understudy.md) has changed no state, so that there is no\n" +
		"cause for it: it has events of kind `understudy`, and `active-timer-expired` when the hold\n" +
		"time is over.\n\n| cause | meaning |\n|---|---|\n")
	for _, c := range Causes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Cause, c.Meaning)
	}
	if *updateDocs {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is not what fsm.Causes says; run go test ./fsm -update-docs and read the change", file)
	}
}
