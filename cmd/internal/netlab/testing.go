package netlab

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// required names the environment variable that turns a skipped test into a
// failed one.
const required = "FHRPD_NETLAB_REQUIRED"

// TB is the part of testing.TB that this package uses.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
	Cleanup(func())
}

// Need skips the test when the process may not build networks, and says why;
// with FHRPD_NETLAB_REQUIRED set in the environment the test fails instead.
func Need(t TB) {
	t.Helper()
	if !Inside() {
		Lacks(t, "not in namespaces of its own (see the first line of the output)")
	}
}

// NeedProgram returns the path of a program that somebody else has written.
// Where it is not installed it skips the test as Need does, or fails it.
func NeedProgram(t TB, name string) (path string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, fmt.Sprintf("%s is not installed: %v", name, err))
	}
	return path
}

// Lacks skips the test because of what this machine does not have, or fails it
// where nothing may be skipped. Run tells the reasons at the end.
func Lacks(t TB, why string) {
	t.Helper()
	if os.Getenv(required) != "" {
		t.Fatal(why + ", and " + required + " is set")
	}
	skips.note(why)
	t.Skip(why)
}

// tally counts skipped tests by their reason.
type tally struct {
	mu      sync.Mutex
	reasons map[string]int
}

var skips tally

func (s *tally) note(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reasons == nil {
		s.reasons = map[string]int{}
	}
	s.reasons[why]++
}

// String is one line with the number of skipped tests and why, "" for none.
func (s *tally) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	total, why := 0, []string{}
	for _, reason := range slices.Sorted(maps.Keys(s.reasons)) {
		total += s.reasons[reason]
		why = append(why, fmt.Sprintf("%s (%d)", reason, s.reasons[reason]))
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("skipped %d tests: %s", total, strings.Join(why, "; "))
}

// Run runs the tests and closes with a line that counts what was skipped and
// why. go test shows it with -v, and for a single package.
func Run(m interface{ Run() int }) int {
	status := m.Run()
	if line := skips.String(); line != "" {
		fmt.Fprintln(os.Stderr, line)
	}
	return status
}

// ForTest makes a namespace that is closed when the test is over.
func ForTest(t TB) *NS {
	t.Helper()
	ns, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	return ns
}
