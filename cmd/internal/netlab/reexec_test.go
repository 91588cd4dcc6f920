package netlab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const role = "FHRPD_NETLAB_TEST_ROLE"

// playRole is what this binary does when a test below runs it: it plays the
// process that calls Reexec and, again, the one that Reexec starts.
func playRole(r string) {
	inode, _ := netnsInode()
	outer := os.Getenv(role + "_INODE")
	if outer == "" {
		os.Setenv(role+"_INODE", inode)
		os.Unsetenv(marker)
		status, err := Reexec()
		if err != nil {
			fmt.Println(err)
			os.Exit(99)
		}
		os.Exit(status)
	}
	if inode == outer {
		os.Exit(98)
	}
	switch r {
	case "exit":
		os.Exit(7)
	case "signal":
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		fmt.Println("ready", os.Getpid())
		<-ch
		os.Exit(8)
	case "killed":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		select {}
	}
}

func play(t *testing.T, r string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), role+"="+r)
	return cmd
}

func TestReexecPassesTheExitStatus(t *testing.T) {
	Need(t)
	for r, want := range map[string]int{"exit": 7, "killed": 128 + 9} {
		out, err := play(t, r).Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != want {
			t.Errorf("%s: %v, want exit status %d\n%s", r, err, want, out)
		}
	}
}

func start(t *testing.T, r string) (cmd *exec.Cmd, inner int) {
	t.Helper()
	cmd = play(t, r)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	if _, err := fmt.Sscanf(line, "ready %d", &inner); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return cmd, inner
}

func TestReexecForwardsSignals(t *testing.T) {
	Need(t)
	cmd, _ := start(t, "signal")
	must(t, cmd.Process.Signal(unix.SIGTERM))
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 8 {
		t.Errorf("%v, want exit status 8", err)
	}
}

func TestInnerProcessDiesWithTheOuter(t *testing.T) {
	Need(t)
	cmd, inner := start(t, "signal")
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	eventually(t, "inner process gone", func() bool { return gone(inner) })
}

// gone reports whether a process has ended; one that nobody has waited for yet
// counts as ended.
func gone(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(b), ") Z ")
}

func TestForbiddenNamesTheCure(t *testing.T) {
	err := forbidden(unix.EPERM)
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "-exec sudo") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error = %q", err)
	}
}

func TestLeakedMarkerIsNotInside(t *testing.T) {
	inode, err := netnsInode()
	must(t, err)
	t.Setenv(marker, inode)
	if Inside() {
		t.Error("the namespace named as outside passes for inside")
	}
}
