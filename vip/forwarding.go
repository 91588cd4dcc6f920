package vip

import (
	"encoding/binary"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// What messages about an interface's configuration hold: see linux/netconf.h,
// which package unix does not have.
const (
	netconfIndex      = 1
	netconfForwarding = 2
	netconfProxyNeigh = 5

	netconfAll = -1 // in the place of an index: the settings named "all"

	sizeofNetconf = 4 // the family, padded
)

// forwardingOff returns the settings that keep the kernel from forwarding what
// arrives on an interface, or "" where it does forward. For
// IPv4 the interface's own setting decides, which a change of the one for all
// changes. For IPv6 the one for all decides: an interface's own says only whether
// it behaves like a host towards its neighbours.
func forwardingOff(c *netlink.Conn, name string, index int) (ipv4, ipv6 string) {
	if off(c, unix.AF_INET, index) {
		ipv4 = "net/ipv4/conf/" + name + "/forwarding"
		if off(c, unix.AF_INET, netconfAll) {
			ipv4 = "net/ipv4/ip_forward"
		}
	}
	if off(c, unix.AF_INET6, netconfAll) {
		ipv6 = "net/ipv6/conf/all/forwarding"
	}
	return ipv4, ipv6
}

// off asks the kernel whether forwarding is switched off on an interface or for
// all. What it does not tell is not off.
func off(c *netlink.Conn, family byte, index int) bool {
	v, known := netconf(c, family, index, netconfForwarding)
	return known && v == 0
}

// proxies reports whether the kernel answers ARP on an interface for addresses of
// others, by the interface's own setting or by the one for all.
func proxies(c *netlink.Conn, index int) bool {
	for _, of := range []int{index, netconfAll} {
		if v, known := netconf(c, unix.AF_INET, of, netconfProxyNeigh); known && v != 0 {
			return true
		}
	}
	return false
}

// netconf asks the kernel for one number of an interface's configuration. Unlike
// /proc/sys/net the socket stays in its network namespace.
func netconf(c *netlink.Conn, family byte, index int, attr uint16) (value uint32, known bool) {
	var b batch
	b.raw(family, 0, 0, 0)
	b.u32(netconfIndex, uint32(int32(index)))
	answer, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETNETCONF, Flags: netlink.Request}, Data: b.b,
	})
	if err != nil || len(answer) != 1 {
		return 0, false
	}
	return netconfValue(answer[0].Data, attr)
}

// netconfValue returns a number of a message about an interface's configuration.
func netconfValue(data []byte, attr uint16) (value uint32, ok bool) {
	attrs(data[min(sizeofNetconf, len(data)):], func(typ uint16, v []byte) {
		if typ == attr && len(v) == 4 {
			value, ok = binary.NativeEndian.Uint32(v), true
		}
	})
	return value, ok
}
