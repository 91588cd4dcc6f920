// Package sock moves frames between the engine and one interface: hellos, ARP
// and neighbour discovery in, prepared frames out. It decides nothing; every
// check of a packet's content is in package hello.
package sock

import (
	"errors"
	"fmt"
	"net"

	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	// receiveBuffer holds a burst of 4096 hellos; the kernel's default loses a
	// third of them, and a lost hello is a false failover.
	receiveBuffer = 16 << 20
	sendBuffer    = 4 << 20
)

// Socket is an AF_PACKET socket on one interface. Receive and Send must not be
// called at the same time from different goroutines.
type Socket struct {
	fd  int
	in  inbox
	out outbox
}

// Open opens a socket on ifi that sees only what an FHRP router must hear:
// hellos of all protocols, ARP, neighbour discovery, router solicitations, and
// answers to packets that carry mark as ICMP identifier or as UDP or TCP source
// port.
// It needs CAP_NET_RAW in the network namespace of the calling thread.
func Open(ifi *net.Interface, mark uint16) (*Socket, error) {
	return open(ifi, assembleFilter(mark))
}

func open(ifi *net.Interface, program []bpf.RawInstruction) (*Socket, error) {
	conn, err := packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, &packet.Config{Filter: program})
	if err != nil {
		return nil, fmt.Errorf("open packet socket on %s: %w (needs CAP_NET_RAW)", ifi.Name, err)
	}
	defer conn.Close()
	fd, err := detach(conn)
	if err != nil {
		return nil, fmt.Errorf("detach packet socket on %s: %w", ifi.Name, err)
	}
	if err := setOptions(fd); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("configure packet socket on %s: %w", ifi.Name, err)
	}
	s := &Socket{fd: fd}
	s.in.init()
	return s, nil
}

// detach returns a descriptor of conn that stays when conn is closed. The caller
// waits for it itself: Go's poller would wake a thread of its own for each frame in
// and out, which costs as much as the frame.
func detach(conn *packet.Conn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var dupErr error
	err = raw.Control(func(old uintptr) {
		fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, dupErr)
}

func setOptions(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		return fmt.Errorf("PACKET_IGNORE_OUTGOING: %w (needs Linux 4.20)", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return fmt.Errorf("PACKET_AUXDATA: %w", err)
	}
	growBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, receiveBuffer)
	growBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBuffer)
	return nil
}

// growBuffer goes as far as it may: to force a size needs CAP_NET_ADMIN in the
// initial namespace, and a smaller buffer is better than no socket.
func growBuffer(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// FD returns the descriptor for poll(2). It stays valid until Close.
func (s *Socket) FD() int { return s.fd }

// Close closes the socket.
func (s *Socket) Close() error { return unix.Close(s.fd) }

// Resume returns the socket of another process whose descriptor this one was given.
// What it has received and nobody has read waits in it. The descriptor is the
// Socket's from then on.
func Resume(fd int) *Socket {
	s := &Socket{fd: fd}
	s.in.init()
	return s
}
