package netlab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// NS is a network namespace held by a file descriptor. It lives until Close and
// until the last socket and process inside are gone. Its methods may be called
// from several goroutines.
type NS struct {
	file   *os.File
	handle *netlink.Handle
}

// New makes an empty namespace with the loopback interface up and without
// duplicate address detection, so that IPv6 addresses can be used at once. It does
// not forward, and neither do its interfaces, whatever the host does.
func New() (*NS, error) {
	var ns *NS
	err := onThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		ns, err = Current()
		return err
	})
	if err != nil {
		return nil, err
	}
	return ns, errors.Join(ns.plain(), ns.quickIPv6(), ns.LinkUp("lo"))
}

// Current returns the namespace of the calling thread.
func Current() (*NS, error) {
	file, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("open the network namespace: %w", err)
	}
	h, err := netlink.NewHandleAt(netns.NsHandle(file.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open netlink in a namespace: %w", err), file.Close())
	}
	return &NS{file: file, handle: h}, nil
}

// quickIPv6 lets addresses be used at once and keeps hosts from asking for
// routers.
func (n *NS) quickIPv6() error {
	var errs []error
	for _, name := range []string{"all/accept_dad", "default/accept_dad", "default/dad_transmits", "default/router_solicitations"} {
		errs = append(errs, n.sysctlIPv6(name, "0"))
	}
	return errors.Join(errs...)
}

// sysctlIPv6 is Sysctl below net/ipv6/conf, which a kernel without IPv6 lacks.
func (n *NS) sysctlIPv6(path, value string) error {
	err := n.Sysctl("net/ipv6/conf/"+path, value)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Close releases the namespace. Interfaces inside vanish with it unless a
// process or a socket still holds it.
func (n *NS) Close() error {
	n.handle.Close()
	return n.file.Close()
}

// Do runs fn on a thread that is inside the namespace, and waits for it.
// Sockets that fn opens stay inside. Goroutines that it starts do not.
func (n *NS) Do(fn func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return fn()
	})
}

// inside returns what fn returns when Do runs it.
func inside[T any](n *NS, fn func() (T, error)) (v T, err error) {
	err = n.Do(func() (err error) {
		v, err = fn()
		return err
	})
	return v, err
}

// errLeft is what Do returns when fn ended its goroutine, as t.FailNow does.
var errLeft = errors.New("the function ended its goroutine inside a network namespace")

// onThread runs fn on a thread of its own and restores the thread's network
// namespace afterwards. A thread that cannot be restored stays locked and ends
// with its goroutine.
func onThread(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errLeft
		defer func() { done <- err }()
		runtime.LockOSThread()
		home, herr := os.Open("/proc/thread-self/ns/net")
		if herr != nil {
			err = fmt.Errorf("open the network namespace: %w", herr)
			return
		}
		defer home.Close()
		defer func() {
			if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
				runtime.UnlockOSThread()
			}
		}()
		err = fn()
	}()
	return <-done
}

// Netlink returns the rtnetlink handle of the namespace, for what this package
// does not do. Close closes it.
func (n *NS) Netlink() *netlink.Handle { return n.handle }

// Path returns a name under which other processes of the same user can enter
// the namespace while this process lives: nsenter --net=PATH.
func (n *NS) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd()) }

// Start starts cmd inside the namespace. The process is killed when this one
// dies. The caller waits for it as usual.
func (n *NS) Start(cmd *exec.Cmd) error {
	dieWithParent(cmd)
	return n.Do(cmd.Start)
}

func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
}

// Sysctl writes value to a file below /proc/sys, such as
// "net/ipv4/ip_forward". Only paths below net belong to the namespace.
func (n *NS) Sysctl(path, value string) error {
	return n.Do(func() error {
		err := os.WriteFile(filepath.Join("/proc/sys", path), []byte(value), 0)
		if err != nil {
			return fmt.Errorf("set sysctl %s to %s: %w", path, value, err)
		}
		return nil
	})
}

// ReadSysctl returns the value of a file below /proc/sys as it is inside,
// without the newline.
func (n *NS) ReadSysctl(path string) (string, error) {
	b, err := inside(n, func() ([]byte, error) { return os.ReadFile(filepath.Join("/proc/sys", path)) })
	if err != nil {
		return "", fmt.Errorf("read sysctl %s: %w", path, err)
	}
	return strings.TrimSuffix(string(b), "\n"), nil
}

// ListenPacket is net.ListenPacket inside the namespace.
func (n *NS) ListenPacket(network, address string) (net.PacketConn, error) {
	return inside(n, func() (net.PacketConn, error) { return net.ListenPacket(network, address) })
}

// Listen is net.Listen inside the namespace.
func (n *NS) Listen(network, address string) (net.Listener, error) {
	return inside(n, func() (net.Listener, error) { return net.Listen(network, address) })
}

// Dial is net.Dialer.DialContext inside the namespace, for literal addresses.
func (n *NS) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	// A single address is dialled on the calling thread.
	d := net.Dialer{FallbackDelay: -1}
	return inside(n, func() (net.Conn, error) { return d.DialContext(ctx, network, address) })
}
