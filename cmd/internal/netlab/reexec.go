package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// marker names the environment variable that Reexec sets for the program it
// starts. Its value is the inode of the network namespace outside: in a shell of
// the host, to which the variable may have leaked, it has no meaning.
const marker = "FHRPD_NETLAB_OUTSIDE"

// Inside reports whether this process runs in namespaces made by Reexec.
func Inside() bool {
	outside := os.Getenv(marker)
	if outside == "" {
		return false
	}
	inode, err := netnsInode()
	return err == nil && outside != inode
}

// Reexec runs this program again, with the same arguments, environment and
// standard files, in new network and mount namespaces; for an ordinary user in
// a new user namespace as well, where it is root. SIGINT, SIGTERM and SIGHUP are
// passed on, and the second program dies with the first. It returns the second
// program's exit status (128 + n when signal n ended it).
//
// The error, one line with the cure, says that the kernel forbids namespaces.
func Reexec() (status int, err error) {
	// The death signal is tied to the thread that forked.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)
	cmd, err := startInside()
	if err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	signal.Stop(signals)
	close(signals)
	return exitStatus(err)
}

// Main is for TestMain of a test package that builds networks. It runs the tests
// inside namespaces of their own and exits. Where the kernel forbids namespaces
// the tests run outside, and Need skips those that need them.
func Main(m interface{ Run() int }) {
	if Inside() {
		os.Exit(skip.Run(m))
	}
	skip.HandDown()
	status, err := Reexec()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = skip.Run(m)
	}
	os.Exit(status)
}

func startInside() (*exec.Cmd, error) {
	inode, err := netnsInode()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	start := func(user bool) (*exec.Cmd, error) {
		cmd := &exec.Cmd{
			Path: self, Args: os.Args,
			Env:   append(os.Environ(), marker+"="+inode),
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			SysProcAttr: attributes(user),
		}
		return cmd, cmd.Start()
	}
	cmd, err := start(os.Geteuid() != 0)
	if errors.Is(err, unix.EPERM) && os.Geteuid() == 0 {
		// Root of a container without CAP_SYS_ADMIN is an ordinary user here.
		cmd, err = start(true)
	}
	if err != nil {
		return nil, forbidden(err)
	}
	return cmd, nil
}

// attributes asks for the namespaces. The process has a group of its own, so that
// a Ctrl-C arrives once, passed on by Reexec, and not twice.
func attributes(user bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags:   unix.CLONE_NEWNET,
		Unshareflags: unix.CLONE_NEWNS,
		Pdeathsig:    unix.SIGKILL,
		Setpgid:      true,
	}
	if user {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return a
}

// forbidden turns a refused clone into one line with the cure.
func forbidden(err error) error {
	const cure = "run it as root (go run -exec sudo …, go test -exec sudo …)"
	for _, knob := range []struct{ path, bad, fix string }{
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "0"},
		{"kernel/unprivileged_userns_clone", "0", "1"},
		{"user/max_user_namespaces", "0", "15000"},
		{"user/max_net_namespaces", "0", "15000"},
	} {
		value, rerr := os.ReadFile("/proc/sys/" + knob.path)
		if rerr == nil && strings.TrimSpace(string(value)) == knob.bad {
			name := strings.ReplaceAll(knob.path, "/", ".")
			return fmt.Errorf("the kernel forbids new namespaces (%s=%s): %s, or sysctl -w %s=%s: %w",
				name, knob.bad, cure, name, knob.fix, err)
		}
	}
	return fmt.Errorf("the kernel or a container runtime forbids new namespaces: %s: %w", cure, err)
}

func exitStatus(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return exit.ExitCode(), nil
}

func netnsInode() (string, error) {
	var st unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
		return "", fmt.Errorf("look at the network namespace: %w", err)
	}
	return strconv.FormatUint(st.Ino, 10), nil
}
