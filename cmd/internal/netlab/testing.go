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
		skip.Because(t, "not in namespaces of its own (see the first line of the output)")
	}
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
