package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOnlyARegularFileIsRead(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, maxSize+1); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		pipe:                       "not a regular file",
		dir:                        "not a regular file",
		big:                        "at most",
		filepath.Join(dir, "none"): "no such file",
	} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestOfManyFaultsTheRestIsCounted(t *testing.T) {
	for n, want := range map[int]string{50: "f.toml:51", 51: "f.toml: and 1 more", 4000: "f.toml: and 3950 more"} {
		_, err := Parse("f.toml", []byte("[daemon]\n"+faulty(n)))
		lines := strings.Split(err.Error(), "\n")
		if last := lines[len(lines)-1]; len(lines) != min(n, 51) || !strings.HasPrefix(last, want) {
			t.Errorf("%d faults are %d lines, of which the last is %q; want %q", n, len(lines), last, want)
		}
		if all, ok := err.(Errors); !ok || len(all) != n {
			t.Errorf("%d faults, want all %d", len(all), n)
		}
	}
}

// faulty has a fault on each of n lines.
func faulty(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d = 1\n", i)
	}
	return b.String()
}
