package skip

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ancestors bounds how far above a test the go command is looked for: "go test
// -exec" and the test's own second process in namespaces stand between.
const ancestors = 6

var (
	errNotUnderGo = errors.New("not started by go test")
	errShown      = errors.New("what the tests print is shown")
	errRegular    = errors.New("the standard error of go test is a regular file")
)

// envHanded holds the descriptor that HandDown has opened.
const envHanded = "FHRPD_SKIP_STDERR"

// handed keeps the file open until the second process has its own.
var handed *os.File

// HandDown lets a process that this one starts, to run the tests in namespaces,
// tell its closing line past "go test": from a user namespace of its own it may
// not look at processes outside. It is called before that process is started.
func HandDown() {
	f, err := pastGoTest()
	if err != nil {
		return
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
		return
	}
	handed = f
	os.Setenv(envHanded, strconv.Itoa(int(f.Fd())))
}

// handedDown returns what HandDown has opened in the process above, nil if it
// has not. No process that a test starts gets it.
func handedDown() *os.File {
	fd, err := strconv.Atoi(os.Getenv(envHanded))
	os.Unsetenv(envHanded)
	if err != nil || handed != nil {
		return handed
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "standard error of go test")
}

// pastGoTest opens the standard error of the "go test" that runs this package,
// if that shows nothing of a package that passes: it does so where there are
// several.
func pastGoTest() (*os.File, error) {
	pid, err := goCommand()
	if err != nil {
		return nil, err
	}
	shown, err := os.Stat(fdPath(pid, 1))
	if err != nil {
		return nil, err
	}
	mine, err := os.Stderr.Stat()
	if err != nil {
		return nil, err
	}
	if os.SameFile(shown, mine) {
		return nil, errShown
	}
	return standardError(pid)
}

func verbose() bool {
	v := flag.Lookup("test.v")
	return v != nil && v.Value.String() != "false"
}

// goCommand returns the process of the go command above this one.
func goCommand() (pid int, err error) {
	pid = os.Getppid()
	for range ancestors {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil {
			return 0, err
		}
		if filepath.Base(exe) == "go" {
			return pid, nil
		}
		if pid, err = parent(pid); err != nil {
			return 0, err
		}
	}
	return 0, errNotUnderGo
}

// parent returns the parent of a process, by the fourth field of its stat; the
// second, its name in parentheses, may hold anything.
func parent(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	stat := string(b)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0, errNotUnderGo
	}
	return strconv.Atoi(fields[1])
}

// standardError opens the standard error of a process. A regular file that is
// opened once more has a position of its own, and its text would be overwritten:
// only a duplicate of the descriptor will do.
func standardError(pid int) (*os.File, error) {
	if f, err := sameDescription(pid, 2); err == nil {
		return f, nil
	}
	path := fdPath(pid, 2)
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
		return nil, cmp.Or(err, errRegular)
	}
	return os.OpenFile(path, os.O_WRONLY, 0)
}

// sameDescription duplicates a descriptor of another process (pidfd_getfd).
func sameDescription(pid, fd int) (*os.File, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(pidfd)
	dup, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(dup), "standard error of go test"), nil
}

func fdPath(pid, fd int) string { return fmt.Sprintf("/proc/%d/fd/%d", pid, fd) }
