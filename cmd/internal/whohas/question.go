package whohas

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

// question is the frame to send.
type question struct {
	frame []byte
	mac   hello.MAC
	from  netip.Addr // invalid in a probe
	own   bool       // the address is one of this host's
}

// Frame returns the question that Ask would send, for a caller with a socket of
// its own.
func Frame(ifi *net.Interface, address netip.Addr) ([]byte, error) {
	q, err := newQuestion(ifi, address.Unmap().WithZone(""))
	return q.frame, err
}

func newQuestion(ifi *net.Interface, address netip.Addr) (question, error) {
	q := question{mac: hello.MACFrom(ifi.HardwareAddr), own: isLocal(ifi, address)}
	if q.mac.IsZero() {
		return question{}, fmt.Errorf("ask on %s: the interface has no MAC", ifi.Name)
	}
	if !q.own {
		own, _ := vip.HostAddrs() // without any it is a probe
		q.from = pick(own[ifi.Index], address)
	}
	var err error
	q.frame, err = q.build(address)
	return q, err
}

func (q question) build(address netip.Addr) ([]byte, error) {
	switch {
	case !q.from.IsValid():
		return garp.Probe(address, q.mac)
	case address.Is4():
		return garp.Request(q.from, q.mac, address)
	}
	return garp.Nudge(q.from, q.mac, address, hello.MAC{})
}

// pick returns the address to ask from: one on the same network, else any of
// the family; invalid when there is none. IPv6 prefers a link-local address
// for a link-local one in the same way.
func pick(own []netip.Prefix, address netip.Addr) netip.Addr {
	var first netip.Addr
	for _, p := range own {
		switch {
		case p.Addr().Is4() != address.Is4():
		case p.Contains(address):
			return p.Addr()
		case !first.IsValid():
			first = p.Addr()
		}
	}
	return first
}

// isLocal reports whether the host takes packets to address, be it one of an
// interface or a virtual one, which may be only a route of type local.
func isLocal(ifi *net.Interface, address netip.Addr) bool {
	var o netlink.RouteGetOptions
	if address.IsLinkLocalUnicast() && address.Is6() {
		o.OifIndex = ifi.Index // on another interface it is another address
	}
	routes, err := netlink.RouteGetWithOptions(address.AsSlice(), &o)
	return err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL
}
