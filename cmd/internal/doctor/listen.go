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

// listener is an interface that is listened to.
type listener struct {
	dev     string
	ifi     *net.Interface
	mac     hello.MAC
	sock    *sock.Socket
	members *sock.Members
	ask     [][]byte // questions not asked yet
}

// listen hears what is said on the segments of the groups, and asks once for
// every virtual address and every own one.
func (e *exam) listen(ctx context.Context, span time.Duration) error {
	var listeners []*listener
	defer func() {
		for _, l := range listeners {
			l.close()
		}
	}()
	for _, dev := range e.devices() {
		if i, ok := e.byName(dev); ok && i.Up {
			l, err := e.open(dev)
			if err != nil {
				return fmt.Errorf("listen on %s: %w", dev, err)
			}
			listeners = append(listeners, l)
		}
	}
	if len(listeners) == 0 {
		return nil
	}
	end := time.Now().Add(span)
	for e.askUntil = end.Add(-answerTime); time.Now().Before(end); {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("listen: %w", context.Cause(ctx))
		}
		if err := e.step(listeners); err != nil {
			return err
		}
	}
	e.Listened = span
	return nil
}

func (e *exam) open(dev string) (*listener, error) {
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return nil, err
	}
	l := &listener{dev: dev, ifi: ifi, mac: hello.MACFrom(ifi.HardwareAddr)}
	if l.sock, err = sock.Open(ifi, 0); err != nil {
		return nil, err
	}
	if l.members, err = sock.Join(ifi, groupAddresses(ifi)); err != nil {
		return nil, errors.Join(err, l.sock.Close())
	}
	for _, p := range e.addressesOf(dev) {
		l.question(ifi, p.Addr())
	}
	for _, g := range e.on(dev) {
		for _, vip := range g.VirtualIPs {
			l.question(ifi, vip)
		}
	}
	return l, nil
}

// question adds one that is to be asked.
func (l *listener) question(ifi *net.Interface, a netip.Addr) {
	if frame, err := whohas.Frame(ifi, a); err == nil {
		l.ask = append(l.ask, frame)
	}
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

func (l *listener) close() {
	l.members.Close()
	l.sock.Close()
}

// step asks some questions and waits a little for frames.
func (e *exam) step(listeners []*listener) error {
	fds := make([]unix.PollFd, len(listeners))
	for i, l := range listeners {
		n := min(questions, len(l.ask))
		if _, err := l.sock.Send(l.ask[:n]); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return fmt.Errorf("ask on %s: %w", l.dev, err)
		}
		l.ask = l.ask[n:]
		fds[i] = unix.PollFd{Fd: int32(l.sock.FD()), Events: unix.POLLIN}
	}
	began := time.Now()
	if _, err := unix.Poll(fds, int(step.Milliseconds())); err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("listen: %w", err)
	}
	for _, l := range listeners {
		if _, err := l.sock.Receive(func(b []byte, ready bool) { e.frame(l, b, ready) }); err != nil && !errors.Is(err, unix.ENETDOWN) {
			return err
		}
	}
	// On a busy segment frames may come faster than questions may be asked.
	if rest := step - time.Since(began); rest > 0 && slices.ContainsFunc(listeners, func(l *listener) bool { return len(l.ask) > 0 }) {
		time.Sleep(rest)
	}
	return nil
}

// frame keeps a message or claim that is new.
func (e *exam) frame(l *listener, b []byte, ready bool) {
	if o, ok := whohas.Claim(b); ok {
		e.answered(l.dev, o.IP)
		c := Claim{Interface: l.dev, Address: o.IP, MAC: o.MAC}
		if o.MAC != l.mac && (e.virtual(o.IP) || e.own(l.dev, o.IP)) && !slices.Contains(e.Claims, c) {
			e.Claims = append(e.Claims, c)
		}
		return
	}
	h := Heard{Interface: l.dev, At: time.Now()}
	payload, err := hello.ParseFrame(b, &h.Envelope, ready)
	if err != nil || len(e.Heard) >= heardMax {
		return
	}
	h.Payload = slices.Clone(payload)
	if !slices.ContainsFunc(e.Heard, h.same) {
		e.Heard = append(e.Heard, h)
		e.question(l, h)
	}
}

func (e *exam) virtual(a netip.Addr) bool {
	return slices.ContainsFunc(e.groups, func(g *engine.Group) bool { return slices.Contains(g.VirtualIPs, a) })
}

// same reports whether two messages say the same: signed ones never are the same
// as a whole.
func (h Heard) same(o Heard) bool {
	return h.Interface == o.Interface && h.Envelope == o.Envelope && string(h.unsigned()) == string(o.unsigned())
}

// unsigned returns the payload without the trailer that a VRRP router may put
// behind it.
func (h Heard) unsigned() []byte {
	var p hello.VRRPPacket
	if h.Envelope.Protocol == hello.ProtocolVRRP && p.Parse(h.Payload, h.Envelope.Src, h.Envelope.Dst) == nil && p.Signed {
		return h.Payload[:len(h.Payload)-hello.TrailerSize]
	}
	return h.Payload
}
