package netlab

import (
	"fmt"
	"os"
	"os/exec"
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
		lacks(t, "not in namespaces of its own (see the first line of the output)")
	}
}

// NeedProgram returns the path of a program that somebody else has written.
// Where it is not installed it skips the test as Need does, or fails it.
func NeedProgram(t TB, name string) (path string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacks(t, fmt.Sprintf("%s is not installed: %v", name, err))
	}
	return path
}

func lacks(t TB, why string) {
	t.Helper()
	if os.Getenv(required) != "" {
		t.Fatal(why + ", and " + required + " is set")
	}
	t.Skip(why)
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
