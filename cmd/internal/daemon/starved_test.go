package daemon

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func TestStarvationIsWhatWasAddedToTheRunQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schedstat")
	write := func(text string) { must(os.WriteFile(path, []byte(text), 0o600)) }
	write("100 2000000000 3\n")
	s := starvation{file: sure(os.Open(path))}
	defer s.file.Close()
	s.since()
	write("100 7300000000 9\n")
	if d, ok := s.since(); d != 5300*time.Millisecond || !ok {
		t.Errorf("%v, %v, want 5.3 s", d, ok)
	}
	write("0\n")
	if d, ok := s.since(); ok {
		t.Errorf("%v of a file without the account", d)
	}
	if _, ok := new(starvation).since(); ok {
		t.Error("known without a file")
	}
}

func TestStarvationOfThisThreadIsReadable(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var s starvation
	s.watch()
	if s.file == nil {
		t.Skip("this kernel has no schedstat (CONFIG_SCHED_INFO)")
	}
	defer s.file.Close()
	if d, ok := s.since(); !ok || d < 0 || d > time.Minute {
		t.Errorf("%v, %v", d, ok)
	}
}
