package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// sendBuffer holds a transaction of about 60,000 set elements.
const sendBuffer = 4 << 20

// receiveRoom holds the longest message that the kernel answers with.
const receiveRoom = 64 << 10

// conn is a netlink socket for requests to nfnetlink and rtnetlink, which answer
// before send returns. It never waits.
type conn struct {
	fd      int
	port    uint32 // its netlink address
	seq     uint32
	rbuf    []byte                        `state:"a buffer"`
	refused []*messageError               `state:"of one batch"`
	see     func(typ uint16, body []byte) // gets the messages that are no errors
}

// messageError is the kernel's refusal of one message of a batch.
type messageError struct {
	index int // of the message in the batch
	errno unix.Errno
	text  string // the kernel's own words, if it had any
}

func (e *messageError) Error() string {
	if e.text == "" {
		return e.errno.Error()
	}
	return fmt.Sprintf("%v (%s)", e.errno, e.text)
}

func (e *messageError) Unwrap() error { return e.errno }

// dial opens a netlink socket in the calling thread's namespace, at one of the
// owner's addresses if there is an owner. The search for a free one begins at a
// place that depends on the interface's index.
func (o *Owner) dial(proto, index int) (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	port, err := o.bind(fd, uint16(index%(1<<15)))
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind netlink socket: %w", err)
	}
	for _, o := range []int{unix.NETLINK_CAP_ACK, unix.NETLINK_EXT_ACK} {
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, o, 1) // each only saves work; old kernels refuse
	}
	growBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	growBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	return &conn{fd: fd, port: port, seq: 1, rbuf: make([]byte, receiveRoom)}, nil
}

func growBuffer(fd, force, plain int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, sendBuffer) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, sendBuffer) // as far as the limit goes
	}
}

func (c *conn) close() error { return unix.Close(c.fd) }

// query is change for a request that the kernel answers with more than success,
// which see gets.
func (c *conn) query(b *batch, see func(typ uint16, body []byte)) error {
	c.see = see
	defer func() { c.see = nil }()
	return c.change(b)
}

// exec sends b and returns what the kernel refused. Only the last message that
// changes something asks for an acknowledgement. The result is valid until the
// next call. After an error the outcome of the whole batch is unknown.
func (c *conn) exec(b *batch) ([]*messageError, error) {
	first := c.seq
	if err := c.send(b); err != nil {
		return nil, err
	}
	c.refused = c.refused[:0]
	for answered := false; ; answered = true {
		n, err := c.receive()
		switch {
		case err == unix.EAGAIN && answered:
			return c.refused, nil
		case err == unix.EAGAIN:
			return nil, errors.New("netlink: no answer")
		case err != nil:
			return nil, os.NewSyscallError("netlink receive", err)
		}
		if c.answers(c.rbuf[:n], first) {
			return c.refused, nil
		}
	}
}

// change sends b, which the kernel does or refuses as a whole.
func (c *conn) change(b *batch) error {
	refused, err := c.exec(b)
	if err != nil || len(refused) == 0 {
		return err
	}
	return refused[0]
}

func (c *conn) send(b *batch) error {
	b.setSeq(c.seq)
	c.seq += uint32(b.n)
	for {
		err := unix.Sendto(c.fd, b.b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		if err != unix.EINTR {
			return os.NewSyscallError("netlink send", err)
		}
	}
}

func (c *conn) receive() (int, error) {
	for {
		n, _, err := unix.Recvfrom(c.fd, c.rbuf, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// answers notes the refusals in one datagram. It reports whether the last message
// has been answered. A success is always the answer to that one, because no other
// message asks.
func (c *conn) answers(v []byte, first uint32) (last bool) {
	eachMessage(v, func(typ, flags uint16, seq uint32, body []byte) {
		index := int(int32(seq - first))
		if typ != unix.NLMSG_ERROR && c.see != nil && index >= 0 {
			c.see(typ, body)
		}
		if typ != unix.NLMSG_ERROR || len(body) < 4 || index < 0 {
			return
		}
		if errno := unix.Errno(-int32(binary.NativeEndian.Uint32(body))); errno == 0 {
			last = true
		} else {
			c.refused = append(c.refused, &messageError{index, errno, kernelText(flags, body)})
		}
	})
	return last
}

// eachMessage calls f for every netlink message in v.
func eachMessage(v []byte, f func(typ, flags uint16, seq uint32, body []byte)) {
	for len(v) >= unix.SizeofNlMsghdr {
		n := int(binary.NativeEndian.Uint32(v))
		if n < unix.SizeofNlMsghdr || n > len(v) {
			return
		}
		f(binary.NativeEndian.Uint16(v[4:]), binary.NativeEndian.Uint16(v[6:]),
			binary.NativeEndian.Uint32(v[8:]), v[unix.SizeofNlMsghdr:n])
		v = v[min((n+3)&^3, len(v)):]
	}
}

// kernelText returns the extended acknowledgement's message, if there is one.
func kernelText(flags uint16, body []byte) (text string) {
	const header = 4 + unix.SizeofNlMsghdr
	if flags&unix.NLM_F_ACK_TLVS == 0 || flags&unix.NLM_F_CAPPED == 0 || len(body) < header {
		return ""
	}
	attrs(body[header:], func(typ uint16, v []byte) {
		if typ == unix.NLMSGERR_ATTR_MSG {
			text = unix.ByteSliceToString(v)
		}
	})
	return text
}
