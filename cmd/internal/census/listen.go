package census

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/sock"
)

const (
	// DefaultSpan is long enough for five hellos of HSRP at its default, and for an
	// advertisement of all but the slowest VRRP routers.
	DefaultSpan = 15 * time.Second

	step = 50 * time.Millisecond // within which the end of a context is noticed
)

// Listen hears an interface of the calling thread's network namespace for a span,
// or until ctx ends, and returns the census. It sends nothing, joins no group and
// needs CAP_NET_RAW.
func Listen(ctx context.Context, dev string, span time.Duration) (Report, error) {
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return Report{}, fmt.Errorf("listen on %s: no such interface", dev)
	}
	if ifi.Flags&net.FlagUp == 0 {
		return Report{}, fmt.Errorf("listen on %s: the interface is down (ip link set %s up)", dev, dev)
	}
	s, err := sock.Watch(ifi)
	if err != nil {
		return Report{}, fmt.Errorf("listen: %w", err)
	}
	defer s.Close()
	c := New()
	c.first = time.Now()
	for end := c.first.Add(span); ctx.Err() == nil && time.Now().Before(end); {
		if err := c.poll(s, Segment{Interface: dev}, min(step, time.Until(end))); err != nil {
			return Report{}, fmt.Errorf("listen on %s: %w", dev, err)
		}
	}
	return c.Report(time.Now()), nil
}

// poll waits for frames, at most for a time, and takes those that are there.
func (c *Census) poll(s *sock.Socket, seg Segment, wait time.Duration) error {
	fds := []unix.PollFd{{Fd: int32(s.FD()), Events: unix.POLLIN}}
	if _, err := unix.Poll(fds, int(max(wait, time.Millisecond).Milliseconds())); err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	_, err := s.Receive(func(b []byte, ready bool) {
		c.Add(Frame{Segment: seg, At: time.Now(), Data: b, ChecksumReady: ready})
	})
	if errors.Is(err, unix.ENETDOWN) {
		err = nil // told once, when the interface goes down; it may come back
	}
	return err
}
