package netlab

import "github.com/fhrpd/fhrpd/internal/skip"

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
	return skip.Without(t, name)
}

// Lacks skips the test because of what this machine does not have, or fails it
// where nothing may be skipped. Run tells the reasons at the end.
func Lacks(t TB, why string) {
	t.Helper()
	skip.Because(t, why)
}

// Run runs the tests and closes with a line that counts what was skipped and
// why.
func Run(m interface{ Run() int }) int { return skip.Run(m) }

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
