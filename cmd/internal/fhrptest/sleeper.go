package fhrptest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// envSleep makes a test binary sleep until its input ends, and say how late it woke.
const envSleep = "FHRPD_TEST_SLEEP"

// Sleeper starts a process that only sleeps, a millisecond at a time, with real-time
// priority where that is allowed. longest ends it and returns the longest time by which
// it woke too late: what the machine does to any process. A Witness is a thread of the
// test's own process, which waits for what else that does.
func Sleeper(t testing.TB) (longest func() time.Duration) {
	t.Helper()
	self, err := os.Executable()
	Must(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), envSleep+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	in, err := cmd.StdinPipe()
	Must(t, err)
	var out strings.Builder
	cmd.Stdout = &out
	Must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() (d time.Duration) {
		t.Helper()
		Must(t, in.Close())
		Must(t, cmd.Wait())
		d, err := time.ParseDuration(strings.TrimSpace(out.String()))
		Must(t, err)
		return d
	}
}

func sleeper() {
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); close(ended) }()
	runtime.LockOSThread()
	_ = realtime()
	pace := unix.NsecToTimespec(time.Millisecond.Nanoseconds())
	var longest time.Duration
	for last := time.Now(); ; {
		select {
		case <-ended:
			fmt.Println(longest)
			os.Exit(0)
		default:
		}
		_ = unix.Nanosleep(&pace, nil)
		now := time.Now()
		longest, last = max(longest, now.Sub(last)-time.Millisecond), now
	}
}
