package fhrptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBuildsWhatGitRefusesToLookAt has a module in a repository about which git says
// nothing, as in a clone that belongs to another user.
func TestBuildsWhatGitRefusesToLookAt(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "go.mod"), "module example.com/clone\n\ngo 1.26\n", 0o644)
	write(filepath.Join(dir, "main.go"), "package main\n\nfunc main() {}\n", 0o644)
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(bin, "git"), "#!/bin/sh\necho fatal: detected dubious ownership >&2\nexit 128\n", 0o755)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("GOFLAGS", "-buildvcs=auto")
	plain := exec.Command("go", "build", "-o", filepath.Join(bin, "plain"), ".")
	plain.Dir = dir
	if err := plain.Run(); err == nil {
		t.Skip("this go builds there without being told to")
	}
	cmd := goBuild(filepath.Join(bin, "program"), ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
