package e2e

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateWithstands = flag.Bool("update-withstands", false, "BenchmarkAttack writes its figures into docs/withstands.md")

const (
	withstands      = "../../../docs/withstands.md"
	withstandsBegin = "<!-- figures: written by BenchmarkAttack -->\n"
	withstandsEnd   = "<!-- end of figures -->\n"
	withstandsHead  = "| attack | sent, counted a second | late, ms: median, p99, most | latest hello, ms | the machine, ms | MiB before, most, after | log lines | role changes |\n|---|---|---|---|---|---|---|---|\n"
)

// report reports the outcome to the benchmark, and returns its part of a line of the
// page.
func (o outcome) report(b *testing.B) string {
	for _, m := range []struct {
		value float64
		unit  string
	}{
		{o.sent, "sent/s"}, {o.counted, "counted/s"},
		{milli(o.p50), "ms-late-p50"}, {milli(o.p99), "ms-late-p99"}, {milli(o.most), "ms-late-max"}, {milli(o.hello), "ms-hello-late-max"}, {milli(o.stood), "ms-machine"},
		{o.before, "MiB-before"}, {o.peak, "MiB-peak"}, {o.after, "MiB-after"},
		{float64(o.lines), "log-lines"}, {float64(o.changes), "role-changes"}, {0, "ns/op"},
	} {
		b.ReportMetric(m.value, m.unit)
	}
	return fmt.Sprintf("| %.0f, %.0f | %.2f, %.2f, %.1f | %.1f | %.1f | %.0f, %.0f, %.0f | %d | %d |\n",
		o.sent, o.counted, milli(o.p50), milli(o.p99), milli(o.most), milli(o.hello), milli(o.stood), o.before, o.peak, o.after, o.lines, o.changes)
}

// writePage replaces the figures of the page, if that was asked for.
func writePage(b *testing.B, rows []string) {
	b.Helper()
	if !*updateWithstands {
		return
	}
	text, err := os.ReadFile(withstands)
	must(b, err)
	before, rest, ok := strings.Cut(string(text), withstandsBegin)
	_, after, ok2 := strings.Cut(rest, withstandsEnd)
	if !ok || !ok2 {
		b.Fatalf("%s has no place for the figures", withstands)
	}
	must(b, os.WriteFile(withstands, []byte(before+withstandsBegin+withstandsHead+strings.Join(rows, "")+withstandsEnd+after), 0o644))
}
