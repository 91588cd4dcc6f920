package vip

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Owner is a process in one network namespace, as the kernel and other processes
// there see it. It holds interfaces against other owners (see [Owner.Hold]), and
// tells its own changes from those of others: a notification carries the netlink
// address of the socket that caused it, and an Owner's sockets have addresses that
// no other process has.
//
// The zero of *Owner, nil, holds nothing and owns no change.
type Owner struct {
	block uint32 // the upper half of its netlink addresses, or nobody
	claim int    // the socket that keeps others from the block; -1 without one
	locks *conn
	note  string `state:"the caller has it"`

	routes *roleRoutes
	log    *slog.Logger `state:"of this process"`

	mu       sync.Mutex     `state:"nobody works on it"`
	held     map[string]int // how often, by interface
	lockless bool           // the kernel has no tables with an owner
}

// The blocks of netlink addresses lie above every process id and below the
// addresses that the kernel gives out.
const (
	firstBlock = 0x4000
	blocks     = 0x4000
	nobody     = 0xffff // of no socket
	claimPort  = 0xffff // within a block
)

// NewOwner returns the owner of what this process will do in the calling thread's
// namespace. The note tells others more about the process than its number, as in
// "control socket /run/fhrpd/control.sock". log may be nil.
func NewOwner(note string, log *slog.Logger) (*Owner, error) {
	o := &Owner{note: note, log: Options{Log: log}.logger(), held: map[string]int{}}
	if err := o.claimBlock(); err != nil {
		return nil, fmt.Errorf("claim netlink addresses: %w", err)
	}
	var err error
	if o.locks, err = o.dial(unix.NETLINK_NETFILTER, 0); err != nil {
		return nil, errors.Join(err, o.closeClaim())
	}
	if o.routes, err = o.roleRoutes(); err != nil {
		return nil, errors.Join(err, o.locks.close(), o.closeClaim())
	}
	return o, nil
}

// Close gives up everything that is held. The kernel does the same when the
// process dies.
func (o *Owner) Close() error {
	return errors.Join(o.routes.close(), o.locks.close(), o.closeClaim())
}

func (o *Owner) closeClaim() error {
	if o.claim < 0 {
		return nil
	}
	return unix.Close(o.claim)
}

// claimBlock finds addresses that no other process has. Any user may bind netlink
// addresses, and so somebody may hold all of them. The owner then takes its own
// changes for those of others, which costs a look at the kernel for each, and no more.
func (o *Owner) claimBlock() (err error) {
	o.block, o.claim = nobody, -1
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	for n := range blocks {
		block := uint32(firstBlock + (os.Getpid()+n)%blocks)
		err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: block<<16 | claimPort})
		if err == nil {
			o.block, o.claim = block, fd
			return nil
		}
		if err != unix.EADDRINUSE {
			unix.Close(fd)
			return err
		}
	}
	o.log.Warn("no free netlink addresses: somebody holds them all (ss -A netlink -p)")
	return unix.Close(fd)
}

// bind gives a socket one of the owner's addresses, or one of the kernel's choice
// if there is none.
func (o *Owner) bind(fd int, first uint16) (port uint32, err error) {
	for n := range uint32(claimPort) {
		if o == nil || o.block == nobody {
			break
		}
		port = o.block<<16 | (uint32(first)+n)%claimPort
		if err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port}); err != unix.EADDRINUSE {
			return port, err
		}
	}
	if err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, err
	}
	sa, err := unix.Getsockname(fd)
	if nl, ok := sa.(*unix.SockaddrNetlink); ok {
		port = nl.Pid
	}
	return port, err
}

// ours reports whether a change came from one of the owner's sockets.
func (o *Owner) ours(port uint32) bool { return port>>16 == o.numbers() }

// numbers returns the upper half of the addresses of the owner's sockets.
func (o *Owner) numbers() uint32 {
	if o == nil {
		return nobody
	}
	return o.block
}

// dialBoth opens the sockets for the table and the routes of an interface, or of
// all when index is zero.
func (o *Owner) dialBoth(index int) (nft, rtnl *conn, err error) {
	if nft, err = o.dial(unix.NETLINK_NETFILTER, index); err != nil {
		return nil, nil, err
	}
	if rtnl, err = o.dial(unix.NETLINK_ROUTE, index); err != nil {
		return nil, nil, errors.Join(err, nft.close())
	}
	return nft, rtnl, nil
}

func (o Options) logger() *slog.Logger {
	return cmp.Or(o.Log, slog.New(slog.DiscardHandler))
}
