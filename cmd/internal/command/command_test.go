package command

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(skip.Run(m)) }

// longest is how long a busy machine may take over what is done at once. It is
// well below a minute, after which everything ends, and the sleepers' five.
const longest = 30 * time.Second

// sh is a program of the test, where the shell is the program and not the way
// to start one.
func sh(script string, args ...string) Spec {
	return Spec{Args: append([]string{"/bin/sh", "-c", script, "sh"}, args...), Timeout: time.Minute}
}

func TestResult(t *testing.T) {
	t.Setenv("FHRPD_TEST_SECRET", "leaked")
	dir := t.TempDir()
	notExecutable := filepath.Join(dir, "plain")
	if err := os.WriteFile(notExecutable, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	withStdin := sh("cat")
	withStdin.Stdin = []byte(`{"to":"Active"}`)
	tests := []struct {
		name string
		spec Spec
		exit int
		line string
		err  string // what the error contains
	}{
		{"status 0 is success", sh("echo fine"), 0, "fine", ""},
		{"any other status is a failure", sh("echo broken; exit 3"), 3, "broken", "exit status 3"},
		{"standard error is heard too", sh("echo why >&2; exit 1"), 1, "why", "exit status 1"},
		{"a signal has no status", sh("kill -TERM $$"), -1, "", "terminated"},
		{"standard input arrives", withStdin, 0, `{"to":"Active"}`, ""},
		{"standard input is empty without one", sh("wc -c"), 0, "0", ""},
		{"the daemon's environment stays at home", sh("echo [$FHRPD_TEST_SECRET]"), 0, "[]", ""},
		{"the search path is known", sh("echo ${PATH:+set}"), 0, "set", ""},
		{"it starts in the root directory", sh("pwd"), 0, "/", ""},
		{"blank lines come before the first line", sh(`printf '\n \nfirst\nsecond\n'`), 0, "first", ""},
		{"control characters are taken out", sh(`printf '\033[31mred\a'`), 0, "[31mred", ""},
		{"a long line is cut", sh("head -c 100000 /dev/zero | tr '\\0' x"), 0, strings.Repeat("x", lineLimit), ""},
		{"arguments are not a script", Spec{Args: []string{"/bin/echo", "$(id);`id`"}, Timeout: time.Minute}, 0, "$(id);`id`", ""},
		{"a missing program says so", Spec{Args: []string{"/no/such"}, Timeout: time.Minute}, -1, "", "start /no/such: no such file or directory"},
		{"a missing name asks for a path", Spec{Args: []string{"no-such-program"}, Timeout: time.Minute}, -1, "", "write an absolute path"},
		{"a plain file asks for its mode", Spec{Args: []string{notExecutable}, Timeout: time.Minute}, -1, "", "chmod +x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), tt.spec)
			if r.Exit != tt.exit || r.Line != tt.line {
				t.Errorf("exit %d, line %q; want %d, %q (error %v)", r.Exit, r.Line, tt.exit, tt.line, r.Err)
			}
			if (r.Err == nil) != (tt.err == "") || r.Err != nil && !strings.Contains(r.Err.Error(), tt.err) {
				t.Errorf("error %v, want one with %q", r.Err, tt.err)
			}
		})
	}
}

func TestExitStatusIsAnExitError(t *testing.T) {
	r := Run(t.Context(), sh("exit 7"))
	if e, ok := errors.AsType[*exec.ExitError](r.Err); !ok || e.ExitCode() != 7 {
		t.Errorf("error %v, want an exit error with status 7", r.Err)
	}
}

// left starts a sleeper in the background, lets then run end as rest says, and
// returns the sleeper's number.
func left(t *testing.T, s Spec, rest string) (Result, int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pid")
	s.Args = []string{"/bin/sh", "-c", `sleep 300 & echo $! >"$1.part" && mv "$1.part" "$1"; ` + rest, "sh", file}
	r := Run(t.Context(), s)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGKILL) })
	return r, pid
}

// running reports whether a process exists and is not a zombie.
func running(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func gone(t *testing.T, pid int) {
	t.Helper()
	err := netlab.Eventually(t.Context(), longest, func() bool { return !running(pid) })
	if err != nil {
		t.Fatalf("process %d is still there: %v", pid, err)
	}
}

func TestTimeoutKillsTheWholeGroup(t *testing.T) {
	t.Parallel()
	// Time enough for the shell to begin on a busy machine.
	r, pid := left(t, Spec{Timeout: 5 * time.Second}, "wait")
	if !errors.Is(r.Err, context.DeadlineExceeded) || r.Err.Error() != "killed after 5s: context deadline exceeded" {
		t.Errorf("error %v, want that it was killed after 5s", r.Err)
	}
	if r.Duration < 5*time.Second || r.Duration > longest || r.Exit != -1 {
		t.Errorf("exit %d after %v, want -1 soon after 5s", r.Exit, r.Duration)
	}
	gone(t, pid)
}

func TestCancelledContextIsTheCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopping := errors.New("stopping")
	time.AfterFunc(50*time.Millisecond, func() { cancel(stopping) })
	r := Run(ctx, sh("sleep 300"))
	if !errors.Is(r.Err, stopping) {
		t.Errorf("error %v, want the cause %v", r.Err, stopping)
	}
}

func TestAloneEndsWhatWasLeftBehind(t *testing.T) {
	r, pid := left(t, Spec{Timeout: time.Minute, Alone: true}, "exit 0")
	if r.Err != nil || r.Duration > longest {
		t.Errorf("%v after %v, want success at once", r.Err, r.Duration)
	}
	gone(t, pid)
}

func TestServiceMayOutliveItsStarter(t *testing.T) {
	r, pid := left(t, Spec{Timeout: time.Minute}, "exit 0")
	if r.Err != nil || r.Exit != 0 || r.Duration > longest {
		t.Errorf("exit %d, %v after %v, want success although the output is held open", r.Exit, r.Err, r.Duration)
	}
	if !running(pid) {
		t.Error("the process in the background was killed")
	}
}

// The thread that starts a program stands for those of the daemon.
func TestProgramHasOrdinaryPriority(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const above = -5
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, above); err != nil {
		skip.Regardless(t, "only root may raise a priority")
	}
	defer unix.Setpriority(unix.PRIO_PROCESS, 0, 0)
	if r := Run(t.Context(), sh("cut -d' ' -f19 /proc/self/stat")); r.Line != "0" {
		t.Errorf("the program has nice %q (%v), want 0", r.Line, r.Err)
	}
	if was, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil || 20-was != above {
		t.Errorf("the thread that started it has nice %d afterwards (%v), want %d", 20-was, err, above)
	}
}

// So it does here.
func TestProgramHasOrdinarySlack(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const above = 500 * time.Microsecond
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(above), 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(ordinarySlack), 0, 0, 0)
	if r := Run(t.Context(), sh("cat /proc/self/timerslack_ns")); r.Line != "50000" {
		t.Errorf("the program has a timer slack of %q ns (%v), want 50000", r.Line, r.Err)
	}
	if was, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || was != int(above) {
		t.Errorf("the thread that started it has a timer slack of %d ns afterwards (%v), want %v", was, err, above)
	}
}
