package netlab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// End is one end of a cable: an interface to be made in a namespace. A zero MAC
// lets the kernel choose one.
type End struct {
	NS   *NS
	Name string // at most 15 bytes
	MAC  hello.MAC
}

// carrierWait bounds how long Veth waits for the kernel to see the carrier.
const carrierWait = 10 * time.Second

// Veth lays a cable between two ends, switches both on and waits until both have
// a carrier. Frames that are sent before that are lost.
func Veth(a, b End) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = a.Name, hardwareAddr(a.MAC)
	err := a.NS.handle.LinkAdd(&netlink.Veth{
		LinkAttrs:        attrs,
		PeerName:         b.Name,
		PeerHardwareAddr: hardwareAddr(b.MAC),
		PeerNamespace:    netlink.NsFd(b.NS.file.Fd()),
	})
	if err != nil {
		return fmt.Errorf("make veth %s to %s: %w", a.Name, b.Name, err)
	}
	return errors.Join(a.NS.LinkUp(a.Name), b.NS.LinkUp(b.Name), a.awaitCarrier(), b.awaitCarrier())
}

func (e End) awaitCarrier() error {
	var up bool
	var err error
	wait := Eventually(context.Background(), carrierWait, func() bool {
		up, err = e.NS.Carrier(e.Name)
		return up || err != nil
	})
	if err = errors.Join(err, wait); err != nil {
		return fmt.Errorf("carrier of %s: %w", e.Name, err)
	}
	return nil
}

func hardwareAddr(m hello.MAC) net.HardwareAddr {
	if m.IsZero() {
		return nil
	}
	return m.HardwareAddr()
}

// Bridge makes a switch of interfaces that exist. Multicast snooping and spanning
// tree are off and it has no IPv6 of its own, so that it sends no frames itself.
func (n *NS) Bridge(name string, ports ...string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	if err := n.handle.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: new(bool)}); err != nil {
		return fmt.Errorf("make bridge %s: %w", name, err)
	}
	errs := []error{n.noIPv6(name), n.LinkUp(name)}
	for _, p := range ports {
		errs = append(errs, n.Join(p, name))
	}
	return errors.Join(errs...)
}

// FilterVLANs makes a bridge filter VLANs, or returns unix.EOPNOTSUPP where none can.
// The kernel finds it by its name: some take a name beside an index for a new one,
// which an interface that is up cannot have, and refuse other attributes that they have
// told themselves.
func (n *NS) FilterVLANs(bridge string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = bridge
	return n.handle.BridgeSetVlanFiltering(&netlink.Bridge{LinkAttrs: attrs}, true)
}

// Join puts an interface into a bridge as Bridge does: it has no IPv6 of its own.
func (n *NS) Join(port, bridge string) error {
	br, err := n.link(bridge)
	if err != nil {
		return err
	}
	if err := n.noIPv6(port); err != nil {
		return err
	}
	return n.onLink(port, "put into bridge "+bridge, func(l netlink.Link) error { return n.handle.LinkSetMaster(l, br) })
}

func (n *NS) noIPv6(dev string) error { return n.sysctlIPv6(dev+"/disable_ipv6", "1") }

// Leave takes an interface out of its bridge.
func (n *NS) Leave(port string) error {
	return n.onLink(port, "take out of its bridge", n.handle.LinkSetNoMaster)
}

// Isolate sets or clears the isolated flag of a bridge port. Isolated ports reach
// all other ports of the bridge, but not each other.
func (n *NS) Isolate(port string, on bool) error {
	return n.onLink(port, "isolate bridge port", func(l netlink.Link) error { return n.handle.LinkSetIsolated(l, on) })
}

// LinkUp switches an interface on.
func (n *NS) LinkUp(dev string) error { return n.onLink(dev, "switch on", n.handle.LinkSetUp) }

// LinkDown switches an interface off. The other end of a veth loses its carrier.
func (n *NS) LinkDown(dev string) error { return n.onLink(dev, "switch off", n.handle.LinkSetDown) }

// Carrier reports whether an interface is switched on and has a carrier.
func (n *NS) Carrier(dev string) (bool, error) {
	l, err := n.link(dev)
	if err != nil {
		return false, err
	}
	return l.Attrs().OperState == netlink.OperUp, nil
}

// MAC returns the hardware address of an interface.
func (n *NS) MAC(dev string) (hello.MAC, error) {
	l, err := n.link(dev)
	if err != nil {
		return hello.MAC{}, err
	}
	return hello.MACFrom(l.Attrs().HardwareAddr), nil
}

// Addresses lists the addresses of an interface, of one family.
func (n *NS) Addresses(dev string, family int) ([]netlink.Addr, error) {
	l, err := n.link(dev)
	if err != nil {
		return nil, err
	}
	list, err := dump.Whole(func() ([]netlink.Addr, error) { return n.handle.AddrList(l, family) })
	if err != nil {
		return nil, fmt.Errorf("list addresses of %s: %w", dev, err)
	}
	return list, nil
}

// LinkLocal returns the first IPv6 link-local address of an interface; ok is
// false when it has none (yet).
func (n *NS) LinkLocal(dev string) (addr netip.Addr, ok bool, err error) {
	list, err := n.Addresses(dev, netlink.FAMILY_V6)
	if err != nil {
		return addr, false, err
	}
	for _, a := range list {
		if ip, ok := netip.AddrFromSlice(a.IP); ok && ip.IsLinkLocalUnicast() {
			return ip, true, nil
		}
	}
	return addr, false, nil
}

// AddAddr gives an interface an address, usable at once.
func (n *NS) AddAddr(dev string, p netip.Prefix) error {
	a := &netlink.Addr{IPNet: ipNet(p)}
	if p.Addr().Is6() {
		a.Flags = unix.IFA_F_NODAD
	}
	return n.onLink(dev, "add address "+p.String()+" to", func(l netlink.Link) error { return n.handle.AddrAdd(l, a) })
}

// DelAddr takes an address off an interface.
func (n *NS) DelAddr(dev string, p netip.Prefix) error {
	return n.onLink(dev, "take address "+p.String()+" off", func(l netlink.Link) error {
		return n.handle.AddrDel(l, &netlink.Addr{IPNet: ipNet(p)})
	})
}

// AddRoute adds a route to dst through a router. A link-local router needs dev;
// otherwise dev may be empty.
func (n *NS) AddRoute(dst netip.Prefix, via netip.Addr, dev string) error {
	r := &netlink.Route{Dst: ipNet(dst), Gw: via.AsSlice()}
	if dev != "" {
		l, err := n.link(dev)
		if err != nil {
			return err
		}
		r.LinkIndex = l.Attrs().Index
	}
	if err := n.handle.RouteAdd(r); err != nil {
		return fmt.Errorf("add route %s via %s: %w", dst, via, err)
	}
	return nil
}

func (n *NS) onLink(dev, what string, do func(netlink.Link) error) error {
	l, err := n.link(dev)
	if err != nil {
		return err
	}
	if err := do(l); err != nil {
		return fmt.Errorf("%s %s: %w", what, dev, err)
	}
	return nil
}

func (n *NS) link(dev string) (netlink.Link, error) {
	l, err := n.handle.LinkByName(dev)
	if err != nil {
		return nil, fmt.Errorf("find interface %s: %w", dev, err)
	}
	return l, nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
