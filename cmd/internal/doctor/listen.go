package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/whohas"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/sock"
)

// Bounds of listening.
const (
	step      = 50 * time.Millisecond
	questions = 20   // asked in a step on an interface, which is 400 a second
	heardMax  = 4096 // different messages that are kept
)

// ear is an interface that is listened to.
type ear struct {
	dev     string
	mac     hello.MAC
	sock    *sock.Socket
	members *sock.Members
	ask     [][]byte // questions not asked yet
}

// listen hears what is said on the segments of the groups, and asks once for
// every virtual address.
func (e *exam) listen(ctx context.Context, span time.Duration) error {
	var ears []*ear
	defer func() {
		for _, x := range ears {
			x.close()
		}
	}()
	for _, dev := range e.devices() {
		if i, ok := e.byName(dev); ok && i.Up {
			x, err := e.open(dev)
			if err != nil {
				return fmt.Errorf("listen on %s: %w", dev, err)
			}
			ears = append(ears, x)
		}
	}
	if len(ears) == 0 {
		return nil
	}
	for end := time.Now().Add(span); time.Now().Before(end); {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("listen: %w", context.Cause(ctx))
		}
		if err := e.step(ears); err != nil {
			return err
		}
	}
	e.Listened = span
	return nil
}

func (e *exam) open(dev string) (*ear, error) {
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return nil, err
	}
	x := &ear{dev: dev, mac: hello.MACFrom(ifi.HardwareAddr)}
	if x.sock, err = sock.Open(ifi, 0); err != nil {
		return nil, err
	}
	if x.members, err = sock.Join(ifi, groupAddresses(ifi)); err != nil {
		return nil, errors.Join(err, x.sock.Close())
	}
	for k := range e.groups {
		if e.groups[k].Interface != dev {
			continue
		}
		for _, vip := range e.groups[k].VirtualIPs {
			if frame, err := whohas.Frame(ifi, vip); err == nil {
				x.ask = append(x.ask, frame)
			}
		}
	}
	return x, nil
}

// groupAddresses are the multicast groups of all protocols: a router of the
// wrong version is what is looked for. IPv6 is left out where it is off.
func groupAddresses(ifi *net.Interface) []netip.Addr {
	out := []netip.Addr{
		hello.GroupAddr(hello.ProtocolHSRP, 1, hello.IPv4), hello.GroupAddr(hello.ProtocolHSRP, 2, hello.IPv4),
		hello.GroupAddr(hello.ProtocolVRRP, 3, hello.IPv4),
	}
	addrs, _ := ifi.Addrs()
	six := slices.ContainsFunc(addrs, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Is6()
	})
	if six {
		out = append(out, hello.GroupAddr(hello.ProtocolHSRP, 2, hello.IPv6), hello.GroupAddr(hello.ProtocolVRRP, 3, hello.IPv6))
	}
	return out
}

func (x *ear) close() {
	x.members.Close()
	x.sock.Close()
}

// step asks some questions and waits a little for frames.
func (e *exam) step(ears []*ear) error {
	fds := make([]unix.PollFd, len(ears))
	for i, x := range ears {
		n := min(questions, len(x.ask))
		if _, err := x.sock.Send(x.ask[:n]); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return fmt.Errorf("ask on %s: %w", x.dev, err)
		}
		x.ask = x.ask[n:]
		fds[i] = unix.PollFd{Fd: int32(x.sock.FD()), Events: unix.POLLIN}
	}
	began := time.Now()
	if _, err := unix.Poll(fds, int(step.Milliseconds())); err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("listen: %w", err)
	}
	for _, x := range ears {
		if _, err := x.sock.Receive(func(b []byte, ready bool) { e.frame(x, b, ready) }); err != nil && !errors.Is(err, unix.ENETDOWN) {
			return err
		}
	}
	// On a busy segment frames may come faster than questions may be asked.
	if rest := step - time.Since(began); rest > 0 && slices.ContainsFunc(ears, func(x *ear) bool { return len(x.ask) > 0 }) {
		time.Sleep(rest)
	}
	return nil
}

// frame keeps a message or claim that is new.
func (e *exam) frame(x *ear, b []byte, ready bool) {
	if o, ok := whohas.Claim(b); ok {
		c := Claim{Interface: x.dev, Address: o.IP, MAC: o.MAC}
		if o.MAC != x.mac && e.virtual(o.IP) && !slices.Contains(e.Claims, c) {
			e.Claims = append(e.Claims, c)
		}
		return
	}
	h := Heard{Interface: x.dev}
	payload, err := hello.ParseFrame(b, &h.Envelope, ready)
	if err != nil || len(e.Heard) >= heardMax {
		return
	}
	h.Payload = slices.Clone(payload)
	if !slices.ContainsFunc(e.Heard, h.same) {
		e.Heard = append(e.Heard, h)
	}
}

func (e *exam) virtual(a netip.Addr) bool {
	return slices.ContainsFunc(e.groups, func(g engine.Group) bool { return slices.Contains(g.VirtualIPs, a) })
}

func (h Heard) same(o Heard) bool {
	return h.Interface == o.Interface && h.Envelope == o.Envelope && string(h.Payload) == string(o.Payload)
}
