package netlab

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Process is a program started by StartPrivate.
type Process struct {
	*exec.Cmd
	done chan struct{}
	err  error
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the program ended, as exec.Cmd.Wait does. It waits for that.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Running reports whether the program has been started and not ended. A nil
// Process does not run.
func (p *Process) Running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// StartPrivate starts cmd inside the namespace with an empty /run of its own, so
// that two daemons with the same default paths do not interfere. The process is
// killed when this one dies. Process.Err takes the place of cmd.Wait.
func (n *NS) StartPrivate(cmd *exec.Cmd) (*Process, error) {
	dieWithParent(cmd)
	p := &Process{Cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The thread has the mount namespace and the death signal, so it stays
		// with the process and ends after it.
		runtime.LockOSThread()
		err := n.startPrivate(cmd)
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

func (n *NS) startPrivate(cmd *exec.Cmd) error {
	if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	err := errors.Join(
		unix.Unshare(unix.CLONE_NEWNS),
		unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"),
	)
	if err != nil {
		return fmt.Errorf("give %s a /run of its own: %w", cmd.Path, err)
	}
	return cmd.Start()
}
