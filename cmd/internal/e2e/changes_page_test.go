package e2e

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateChanges = flag.Bool("update-changes", false, "BenchmarkChanges writes its figures into docs/changes.md")

const (
	changesFile  = "../../../docs/changes.md"
	changesBegin = "<!-- figures: written by BenchmarkChanges -->\n"
	changesHead  = "| change | command | transitions of a, b | sent | lost | doubled | hello gap, ms | the machine, ms |\n|---|---|---|---|---|---|---|---|\n"
)

// changesPage is the page with its figures, which are kept where a run has no new ones.
type changesPage struct {
	before, after string
	lines         map[string]string // by what the command is told to play
}

func readChanges(t testing.TB) *changesPage {
	t.Helper()
	text, err := os.ReadFile(changesFile)
	must(t, err)
	before, rest, ok := strings.Cut(string(text), changesBegin)
	figures, after, ok2 := strings.Cut(rest, withstandsEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the figures", changesFile)
	}
	p := &changesPage{before, after, map[string]string{}}
	for line := range strings.Lines(figures) {
		if cells := strings.SplitN(line, "|", 4); len(cells) == 4 && strings.Contains(cells[2], "/") {
			p.lines[strings.Trim(cells[2], " `")] = strings.TrimSpace(cells[3])
		}
	}
	return p
}

// add has a line for a change, or another one.
func (p *changesPage) add(c couple, ch change, figures string) { p.lines[c.name+"/"+ch.name] = figures }

// write writes the page, if that was asked for.
func (p *changesPage) write(b *testing.B) {
	b.Helper()
	if !*updateChanges {
		return
	}
	var text strings.Builder
	for _, c := range couples() {
		fmt.Fprintf(&text, "\n## %s\n\n%s", c.text, changesHead)
		for _, ch := range changes() {
			if figures := p.lines[c.name+"/"+ch.name]; figures != "" {
				fmt.Fprintf(&text, "| %s | `%s/%s` | %s\n", ch.text, c.name, ch.name, figures)
			}
		}
	}
	must(b, os.WriteFile(changesFile, []byte(p.before+changesBegin+text.String()+"\n"+withstandsEnd+p.after), 0o644))
}
