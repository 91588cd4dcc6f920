package fhrptest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// Tshark dissects frames, in the order of their times, and returns one map of
// fields per frame that the filter selects. Further options are tshark's own.
// Tests that call it ask skip.Without for "tshark" first.
func Tshark(t testing.TB, frames []netlab.Frame, filter string, options []string, fields ...string) []map[string]string {
	t.Helper()
	args := append([]string{"-n", "-r", save(t, frames), "-Y", filter, "-T", "fields", "-E", "separator=|"}, options...)
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var out, problems bytes.Buffer
	cmd := exec.Command("tshark", args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("tshark %q: %v\n%s", args, err, problems.String())
	}
	var list []map[string]string
	for line := range strings.Lines(out.String()) {
		m := map[string]string{}
		for i, v := range strings.Split(strings.TrimSuffix(line, "\n"), "|") {
			m[fields[i]] = v
		}
		list = append(list, m)
	}
	return list
}

// save writes frames for an independent reader.
func save(t testing.TB, frames []netlab.Frame) (path string) {
	t.Helper()
	frames = slices.Clone(frames)
	slices.SortStableFunc(frames, func(a, b netlab.Frame) int { return a.At.Compare(b.At) })
	path = filepath.Join(t.TempDir(), "run.pcapng")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(netlab.WritePcapng(f, frames), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}
