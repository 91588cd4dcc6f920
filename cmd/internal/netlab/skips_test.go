package netlab

import "testing"

func TestSkipsAreCountedByReason(t *testing.T) {
	var s tally
	if got := s.String(); got != "" {
		t.Errorf("nothing skipped: %q", got)
	}
	s.note("tshark is not installed")
	s.note("keepalived is not installed")
	s.note("tshark is not installed")
	const want = "skipped 3 tests: keepalived is not installed (1); tshark is not installed (2)"
	if got := s.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
