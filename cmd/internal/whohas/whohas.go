// Package whohas asks a segment for every MAC that answers for an address. One
// is as it should be; more than one is a conflict, a leftover of another
// daemon, or two routers that are active at once.
package whohas

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/mdlayher/packet"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/hello/wire/filter"
)

// DefaultTimeout is how long answers are waited for.
const DefaultTimeout = time.Second

// Options say what to ask where.
type Options struct {
	Interface string
	Address   netip.Addr
	Timeout   time.Duration // more than 0
}

// Answer is a MAC that answered.
type Answer struct {
	MAC     hello.MAC `json:"mac"`
	Virtual string    `json:"virtual"` // the virtual router it belongs to, "" when it belongs to none
	MS      float64   `json:"ms"`      // from the question to its first answer
	Count   int       `json:"count"`   // answers to the two questions, and claims
	Via     string    `json:"via"`     // Ethernet source when that is another MAC, "" otherwise
}

// Report is who has an address.
type Report struct {
	Address   netip.Addr `json:"address"`
	Interface string     `json:"interface"`
	From      string     `json:"from"` // own address in the question; "" = a probe
	Own       bool       `json:"own"`  // this host has the address too, and does not hear itself
	Answers   []Answer   `json:"answers"`
}

// Ask asks for an address on an interface of the calling thread's network
// namespace, twice, and listens until the timeout. The question comes from the
// interface's real address and MAC; from an interface that has none of the
// family, and for one of the host's own addresses, it is a probe, which claims
// nothing (RFC 5227 section 2.1.1, RFC 4862 section 5.4.2). It needs
// CAP_NET_RAW. The end of ctx is an error.
func Ask(ctx context.Context, o Options) (Report, error) {
	o.Address = o.Address.Unmap().WithZone("")
	ifi, err := net.InterfaceByName(o.Interface)
	if err != nil {
		return Report{}, fmt.Errorf("ask on %s: no such interface", o.Interface)
	}
	q, err := newQuestion(ifi, o.Address)
	if err != nil {
		return Report{}, err
	}
	conn, err := listen(ifi, o.Address)
	if err != nil {
		return Report{}, fmt.Errorf("ask on %s: %w", o.Interface, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })()
	t := tally{address: o.Address, own: q.mac}
	if err := converse(ctx, conn, q.frame, o.Timeout, &t); err != nil {
		return Report{}, fmt.Errorf("ask for %s on %s: %w", o.Address, o.Interface, err)
	}
	r := Report{Address: o.Address, Interface: o.Interface, Own: q.own, Answers: t.result()}
	if q.from.IsValid() {
		r.From = q.from.String()
	}
	return r, nil
}

// listen opens a socket that hears what may answer: untagged ARP, or untagged
// Neighbor Advertisements.
func listen(ifi *net.Interface, address netip.Addr) (*packet.Conn, error) {
	proto := wire.EtherTypeARP
	var p filter.Program
	p.Untagged()
	if address.Is6() {
		proto = wire.EtherTypeIPv6
		p.Load(wire.EthernetHeader+wire.IPv6ProtoAt, 1)
		p.Unless(wire.ProtoICMPv6, filter.Refuse)
		p.Load(wire.EthernetHeader+wire.IPv6Header, 1)
		p.Only(wire.ICMPv6NeighborAdvertisement)
	}
	conn, err := packet.Listen(ifi, packet.Raw, proto, &packet.Config{Filter: p.Assemble(256)})
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w (needs CAP_NET_RAW)", err)
	}
	return conn, nil
}

// converse asks at once and, as a frame may get lost, again at half time.
func converse(ctx context.Context, conn *packet.Conn, frame []byte, timeout time.Duration, t *tally) error {
	began := time.Now()
	for _, until := range []time.Time{began.Add(timeout / 2), began.Add(timeout)} {
		dst := hello.MAC(frame[:6])
		if _, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: dst.HardwareAddr()}); err != nil {
			return err
		}
		if err := hear(ctx, conn, until, func(b []byte) { t.add(time.Since(began), b) }); err != nil {
			return err
		}
	}
	return nil
}

func hear(ctx context.Context, conn *packet.Conn, until time.Time, fn func([]byte)) error {
	if err := conn.SetReadDeadline(until); err != nil {
		return err
	}
	buf := make([]byte, 256)
	for ctx.Err() == nil {
		n, _, err := conn.ReadFrom(buf)
		switch {
		case err == nil:
			fn(buf[:n])
		case ctx.Err() != nil: // which the deadline makes known
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		default:
			return err
		}
	}
	return context.Cause(ctx)
}
