// Package succession is the talk between a daemon and the process that takes its
// place, over a Unix socket that carries descriptors. It knows the words and their
// order, and nothing of what is handed over.
//
//	successor                    daemon
//	hello (form, version)   -->
//	                        <--  refuse (reason)       the daemon goes on
//	                             ... stands still at a quiet instant
//	                        <--  state, descriptors
//	confirm                 -->
//	                        <--  go                    the daemon never acts again
//	refuse (reason)         -->                        instead of confirm: it goes on
//	                        <--  no (reason)           instead of go: it goes on
//
// Whoever of the two dies, one goes on: before "go" the daemon does, which notices
// that the connection ends or that its patience does. After its own "confirm" the
// successor waits for "go" or "no" as long as the daemon lives. A connection that
// ends without either means that the daemon has died, and then the successor goes
// on: nobody else has its descriptors.
package succession

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Step is a word of the talk.
type Step string

// The words.
const (
	Hello   Step = "hello"
	Refuse  Step = "refuse"
	State   Step = "state"
	Confirm Step = "confirm"
	Go      Step = "go"
	No      Step = "no"
	files   Step = "files" // more descriptors come with the next message
)

// Message is one word with what belongs to it.
type Message struct {
	Step    Step   `json:"step"`
	Form    int    `json:"form,omitempty"` // of the state that its sender reads and writes
	Version string `json:"version,omitempty"`
	PID     int    `json:"pid,omitempty"`

	Namespace uint64 `json:"namespace,omitempty"` // the network's, of who says hello
	Reason    string `json:"reason,omitempty"`

	Body  []byte `json:"-"`
	Files []int  `json:"-"` // descriptors
}

// Bounds of a message. A state with thousands of groups has some tens of megabytes.
const (
	mostHead  = 64 << 10
	mostBody  = 1 << 30
	mostFiles = 200 // at once; the kernel allows 253 (SCM_MAX_FD)
)

// Conn is one end of the talk.
type Conn struct {
	c     *net.UnixConn
	files []int // that have come and belong to no message yet
}

// NewConn talks over c, which it owns from then on.
func NewConn(c *net.UnixConn) *Conn { return &Conn{c: c} }

// Close ends the talk.
func (c *Conn) Close() error {
	for _, fd := range c.files {
		unix.Close(fd)
	}
	return c.c.Close()
}

// Send sends a message before the deadline; the zero time is none. The descriptors
// stay open here. An error means that the other side has not got it as a whole.
func (c *Conn) Send(m Message, deadline time.Time) error {
	if err := c.c.SetWriteDeadline(deadline); err != nil {
		return err
	}
	list := m.Files
	for len(list) > mostFiles {
		if err := c.send(Message{Step: files}, list[:mostFiles]); err != nil {
			return err
		}
		list = list[mostFiles:]
	}
	return c.send(m, list)
}

func (c *Conn) send(m Message, list []int) error {
	head, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(len(head)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.Body)))
	b = append(b, head...)
	var rights []byte
	if len(list) > 0 {
		rights = unix.UnixRights(list...)
	}
	n, _, err := c.c.WriteMsgUnix(b, rights, nil)
	if err == nil && n < len(b) {
		_, err = c.c.Write(b[n:])
	}
	if err == nil && len(m.Body) > 0 { // even nothing cannot be written to who has answered and gone
		_, err = c.c.Write(m.Body)
	}
	if err != nil {
		return fmt.Errorf("say %q: %w", m.Step, err)
	}
	return nil
}

// Receive waits for a message until the deadline; the zero time is none. io.EOF says
// that the other side has gone. The descriptors are the caller's.
func (c *Conn) Receive(deadline time.Time) (Message, error) {
	if err := c.c.SetReadDeadline(deadline); err != nil {
		return Message{}, err
	}
	for {
		m, err := c.receive()
		if err != nil {
			if errors.Is(err, unix.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return Message{}, err
		}
		if m.Step == files {
			continue
		}
		m.Files, c.files = c.files, nil
		return m, nil
	}
}

func (c *Conn) receive() (m Message, err error) {
	var sizes [8]byte
	if err := c.full(sizes[:]); err != nil {
		return m, err
	}
	head, body := binary.BigEndian.Uint32(sizes[:]), binary.BigEndian.Uint32(sizes[4:])
	if head > mostHead || body > mostBody {
		return m, fmt.Errorf("a message of %d and %d bytes is too long", head, body)
	}
	text := make([]byte, head)
	if err := c.full(text); err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("read a message: %w", err)
	}
	m.Body = make([]byte, body)
	return m, c.full(m.Body)
}

// full fills b, and keeps the descriptors that come along.
func (c *Conn) full(b []byte) error {
	room := make([]byte, unix.CmsgSpace(4*mostFiles))
	for at := 0; at < len(b); {
		n, rights, flags, _, err := c.c.ReadMsgUnix(b[at:], room)
		if err != nil {
			return err
		}
		if err := c.keep(room[:rights]); err != nil {
			return err
		}
		if flags&unix.MSG_CTRUNC != 0 {
			return errors.New("descriptors were lost on the way (is the limit of open files reached? LimitNOFILE=)")
		}
		if n == 0 {
			return io.EOF
		}
		at += n
	}
	return nil
}

func (c *Conn) keep(control []byte) error {
	if len(control) == 0 {
		return nil
	}
	list, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return err
	}
	for _, m := range list {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue // not descriptors
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
		}
		c.files = append(c.files, fds...)
	}
	return nil
}

// Await waits for the word after "confirm": nil means that the caller goes on in the
// place of the other process, which has said so or has died. Any other error is why
// not.
func (c *Conn) Await() error {
	m, err := c.Receive(time.Time{})
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case m.Step == Go:
		return nil
	}
	return m.Refusal()
}

// Refusal makes an error of a message that ends the talk.
func (m *Message) Refusal() error {
	if m.Reason == "" {
		return fmt.Errorf("unexpected %q", m.Step)
	}
	return errors.New(m.Reason)
}

// Pair returns both ends of a talk within one process, for tests.
func Pair() (a, b *Conn, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	var ends [2]*Conn
	for n, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		c, err := net.FileConn(f)
		f.Close()
		if err != nil {
			return nil, nil, err
		}
		ends[n] = NewConn(c.(*net.UnixConn))
	}
	return ends[0], ends[1], nil
}
