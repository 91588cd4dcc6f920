package netlab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
)

// Frame is one captured Ethernet frame.
type Frame struct {
	At    time.Time // kernel's receive or transmit time
	Iface string    // interface of the capture
	Sent  bool      // leaving through Iface rather than arriving
	Data  []byte    // without preamble and checksum, cut at 2048 bytes
}

// Source returns the Ethernet source.
func (f Frame) Source() hello.MAC { return hello.MAC(f.Data[6:12]) }

// Destination returns the Ethernet destination.
func (f Frame) Destination() hello.MAC { return hello.MAC(f.Data[:6]) }

// CaptureOptions change what a capture keeps.
type CaptureOptions struct {
	// Keep reports whether to store a frame. nil stores all. It runs on the
	// capture's goroutine, and Data is only valid during the call.
	Keep func(Frame) bool
	// Arriving leaves out what is sent through the interface. Beside a flood in that
	// direction nothing else is lost then.
	Arriving bool
	// Limit bounds the number of stored frames, default 65536; the oldest are
	// dropped first.
	Limit int
}

// Capture stores the frames of one interface, both directions, from Capture to
// Close. Its methods may be called from several goroutines.
type Capture struct {
	iface string
	opts  CaptureOptions
	conn  *packet.Conn
	done  chan struct{}

	mu      sync.Mutex
	frames  []Frame
	first   int // number of frames[0], counted from the start
	dropped int
}

const (
	defaultLimit  = 1 << 16
	snapLen       = 2048
	captureBuffer = 4 << 20
)

// Capture starts a capture on an interface of the namespace. Frames that pass
// after it has returned are caught.
func (n *NS) Capture(dev string, o CaptureOptions) (*Capture, error) {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	conn, err := n.packetSocket(dev, unix.ETH_P_ALL)
	if err != nil {
		return nil, fmt.Errorf("capture on %s: %w", dev, err)
	}
	if err := prepareCapture(conn, o.Arriving); err != nil {
		return nil, errors.Join(fmt.Errorf("capture on %s: %w", dev, err), conn.Close())
	}
	c := &Capture{iface: dev, opts: o, conn: conn, done: make(chan struct{})}
	go c.read()
	return c, nil
}

// packetSocket opens a socket for the frames of one EtherType on an interface.
func (n *NS) packetSocket(dev string, etherType int) (*packet.Conn, error) {
	return inside(n, func() (*packet.Conn, error) {
		ifi, err := net.InterfaceByName(dev)
		if err != nil {
			return nil, err
		}
		return packet.Listen(ifi, packet.Raw, etherType, nil)
	})
}

func prepareCapture(conn *packet.Conn, arriving bool) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	if err := conn.SetPromiscuous(true); err != nil {
		return err
	}
	var serr error
	err = raw.Control(func(fd uintptr) {
		// Inside a user namespace the larger buffer is refused. The smaller
		// one only drops sooner.
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer) != nil {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, captureBuffer)
		}
		serr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		if arriving {
			serr = errors.Join(serr, unix.SetsockoptInt(int(fd), unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
		}
	})
	return errors.Join(err, serr)
}

// Close ends the capture. Stored frames stay readable.
func (c *Capture) Close() error {
	err := c.conn.Close()
	<-c.done
	return err
}

// Frames returns what is stored, oldest first.
func (c *Capture) Frames() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.frames)
}

// Since returns the frames stored after the first n of the capture, and the n
// for the next call. Start with 0.
func (c *Capture) Since(n int) ([]Frame, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	skip := min(max(0, n-c.first), len(c.frames))
	return slices.Clone(c.frames[skip:]), c.first + len(c.frames)
}

// Dropped returns how many frames were lost: by the kernel for want of buffer,
// or from the front because more than Limit arrived.
func (c *Capture) Dropped() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, err := c.conn.Stats(); err == nil {
		c.dropped += int(st.Drops)
	}
	return c.dropped
}

// WaitFor returns the first stored frame for which match returns true. It waits up
// to timeout for one, and returns ErrTimeout then.
func (c *Capture) WaitFor(match func(Frame) bool, timeout time.Duration) (found Frame, err error) {
	n := 0
	err = Eventually(context.Background(), timeout, func() bool {
		var frames []Frame
		frames, n = c.Since(n)
		i := slices.IndexFunc(frames, match)
		if i >= 0 {
			found = frames[i]
		}
		return i >= 0
	})
	return found, err
}

func (c *Capture) read() {
	defer close(c.done)
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return
	}
	buf, oob := make([]byte, snapLen), make([]byte, 128)
	for {
		f, err := c.receive(raw, buf, oob)
		if errors.Is(err, unix.ENETDOWN) {
			continue // returned once, when the interface goes down
		}
		if err != nil {
			return
		}
		if f.Sent && c.opts.Arriving {
			continue // while the capture began
		}
		if c.opts.Keep == nil || c.opts.Keep(f) {
			c.store(f)
		}
	}
}

func (c *Capture) receive(raw syscall.RawConn, buf, oob []byte) (Frame, error) {
	var n, oobn int
	var from unix.Sockaddr
	var rerr error
	err := raw.Read(func(fd uintptr) bool {
		n, oobn, _, from, rerr = unix.Recvmsg(int(fd), buf, oob, unix.MSG_DONTWAIT)
		return rerr != unix.EAGAIN && rerr != unix.EINTR
	})
	if err = errors.Join(err, rerr); err != nil {
		return Frame{}, err
	}
	f := Frame{At: stamp(oob[:oobn]), Iface: c.iface, Data: buf[:n]}
	if ll, ok := from.(*unix.SockaddrLinklayer); ok {
		f.Sent = ll.Pkttype == unix.PACKET_OUTGOING
	}
	return f, nil
}

func (c *Capture) store(f Frame) {
	f.Data = slices.Clone(f.Data)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frames) >= c.opts.Limit {
		c.frames = c.frames[1:]
		c.first++
		c.dropped++
	}
	c.frames = append(c.frames, f)
}

// stamp returns the kernel's timestamp from the only control message that the
// socket asks for, else now.
func stamp(oob []byte) time.Time {
	_, data, _, err := unix.ParseOneSocketControlMessage(oob)
	var ts unix.Timespec
	if err != nil {
		return time.Now()
	}
	if _, err := binary.Decode(data, binary.NativeEndian, &ts); err != nil {
		return time.Now()
	}
	return time.Unix(ts.Unix())
}
