package sock

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/fhrpd/fhrpd/hello"
)

// Members keeps an interface in multicast groups. Its sockets receive nothing.
// Because of them the interface's filter and snooping switches let the groups
// through, and the kernel does not answer a unicast VRRP advertisement with
// "protocol unreachable".
type Members struct {
	index int
	v4    *ipv4.PacketConn
	v6    *ipv6.PacketConn
}

var refuseAll = []bpf.RawInstruction{{Op: 0x06, K: 0}} // BPF_RET 0

// Join joins groups on ifi; it needs CAP_NET_RAW in the namespace of the
// calling thread. Close leaves them.
func Join(ifi *net.Interface, groups []netip.Addr) (*Members, error) {
	m := &Members{index: ifi.Index}
	if err := m.Join(ifi.Name, groups); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Join joins further groups on the interface, whose name is for errors.
func (m *Members) Join(name string, groups []netip.Addr) error {
	for _, g := range groups {
		if err := m.join(&net.Interface{Index: m.index}, g); err != nil {
			return fmt.Errorf("join %s on %s: %w", g, name, err)
		}
	}
	return nil
}

func (m *Members) join(ifi *net.Interface, g netip.Addr) error {
	addr := &net.IPAddr{IP: g.AsSlice()}
	if g.Is4() {
		if m.v4 == nil {
			c, err := net.ListenPacket("ip4:112", "0.0.0.0")
			if err != nil {
				return err
			}
			m.v4 = ipv4.NewPacketConn(c)
			if err := errors.Join(m.v4.SetBPF(refuseAll), m.v4.SetTTL(hello.TTLVRRP), m.v4.SetTOS(hello.TOSControl)); err != nil {
				return err
			}
		}
		return m.v4.JoinGroup(ifi, addr)
	}
	if m.v6 == nil {
		c, err := net.ListenPacket("ip6:112", "::")
		if err != nil {
			return err
		}
		m.v6 = ipv6.NewPacketConn(c)
		if err := errors.Join(m.v6.SetBPF(refuseAll), m.v6.SetHopLimit(hello.TTLVRRP), m.v6.SetTrafficClass(hello.TOSControl)); err != nil {
			return err
		}
	}
	return m.v6.JoinGroup(ifi, addr)
}

// Send sends payload, a VRRP advertisement, from src, an address of this host, to
// dst, one router. The kernel finds the way by its own routing and neighbour
// resolution. A group of the same family must have been joined. The kernel must not
// choose the source: the receiver knows its peer by it, and over IPv6 it is part of
// the checksum.
func (m *Members) Send(src, dst netip.Addr, payload []byte) error {
	to := &net.IPAddr{IP: dst.AsSlice()}
	var err error
	switch {
	case dst.Is4() && m.v4 != nil:
		_, err = m.v4.WriteTo(payload, &ipv4.ControlMessage{Src: src.AsSlice()}, to)
	case dst.Is6() && m.v6 != nil:
		cm := &ipv6.ControlMessage{Src: src.AsSlice()}
		if dst.IsLinkLocalUnicast() {
			cm.IfIndex = m.index // for a global address routing finds the interface
		}
		_, err = m.v6.WriteTo(payload, cm, to)
	default:
		err = net.ErrClosed
	}
	if err != nil {
		return fmt.Errorf("send from %s to %s: %w", src, dst, err)
	}
	return nil
}

// Close leaves all groups.
func (m *Members) Close() error {
	var errs error
	if m.v4 != nil {
		errs = errors.Join(errs, m.v4.Close())
	}
	if m.v6 != nil {
		errs = errors.Join(errs, m.v6.Close())
	}
	return errs
}
