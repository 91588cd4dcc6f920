package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/fhrpd/fhrpd/internal/lock"
)

// maxPath is the longest path a Unix socket address holds, in bytes; the
// kernel's sun_path has 108 and one is for the terminating zero (unix(7)).
const maxPath = 107

// probeTimeout bounds the question whether a daemon listens on an old socket.
const probeTimeout = time.Second

// lockPatience is how long to wait for others that start in the same folder, so that
// of two that start together not both find the socket dead. A holder may itself wait
// for probeTimeout.
const lockPatience = 3 * probeTimeout

// Listen listens on the Unix socket at path, which only its owner may open
// (mode 0600). A missing folder is made (0755). The socket of a daemon that is
// gone is replaced; one on which a daemon answers is left alone, which is an
// error. Closing the listener removes the socket unless another has taken
// its place.
func Listen(path string) (net.Listener, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of control socket %s: %w (cure: name another socket with --control, or run as who may make it)", path, err)
	}
	unlock, err := lock.Folder(dir, lockPatience)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	defer unlock()
	sweep(dir)
	if err := vacant(path); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return publish(dir, path)
}

// vacant returns nil when path is free or holds a socket nobody listens on.
func vacant(path string) error {
	fi, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case fi.Mode().Type() != fs.ModeSocket:
		return errors.New("exists and is not a socket: remove it or choose another with --control")
	}
	c, err := net.DialTimeout("unix", path, probeTimeout)
	if err == nil {
		c.Close()
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil, errors.Is(err, syscall.EAGAIN):
		return errors.New("another daemon answers there: stop it first, or choose another with --control")
	}
	return err
}

// hiddenPrefix begins the names of the folders that publish makes, and removes.
const hiddenPrefix = ".s-"

// sweep removes the folders of processes that were killed meanwhile. It is called
// while the folder is locked.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, hiddenPrefix+"*"))
	for _, path := range left {
		_ = os.Remove(filepath.Join(path, hiddenName))
		_ = os.Remove(path) // fails if it is not one of ours after all
	}
}

// hiddenName is the socket's in such a folder.
const hiddenName = "s"

// publish binds inside a folder that is closed to others, and moves the socket to
// path when its mode is right, so that nobody else can connect at any moment. A
// client sees the old socket or the new one, and always one of them.
func publish(dir, path string) (net.Listener, error) {
	tmp, err := os.MkdirTemp(dir, hiddenPrefix)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	defer os.RemoveAll(tmp)
	hidden := filepath.Join(tmp, hiddenName)
	if n := max(len(path), len(hidden)); n > maxPath {
		return nil, fmt.Errorf("control socket %s: path takes %d bytes and the kernel allows %d: choose a shorter --control", path, n, maxPath)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	ours, err := moveTo(hidden, path)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return &listener{UnixListener: l, path: path, ours: ours}, nil
}

// moveTo closes the socket to others, moves it to path, and returns its identity.
func moveTo(hidden, path string) (fs.FileInfo, error) {
	if err := os.Chmod(hidden, 0o600); err != nil {
		return nil, err
	}
	if err := os.Rename(hidden, path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

// listener is a socket that knows where it was moved to.
type listener struct {
	*net.UnixListener
	path    string
	ours    fs.FileInfo
	remove  sync.Once
	readers *uint32 // the group that may look, if one may
}

// Addr returns the address clients use.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close stops listening and removes the socket if it is still this one.
func (l *listener) Close() error {
	l.remove.Do(func() {
		if fi, err := os.Lstat(l.path); err == nil && os.SameFile(fi, l.ours) {
			os.Remove(l.path)
		}
	})
	return l.UnixListener.Close()
}
