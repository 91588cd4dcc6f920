package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file with faults is a failure of run, whose exit codes are 0 and 1, and
// not the answer to a question as it is for check.
func TestRunExits1ForAFaultyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	if err := os.WriteFile(path, []byte("[[hsrp]]\ngroup = 5000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, word := range map[string]string{path: "group 5000 must be", path + ".gone": "no such file"} {
		r := fhrpd(t.Context(), "run", "--config", name, "--control", filepath.Join(t.TempDir(), "c.sock"))
		if r.code != 1 || !strings.Contains(r.stderr, word) {
			t.Errorf("exit %d, %q; want 1 and %q", r.code, r.stderr, word)
		}
	}
}
