package metrics

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

const documentHead = `# Metrics

What ` + "`[daemon] metrics`" + ` shows to Prometheus at /metrics, as the code has it. How it is
scraped, alerts and a board: [monitoring](monitoring.md).

| metric | type | labels | meaning |
|---|---|---|---|
`

const documentLabels = `
"group" stands for the labels that every metric of a group has.

| label | is |
|---|---|
`

// groupLabels are those of every metric of a group.
var groupLabels = []string{"family", "group", "interface", "name", "protocol"}

// labelMeanings has every label.
var labelMeanings = map[string]string{
	"family":    "`4` or `6`",
	"group":     "the number: HSRP's group, VRRP's VRID",
	"interface": "the interface of this host",
	"kind":      "what is tracked: `interface`, `route`, `ping`, `arp`, `tcp`, `http`, `file`, `command`",
	"name":      "the group's `name`, empty without one",
	"neighbor":  "the address of a neighbour that is asked for proof",
	"object":    "the tracked object's `name`",
	"protocol":  "`hsrp` or `vrrp`",
	"reason":    "why a packet was not used, in the words of `show standby statistics` and the log",
	"result":    "how a hand-over ended",
	"version":   "the version of fhrpd",
	"what":      "what was put back: `address`, `setting`, `filter`, `route`",
}

// The page that operators read is what the code shows.
func TestMetricsAreDocumented(t *testing.T) {
	const file = "../../../docs/metrics.md"
	registry := prometheus.NewRegistry()
	if err := registry.Register(&collector{source: fixed{st: sample()}}); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names, labels []string
	var b strings.Builder
	b.WriteString(documentHead)
	for _, f := range families {
		var own []string
		for _, m := range f.Metric {
			for _, l := range m.Label {
				own = append(own, l.GetName())
			}
		}
		slices.Sort(own)
		own = slices.Compact(own)
		names, labels = append(names, f.GetName()), append(labels, own...)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), labelWords(own), f.GetHelp())
	}
	if want := namedInCode(t); !slices.Equal(want, names) {
		t.Errorf("the sample of this test must show every metric (-code +sample):\n%s", cmp.Diff(want, names))
	}
	b.WriteString(documentLabels)
	slices.Sort(labels)
	for _, l := range slices.Compact(labels) {
		if labelMeanings[l] == "" {
			t.Errorf("the label %s has no meaning here", l)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", l, labelMeanings[l])
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("%s is not what the code shows; run go test ./cmd/internal/metrics -update and read the change (-page +code):\n%s", file, diff)
	}
}

// labelWords lists labels, with one word for those of a group.
func labelWords(own []string) string {
	var words []string
	if !slices.ContainsFunc(groupLabels, func(l string) bool { return !slices.Contains(own, l) }) {
		own = slices.DeleteFunc(slices.Clone(own), func(l string) bool { return slices.Contains(groupLabels, l) })
		words = append(words, "group")
	}
	for _, l := range own {
		words = append(words, "`"+l+"`")
	}
	return strings.Join(words, ", ")
}

// namedInCode returns the names of all metrics in the source, sorted.
func namedInCode(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, _ := strconv.Unquote(lit.Value); strings.HasPrefix(s, "fhrp_") {
					names = append(names, s)
				}
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}
