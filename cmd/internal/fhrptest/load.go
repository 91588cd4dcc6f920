package fhrptest

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// envSpin makes a test binary keep a processor busy and exit.
const envSpin = "FHRPD_TEST_SPIN"

// Spin keeps so many processors busy, or as many as there are, until stop is
// called or the test ends.
func Spin(t testing.TB, processes int) (stop func()) {
	t.Helper()
	self, err := os.Executable()
	Must(t, err)
	var list []*exec.Cmd
	stop = func() {
		for _, cmd := range list {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		list = nil
	}
	t.Cleanup(func() { stop() })
	for range processes {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), envSpin+"=1", "GOMAXPROCS=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
		Must(t, cmd.Start())
		list = append(list, cmd)
	}
	return stop
}

// spin keeps a processor busy, but never for longer than a benchmark lasts.
func spin() {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
	}
	os.Exit(0)
}

// Quantile returns the value of a sorted list below which a share q of it lies,
// -1 where there is none.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return -1
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
