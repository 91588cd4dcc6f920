package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// Who may not ask is told so, and not that no daemon runs.
func TestRefusedIsNotAbsent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintln(w, `{"kind":"forbidden","error":"refused: look, and do not touch"}`)
	}))
	for _, args := range []string{
		"show standby", "show status --json", "explain", "events", "set priority users 90", "announce users", "verify users",
		"announce-macs",
	} {
		r := fhrpd(t.Context(), append(strings.Fields(args), "--control", path)...)
		if r.code != 4 || r.stdout != "" || !strings.Contains(r.stderr, "refused: look, and do not touch") || strings.Contains(r.stderr, "no daemon") {
			t.Errorf("%s: exit %d, %q, %q; want 4 and why", args, r.code, r.stdout, r.stderr)
		}
	}
}
