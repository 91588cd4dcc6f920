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
// duplicate address detection, so that IPv6 addresses can be used at once.
func New() (*NS, error) {
	var file *os.File
	err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			file, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	ns, err := adopt(file)
	if err != nil {
		return nil, err
	}
	return ns, errors.Join(ns.quickIPv6(), ns.LinkUp("lo"))
}

// Current returns the namespace of the calling thread.
func Current() (*NS, error) {
	file, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("open the network namespace: %w", err)
	}
	return adopt(file)
}

func adopt(file *os.File) (*NS, error) {
	h, err := netlink.NewHandleAt(netns.NsHandle(file.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open netlink in a namespace: %w", err), file.Close())
	}
	return &NS{file: file, handle: h}, nil
}

// quickIPv6 lets addresses be used at once and keeps hosts from asking for
// routers. A kernel without IPv6 has no such knobs.
func (n *NS) quickIPv6() error {
	for path, value := range map[string]string{
		"net/ipv6/conf/all/accept_dad":               "0",
		"net/ipv6/conf/default/accept_dad":           "0",
		"net/ipv6/conf/default/dad_transmits":        "0",
		"net/ipv6/conf/default/router_solicitations": "0",
	} {
		if err := n.Sysctl(path, value); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close releases the namespace. Interfaces inside vanish with it unless a
// process or a socket still holds it.
func (n *NS) Close() error {
	n.handle.Close()
	return n.file.Close()
}

// Do runs fn on a thread that is inside the namespace, and waits for it.
// Sockets that fn opens stay inside for good; goroutines that it starts do not.
// A thread that cannot be brought back is thrown away.
func (n *NS) Do(fn func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return fn()
	})
}

// errLeft is what Do returns when fn ended its goroutine, as t.FailNow does.
var errLeft = errors.New("the function ended its goroutine inside a network namespace")

// onThread runs fn on a thread of its own and restores the thread's network
// namespace afterwards. A goroutine that ends while locked takes its thread
// along, which is how one that cannot be restored is disposed of.
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
// has no word for. It is closed by Close.
func (n *NS) Netlink() *netlink.Handle { return n.handle }

// Path returns a name under which other processes of the same user can enter
// the namespace while this process lives: nsenter --net=PATH.
func (n *NS) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd()) }

// Start starts cmd inside the namespace. The process is killed when this one
// dies; the caller waits for it as usual.
func (n *NS) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	return n.Do(cmd.Start)
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
func (n *NS) ReadSysctl(path string) (value string, err error) {
	err = n.Do(func() error {
		b, err := os.ReadFile(filepath.Join("/proc/sys", path))
		if err != nil {
			return fmt.Errorf("read sysctl %s: %w", path, err)
		}
		value = string(b[:max(0, len(b)-1)])
		return nil
	})
	return value, err
}

// ListenPacket is net.ListenPacket inside the namespace.
func (n *NS) ListenPacket(network, address string) (conn net.PacketConn, err error) {
	err = n.Do(func() (err error) {
		conn, err = net.ListenPacket(network, address)
		return err
	})
	return conn, err
}

// Listen is net.Listen inside the namespace.
func (n *NS) Listen(network, address string) (l net.Listener, err error) {
	err = n.Do(func() (err error) {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

// Dial is net.Dialer.DialContext inside the namespace, for literal addresses.
func (n *NS) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.Do(func() (err error) {
		// A single address is dialled on the calling thread.
		conn, err = (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}
