package control_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

func socketPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "run", "control.sock")
}

func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestListenMakesThePrivateSocketAndItsFolder(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	path := socketPath(t)
	listen(t, path)
	for name, want := range map[string]fs.FileMode{
		path:               fs.ModeSocket | 0o600,
		filepath.Dir(path): fs.ModeDir | 0o755,
	} {
		fi, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, fi.Mode(), want)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 2 {
		t.Errorf("the folder holds %v, want only the socket and the lock", left)
	}
}

func TestListenNamesTheCureWhereNoFolderCanBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := control.Listen(filepath.Join(file, "run", "control.sock"))
	if err == nil || !strings.Contains(err.Error(), "make the folder of control socket "+file) || !strings.Contains(err.Error(), "--control") {
		t.Errorf("%v", err)
	}
}

// isLive reports whether err says that another daemon has the socket.
func isLive(err error) bool {
	return err != nil && strings.Contains(err.Error(), "another daemon answers there")
}

func TestListenRefusesALiveSocket(t *testing.T) {
	path := socketPath(t)
	listen(t, path)
	before, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = control.Listen(path)
	if !isLive(err) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Listen = %v, want that a daemon is live there, with the path", err)
	}
	if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the socket of the live daemon was touched: %v", err)
	}
}

func TestListenReplacesADeadSocket(t *testing.T) {
	path := socketPath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	listen(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// Whoever can read a folder can lock it.
func TestFolderThatSomebodyHoldsLockedIsNoObstacle(t *testing.T) {
	path := socketPath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	listen(t, path)
}

func TestListenSweepsUpAfterAKill(t *testing.T) {
	path := socketPath(t)
	litter, theirs := filepath.Join(filepath.Dir(path), ".s-123"), filepath.Join(filepath.Dir(path), ".s-notes")
	for _, file := range []string{filepath.Join(litter, "s"), filepath.Join(theirs, "notes.txt")} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	listen(t, path)
	if _, err := os.Lstat(litter); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of a killed process: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(theirs, "notes.txt")); err != nil {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestListenLeavesOtherFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Listen(path); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("Listen on a file = %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Errorf("the file now holds %q", b)
	}
}

func TestListenNamesAPathThatIsTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 108))
	if _, err := control.Listen(path); err == nil || !strings.Contains(err.Error(), "107") {
		t.Errorf("Listen = %v, want the limit of 107 bytes", err)
	}
}

func TestDaemonsWithOtherSocketsStartTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			l, err := control.Listen(filepath.Join(dir, fmt.Sprint(i)))
			if err != nil {
				t.Error(err)
				return
			}
			l.Close()
		})
	}
	wg.Wait()
}

func TestOfDaemonsWithOneSocketOneStarts(t *testing.T) {
	path := socketPath(t)
	var wg sync.WaitGroup
	var live atomic.Int32
	for range 8 {
		wg.Go(func() {
			l, err := control.Listen(path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
				live.Add(1)
			} else if !isLive(err) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := live.Load(); n != 1 {
		t.Errorf("%d daemons listen on one socket", n)
	}
}

func TestCloseRemovesOnlyItsOwnSocket(t *testing.T) {
	path := socketPath(t)
	l := listen(t, path)
	l.Close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("socket after Close: %v, want it gone", err)
	}

	first := listen(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	listen(t, path)
	first.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the successor's socket is gone: %v", err)
	}
}

func TestNoDaemon(t *testing.T) {
	dead := socketPath(t)
	l := listen(t, dead)
	keep := dead + ".kept"
	if err := os.Rename(dead, keep); err != nil {
		t.Fatal(err)
	}
	l.Close()
	for name, path := range map[string]string{"no socket": socketPath(t), "dead socket": keep} {
		_, err := control.Dial(path).Status(context.Background())
		if !errors.Is(err, control.ErrNoDaemon) {
			t.Errorf("%s: %v, want ErrNoDaemon", name, err)
			continue
		}
		for _, word := range []string{path, "systemctl start fhrpd", "fhrpd run", "--control"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: error %q lacks %q", name, err, word)
			}
		}
	}
}

// A stopped process still accepts: the kernel queues the connection.
func TestADaemonThatDoesNotAnswerIsNoDaemon(t *testing.T) {
	path := socketPath(t)
	listen(t, path)
	c := control.Dial(path)
	for name, ask := range map[string]func() error{
		"status": func() error { _, err := c.Status(context.Background()); return err },
		"events": func() error { _, err := c.Subscribe(context.Background()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := ask(); !errors.Is(err, control.ErrNoDaemon) || !strings.Contains(err.Error(), "stopped or stuck") {
				t.Errorf("error %v, want ErrNoDaemon and why", err)
			}
		})
	}
}
