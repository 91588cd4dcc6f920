package vip

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/lock"
)

const (
	defaultStateDir = "/run/fhrpd"
	journalSuffix   = ".journal"
	sharedSuffix    = ".json"
)

// tempPrefix begins the names of journals that are not complete.
const tempPrefix = ".journal-"

// stateDir is the directory of the journals. Daemons of several network
// namespaces may share it: a file's name says, behind a colon, in which namespace
// the interface is. No name of an interface has a colon.
type stateDir string

// How long to wait for another process that works on the journals. A stop, which
// has put the kernel back by then, must end in time.
const (
	startPatience = 3 * time.Second
	stopPatience  = time.Second
)

// lockStateDir makes the directory and keeps other processes from changing
// journals until unlock.
func lockStateDir(path string, patience time.Duration) (stateDir, func(), error) {
	if path == "" {
		path = defaultStateDir
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", nil, fmt.Errorf("make state directory: %w", err)
	}
	unlock, err := lock.Folder(path, patience)
	if err != nil {
		return "", nil, fmt.Errorf("state directory: %w", err)
	}
	return stateDir(path), unlock, nil
}

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}

func (d stateDir) path(name string) string { return d.file(name, journalSuffix) }

func (d stateDir) file(name, suffix string) string {
	return filepath.Join(string(d), name+namespace()+suffix)
}

// namespace returns what names of files say of the calling thread's network
// namespace.
func namespace() string {
	var st unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
		return ":" // without /proc the sysctls cannot be set either
	}
	return fmt.Sprintf(":%d", st.Ino)
}

// sweep removes the drafts of processes that were killed meanwhile. It is called
// while the directory is locked.
func (d stateDir) sweep() (err error) {
	left, _ := filepath.Glob(filepath.Join(string(d), tempPrefix+"*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// interfaces lists the interfaces that have a journal.
func (d stateDir) interfaces() ([]string, error) {
	files, err := filepath.Glob(d.path("*"))
	for i, f := range files {
		files[i], _, _ = strings.Cut(filepath.Base(f), ":")
	}
	return files, err
}

// inUse reports whether any journal is in force.
func (d stateDir) inUse() (bool, error) {
	names, err := d.interfaces()
	for _, name := range names {
		l, readErr := d.read(name)
		if l != nil || errors.Is(readErr, ErrBusy) {
			return true, nil
		}
		err = errors.Join(err, readErr)
	}
	return false, err
}

// remove removes the journal of an interface.
func (d stateDir) remove(name string) error {
	err := os.Remove(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
