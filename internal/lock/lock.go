// Package lock has one process at a time work in a folder. The lock is a file that
// nobody but the folder's user can open: whoever can open a file can hold it.
package lock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// name is that of the lock in every folder.
const name = "lock"

// again is the pause between two attempts.
const again = 2 * time.Millisecond

// Folder locks a folder that exists, and waits for who has it locked for at most
// patience. The error names the process then, where /proc tells. The lock ends with
// unlock, or with the process. A lock file of another user is refused, except
// root's.
func Folder(dir string, patience time.Duration) (unlock func(), err error) {
	f, err := open(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(again) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case err == unix.EINTR, err == unix.EWOULDBLOCK && time.Now().Before(end):
			continue
		case err == unix.EWOULDBLOCK:
			err = fmt.Errorf("%w after %v: held by %s (stop that one, or choose another folder)", err, patience, holder(f))
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
}

// open opens the lock file and closes it to others.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = unix.Fstat(int(f.Fd()), &st)
	switch uid := int(st.Uid); {
	case err != nil:
	case uid != 0 && uid != os.Geteuid():
		err = fmt.Errorf("%s belongs to user %d, who could keep it locked (choose a folder that only this user can write)", path, uid)
	case st.Mode&0o077 != 0:
		err = f.Chmod(0o600)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// holder names the process that has a file locked. The kernel shows only those that
// the caller's /proc shows.
func holder(f *os.File) string {
	var st unix.Stat_t
	list, err := os.Open("/proc/locks")
	if err == nil {
		defer list.Close()
		err = unix.Fstat(int(f.Fd()), &st)
	}
	if err != nil {
		return "another process"
	}
	id := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	for in := bufio.NewScanner(list); in.Scan(); {
		// As in proc_locks(5): 1: FLOCK  ADVISORY  WRITE 706 08:01:1234 0 EOF
		if w := strings.Fields(in.Text()); len(w) >= 6 && w[1] == "FLOCK" && w[5] == id {
			return describe(w[4])
		}
	}
	return "another process"
}

func describe(pid string) string {
	comm, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
	if err != nil {
		return "pid " + pid
	}
	return fmt.Sprintf("pid %s (%s)", pid, strings.TrimSpace(string(comm)))
}
