package lock_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/lock"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// envTry has the test binary try to hold the lock of a folder without rights.
const envTry = "LOCK_TEST_TRY"

func TestMain(m *testing.M) {
	if path := os.Getenv(envTry); path != "" {
		fmt.Print(tryToHold(path))
		os.Exit(0)
	}
	os.Exit(skip.Run(m))
}

// tryToHold becomes an ordinary user and locks whatever it can open.
func tryToHold(path string) error {
	if err := unix.Setresuid(65534, 65534, 65534); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

func TestFolderIsWaitedForAndThenRefused(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock.Folder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	const patience = 20 * time.Millisecond
	began := time.Now()
	_, err = lock.Folder(dir, patience)
	if !errors.Is(err, unix.EWOULDBLOCK) || time.Since(began) < patience {
		t.Errorf("second lock after %v: %v", time.Since(began), err)
	}
	if want := fmt.Sprintf("pid %d (", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want the holder named (%q)", err, want)
	}
	unlock()
	again, err := lock.Folder(dir, 0)
	if err != nil {
		t.Fatalf("lock after it was given back: %v", err)
	}
	again()
}

func TestLockFileIsClosedToOthers(t *testing.T) {
	defer unix.Umask(unix.Umask(0))
	for _, before := range []fs.FileMode{0, 0o644} { // 0 for none
		dir := t.TempDir()
		path := filepath.Join(dir, "lock")
		if before != 0 {
			if err := os.WriteFile(path, nil, before); err != nil {
				t.Fatal(err)
			}
		}
		unlock, err := lock.Folder(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
		fi, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode() != 0o600 {
			t.Errorf("a lock file of mode %v before has mode %v", before, fi.Mode())
		}
	}
}

func TestLinkInPlaceOfTheLockIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Folder(dir, 0); !errors.Is(err, unix.ELOOP) {
		t.Errorf("error %v", err)
	}
}

// An ordinary user of the machine reads the folder and must not be able to stop
// the daemon by what lies there.
func TestOrdinaryUserCannotHoldTheLock(t *testing.T) {
	if os.Getuid() != 0 {
		skip.Regardless(t, "needs another user (try go test -exec sudo)")
	}
	dir, err := os.MkdirTemp("", "fhrpd-lock-test-") // its parents are open to everybody
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock.Folder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	out := asNobody(t, filepath.Join(dir, "lock"))
	if strings.Contains(out, "invalid argument") {
		skip.Regardless(t, "this namespace has one user")
	}
	if !strings.Contains(out, "permission denied") {
		t.Errorf("an ordinary user who locks the file gets %q", out)
	}
	if out := asNobody(t, dir); out != "<nil>" {
		t.Fatalf("an ordinary user who locks the folder gets %q: the test proves nothing", out)
	}

	theirs := filepath.Join(t.TempDir(), "lock")
	if err := errors.Join(os.WriteFile(theirs, nil, 0o666), os.Chown(theirs, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Folder(filepath.Dir(theirs), 0); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("a lock file of somebody else: %v", err)
	}
}

func asNobody(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), envTry+"="+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}
