package vip

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// The environment of the test binary when it runs itself.
const (
	envInside    = "VIP_TEST_INSIDE"    // in namespaces of its own
	envForbidden = "VIP_TEST_FORBIDDEN" // why it could not get them
	envChild     = "VIP_TEST_CHILD"     // as a process to be killed
	envUser      = "VIP_TEST_USER"      // as one without rights
)

// TestMain runs the tests in new network and mount namespaces, for an ordinary
// user in a new user namespace, so that nothing touches the host's.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(envChild) != "":
		child(os.Getenv(envChild))
	case os.Getenv(envUser) != "":
		tryToHold()
	case os.Getenv(envInside) == "" && os.Getenv(envForbidden) == "":
		skip.HandDown()
		os.Exit(runInside())
	}
	os.Exit(skip.Run(m))
}

func runInside() int {
	attr := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd, err := startItself(envInside+"=1", attr)
	if err != nil {
		cmd, err = startItself(fmt.Sprintf("%s=no network namespace: %v (try go test -exec sudo)", envForbidden, err), nil)
	}
	if err == nil {
		err = cmd.Wait()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// startItself starts the test binary again, with one more variable.
func startItself(env string, attr *syscall.SysProcAttr) (*exec.Cmd, error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env)
	cmd.SysProcAttr = attr
	return cmd, cmd.Start()
}

// newNetns moves the test to a network namespace of its own, which goes with
// the test's thread. The thread stays on one CPU: what it sends over cables then
// waits in one queue and arrives in order.
func newNetns(t testing.TB) {
	t.Helper()
	if why := os.Getenv(envForbidden); why != "" {
		skip.Because(t, why)
	}
	runtime.LockOSThread()
	oneCPU(t)
	ok(t, unix.Unshare(unix.CLONE_NEWNET))
	lo, err := netlink.LinkByName("lo")
	ok(t, err)
	ok(t, netlink.LinkSetUp(lo))
}

// oneCPU ties the calling thread to one of the CPUs that it may use.
func oneCPU(t testing.TB) {
	t.Helper()
	var all, one unix.CPUSet
	ok(t, unix.SchedGetaffinity(0, &all))
	cpu := 0
	for !all.IsSet(cpu) {
		cpu++
	}
	one.Set(cpu)
	ok(t, unix.SchedSetaffinity(0, &one))
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
