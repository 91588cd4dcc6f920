// Package command runs the programs that a configuration names: checks of
// tracked objects and hooks. A program never runs through a shell, never
// outlives its time, and has neither the environment nor the priority of the
// daemon.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec is one run of a program.
type Spec struct {
	Args    []string // program and arguments; at least one
	Stdin   []byte   // nil = /dev/null
	Timeout time.Duration
	// Alone ends what the program left running in its process group when the
	// program ends. Without it only a timeout does, so that a program may start a
	// service.
	Alone bool
}

// Result is how a run ended.
type Result struct {
	// Exit is the exit status, -1 when there is none: the program could not be
	// started or a signal ended it.
	Exit     int
	Duration time.Duration
	// Line is the first line of what the program printed to standard output or
	// standard error, at most 200 bytes, printable.
	Line string
	// Err is nil when the exit status is 0. It wraps context.DeadlineExceeded
	// after a timeout, and the cause of a cancelled context.
	Err error
}

// pipeDelay bounds the wait for a program's output once the program has ended: a
// process that it left behind may keep the pipe open for ever.
const pipeDelay = 100 * time.Millisecond

// Run runs a program in a process group of its own and waits for its end. When
// the timeout has passed or ctx is done the whole group is killed. It returns at
// the latest 100 ms after that, unless the kernel cannot kill the program.
func Run(ctx context.Context, s Spec) Result {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var out firstLine
	cmd := prepare(ctx, s, &out)
	began := time.Now()
	err := start(cmd)
	if err == nil {
		err = wait(cmd, s.Alone)
	}
	r := Result{Exit: -1, Duration: time.Since(began), Line: out.String()}
	if cmd.ProcessState != nil {
		r.Exit = cmd.ProcessState.ExitCode()
	}
	// What a program left behind is no failure of a program that succeeded.
	if r.Exit != 0 {
		r.Err = explain(ctx, s, err)
	}
	return r
}

func prepare(ctx context.Context, s Spec, out *firstLine) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Args[0], s.Args[1:]...)
	cmd.Env, cmd.Dir = environment(), "/"
	cmd.Stdout, cmd.Stderr = out, out
	if s.Stdin != nil {
		cmd.Stdin = bytes.NewReader(s.Stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = pipeDelay
	return cmd
}

// ordinarySlack is the timer slack of a process to which nobody gave another.
const ordinarySlack = 50 * time.Microsecond

// start starts the program with ordinary priority and timer slack at most. Otherwise it
// would inherit those of the thread that starts it. The daemon's threads have the highest
// priority, so that hellos are not late, and slack, so that they do not wake for nothing.
func start(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if was, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err == nil && was > int(ordinarySlack) {
		if unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(ordinarySlack), 0, 0, 0) == nil {
			defer unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(was), 0, 0, 0)
		}
	}
	// The system call returns 20 - nice.
	if was, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil && was > 20 {
		if unix.Setpriority(unix.PRIO_PROCESS, 0, 0) == nil {
			defer unix.Setpriority(unix.PRIO_PROCESS, 0, 20-was)
		}
	}
	return cmd.Start()
}

// environment is what every program gets. The search path is the daemon's, so
// that a script finds what its own name was found with.
func environment() []string {
	path := os.Getenv("PATH")
	if path == "" {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	return []string{"PATH=" + path, "LANG=C.UTF-8"}
}

// killGroup checks first whether the leader was reaped: after that its number may
// belong to another process.
func killGroup(p *os.Process) error {
	if err := p.Signal(syscall.Signal(0)); err != nil {
		return err
	}
	return unix.Kill(-p.Pid, unix.SIGKILL)
}

// wait reaps the program. What it left behind is killed before that, while its
// number still stands for its group.
func wait(cmd *exec.Cmd, alone bool) error {
	if alone {
		for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		}
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	}
	return cmd.Wait()
}

// explain says why a run did not end with exit status 0.
func explain(ctx context.Context, s Spec, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("killed after %v: %w", s.Timeout, context.DeadlineExceeded)
	case ctx.Err() != nil:
		return fmt.Errorf("killed: %w", context.Cause(ctx))
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit
	}
	return startError(s.Args[0], err)
}

// startError says why a program does not start, with the cure where it is known.
func startError(program string, err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("start %s: not found in PATH; write an absolute path: %w", program, exec.ErrNotFound)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("start %s: %w (chmod +x %s?)", program, unix.EACCES, program)
	case errors.Is(err, unix.ENOEXEC):
		return fmt.Errorf("start %s: %w (a script begins with #! and its interpreter)", program, unix.ENOEXEC)
	}
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("start %s: %w", program, err)
}
