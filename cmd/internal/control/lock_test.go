package control

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLockIsWaitedForAndThenRefused(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockFolder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	const patience = 20 * time.Millisecond
	began := time.Now()
	if _, err := lockFolder(dir, patience); !errors.Is(err, unix.EWOULDBLOCK) || time.Since(began) < patience {
		t.Errorf("second lock after %v: %v", time.Since(began), err)
	}
	unlock()
	again, err := lockFolder(dir, 0)
	if err != nil {
		t.Fatalf("lock after it was given back: %v", err)
	}
	again()
}
