package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProgramIsTheOneThatRuns(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "fhrpd")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{self: self, link: link, "sh": "", "/nonexistent": "", "no-such-program": ""} {
		if got := startedAs(name); got != want {
			t.Errorf("started as %s: %q, want %q", name, got, want)
		}
	}
	if p := program("f.toml"); p.Path == "" || p.Config != "f.toml" {
		t.Errorf("%+v", p)
	}
}
