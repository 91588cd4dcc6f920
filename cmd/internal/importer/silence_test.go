package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a program does not know may stand anywhere, and is said wherever it stands.
func TestNothingIsLeftOutInSilence(t *testing.T) {
	for _, c := range []struct{ dialect, file string }{
		{"keepalived", "pair.conf"}, {"keepalived", "sync.conf"}, {"keepalived", "hmac.conf"}, {"keepalived", "strict.conf"},
		{"ios", "router.conf"}, {"ios", "nexus.conf"},
		{"frr", "frr.conf"},
		{"vyos", "config.boot"},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", c.dialect, c.file))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		places := blocksOf(lines)
		if len(places) < 3 {
			t.Errorf("%s: only %d places", c.file, len(places))
		}
		before := remarksOf(t, c.dialect, lines)
		for _, p := range places {
			with := slices.Insert(slices.Clone(lines), p.line, p.indent+"zzz 5")
			if !told(remarksOf(t, c.dialect, with), before, p) {
				t.Errorf("%s: a line behind line %d, %q, is left out in silence", c.file, p.line, lines[p.line-1])
			}
		}
	}
}

// place is where a line may be put in: behind a line, with an indentation, and in which
// blocks.
type place struct {
	line   int
	indent string
	in     []int // lines that open them
}

// blocksOf returns the places that blocks have, be they in braces or indented.
func blocksOf(lines []string) (places []place) {
	var open []int
	var depth []string
	for n, l := range lines {
		body := strings.TrimSpace(l)
		if strings.Contains(l, "{") && strings.HasSuffix(body, "}") {
			continue
		}
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		for len(depth) > 0 && len(indent) <= len(depth[len(depth)-1]) {
			open, depth = open[:len(open)-1], depth[:len(depth)-1]
		}
		deeper := ""
		if n+1 < len(lines) {
			deeper = lines[n+1][:len(lines[n+1])-len(strings.TrimLeft(lines[n+1], " "))]
		}
		if len(deeper) > len(indent) && body != "" && body[0] != '#' && body[0] != '!' {
			open, depth = append(open, n+1), append(depth, indent)
			places = append(places, place{n + 1, deeper, slices.Clone(open)})
		}
	}
	return places
}

func remarksOf(t *testing.T, dialect string, lines []string) []Remark {
	t.Helper()
	r, err := Translate(dialect, "f", []byte(strings.Join(lines, "\n")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Remarks
}

// told reports whether a line is named, or a block that it is in is named as a whole,
// or is counted as being about something else.
func told(after, before []Remark, p place) bool {
	return slices.ContainsFunc(after, func(m Remark) bool {
		switch {
		case m.Line == p.line+1:
			return strings.Contains(m.What, "zzz")
		case m.Line == 0:
			return !slices.Contains(before, m) // another number of lines
		case !slices.Contains(p.in, m.Line):
			return false
		}
		return strings.HasSuffix(m.What, "{ }") || strings.Contains(fmt.Sprint(m.Why), "left out") || strings.Contains(m.Why, "it is disabled") ||
			strings.Contains(m.Why, "its probe is none") || strings.Contains(m.Why, "no thresholds") || strings.Contains(m.Why, "up while one of several")
	})
}
