package vip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Who works on the journals for too long is named, and holds up nothing but them.
func TestJournalsInUseDoNotHoldUpAStop(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	busy, err := os.OpenFile(filepath.Join(l.state, "lock"), os.O_RDWR, 0)
	ok(t, err)
	defer busy.Close()
	ok(t, unix.Flock(int(busy.Fd()), unix.LOCK_EX))
	if err := iface.Close(); err == nil || !strings.Contains(err.Error(), "held by pid ") {
		t.Errorf("Close: %v, want that it names the holder", err)
	}
	nothingLeft(t)
	if _, err := Open("eth0", Options{StateDir: l.state}); err == nil || !strings.Contains(err.Error(), "held by pid ") {
		t.Errorf("Open: %v, want that it names the holder", err)
	}
	ok(t, busy.Close())
	ok(t, Recover(Options{StateDir: l.state}))
	checkSnapshot(t, "after Recover", before)
}
