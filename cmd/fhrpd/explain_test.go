package main

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestExplainAsksForWhatItsFlagsSay(t *testing.T) {
	f := newFake()
	path, _ := serve(t, f)
	fhrpd(t.Context(), "explain", "guests", "--all", "--since", "90m", "--control", path)
	if want := (status.Question{Group: "guests", All: true, Since: 90 * time.Minute}); f.asked != want {
		t.Errorf("asked %+v, want %+v", f.asked, want)
	}
}
