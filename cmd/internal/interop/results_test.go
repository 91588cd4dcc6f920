package interop

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// row is one line of the table of results.
type row struct {
	p      pairing
	event  string
	active string // who is active afterwards
	gap    time.Duration
	bound  time.Duration
	spare  time.Duration // what the machine kept everybody waiting for, beyond the bound
}

// key is what a line is about: the part that no run may change.
func (r row) key() string {
	router := "fhrpd"
	if r.active == them {
		router = r.p.peer
	}
	return fmt.Sprintf("| %s | %d | IPv%d | %s | %s | %s | %s |", r.p.peer, r.p.version, r.p.family, r.p.macs(), r.p.mode(), r.event, router)
}

func (r row) verdict() string {
	if r.gap > r.bound+slack+r.spare {
		return "FAILED"
	}
	return "ok"
}

func (r row) line() string {
	return fmt.Sprintf("%s %d | %d | %s |", r.key(), r.gap.Milliseconds(), r.bound.Milliseconds(), r.verdict())
}

const (
	page       = "../../../docs/interop-results.md"
	tableBegin = "<!-- results: written by go test ./cmd/internal/interop -update -->\n"
	tableEnd   = "<!-- end of results -->\n"
	tableHead  = "| beside | version | family | virtual MAC | mode | event | then active | longest gap, ms | timers, ms | verdict |\n" +
		"|---|---|---|---|---|---|---|---|---|---|\n"
)

// table collects the lines of all tests.
type table struct {
	mu      sync.Mutex
	rows    []row
	partial bool
}

var results table

func (r *table) add(t testing.TB, one row) {
	t.Helper()
	t.Logf("%-60s %-34s gap %4d ms, timers %4d ms", one.p, one.event, one.gap.Milliseconds(), one.bound.Milliseconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	// A match that is played again has its lines anew.
	r.rows = append(slices.DeleteFunc(r.rows, func(old row) bool { return old.key() == one.key() }), one)
}

// incomplete says that a test was skipped, so that lines are missing.
func (r *table) incomplete() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.partial = true
}

// finish writes the table or compares it with the one written before. complete
// says that every test ran and passed.
func (r *table) finish(complete bool) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	old, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the results between %q and %q", page, tableBegin, tableEnd)
	}
	if *update {
		if !complete || r.partial {
			return errors.New("the table was not written: not every test ran and passed")
		}
		return os.WriteFile(page, []byte(before+tableBegin+r.text()+tableEnd+after), 0o644)
	}
	return r.compare(old, complete && !r.partial)
}

func (r *table) text() string {
	lines := make([]string, 0, len(r.rows))
	rows := slices.Clone(r.rows)
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.p.peer, a.p.peer), cmp.Compare(a.p.version, b.p.version),
			cmp.Compare(a.p.family, b.p.family), cmp.Compare(a.p.macs(), b.p.macs()), cmp.Compare(a.p.mode(), b.p.mode()))
	})
	for _, one := range rows {
		lines = append(lines, one.line())
	}
	return tableHead + strings.Join(lines, "\n") + "\n"
}

// compare reports lines that only one side has; complete says that the page may
// have none that this run lacks.
func (r *table) compare(old string, complete bool) error {
	known := map[string]bool{}
	for line := range strings.Lines(old) {
		if strings.HasSuffix(line, " ok |\n") {
			known[keyOf(line)] = true
		}
	}
	var errs []error
	seen := map[string]bool{}
	for _, one := range r.rows {
		seen[one.key()] = true
		if !known[one.key()] {
			errs = append(errs, fmt.Errorf("%s has no passing line %s (run with -update)", page, one.key()))
		}
	}
	for key := range known {
		if complete && !seen[key] {
			errs = append(errs, fmt.Errorf("%s has a line that no test backs: %s", page, key))
		}
	}
	return errors.Join(errs...)
}

// keyOf cuts the last three columns off a line.
func keyOf(line string) string {
	cells := strings.Split(strings.TrimSpace(line), "|")
	return strings.Join(cells[:max(0, len(cells)-4)], "|") + "|"
}
