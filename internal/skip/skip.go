// Package skip is how a test says that this machine cannot run it. What is
// skipped is counted by reason and told when the tests of a package are over;
// with FHRPD_NETLAB_REQUIRED set in the environment it fails instead.
package skip

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
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
}

// Because skips the test for want of something that this machine does not have,
// or fails it where nothing may be skipped. Run tells the reasons at the end.
func Because(t TB, why string) {
	t.Helper()
	if os.Getenv(required) != "" {
		t.Fatal(why + ", and " + required + " is set")
	}
	Regardless(t, why)
}

// Regardless skips the test for want of something that cannot be installed: a
// feature of the kernel, an undisturbed machine. The test is skipped, and
// counted, even where nothing may be skipped.
func Regardless(t TB, why string) {
	t.Helper()
	skips.note(why)
	t.Skip(why)
}

// Without returns the path of a program that somebody else has written. Where
// it is not installed the test is skipped as Because does.
func Without(t TB, program string) (path string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Because(t, fmt.Sprintf("%s is not installed: %v", program, err))
	}
	return path
}

// Run runs the tests of a package and closes with a line that counts what was
// skipped and why. It returns the exit status of the tests.
func Run(m interface{ Run() int }) int {
	w := handedDown()
	status := m.Run()
	line := skips.String()
	if line == "" {
		return status
	}
	fmt.Fprintln(os.Stderr, line)
	if w == nil {
		w, _ = pastGoTest()
	}
	if w != nil && !verbose() {
		tell(w, line)
	}
	return status
}

// tell says the line once more past "go test", which keeps what a package
// prints to itself.
func tell(w io.WriteCloser, line string) {
	defer w.Close()
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	fmt.Fprintf(w, "    \t%s: %s\n", name, line)
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
	noun := "tests"
	if total == 1 {
		noun = "test"
	}
	return fmt.Sprintf("skipped %d %s: %s", total, noun, strings.Join(why, "; "))
}
