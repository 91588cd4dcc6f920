package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Adopt returns a process that somebody else has started, such as the successor of
// one of StartPrivate. How it ends is not known: Err returns nil.
func Adopt(pid int) (*Process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("find process %d: %w", pid, err)
	}
	proc, err := os.FindProcess(pid)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	p := &Process{Cmd: &exec.Cmd{Path: fmt.Sprintf("pid %d", pid), Process: proc}, done: make(chan struct{})}
	go func() {
		defer unix.Close(fd)
		for {
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != unix.EINTR {
				break
			}
		}
		close(p.done)
	}()
	return p, nil
}
