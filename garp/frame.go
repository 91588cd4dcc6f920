package garp

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
)

// CiscoMulticast is the group 01:00:0c:cd:cd:cd, the dummy multicast of Cisco's
// UplinkFast. No host listens to it, but every bridge floods it and learns its
// source. HSRP sends its second gratuitous ARP there.
var CiscoMulticast = hello.MAC{0x01, 0x00, 0x0c, 0xcd, 0xcd, 0xcd}

// Header is the Ethernet header of a received frame, without its type.
type Header struct {
	Dst, Src hello.MAC
}

// checkSender returns an error when no host of the family may have ip, or no
// station mac.
func checkSender(family hello.Family, ip netip.Addr, mac hello.MAC) error {
	if err := checkUnicast(family, ip); err != nil {
		return err
	}
	if mac.IsZero() || mac.IsMulticast() {
		return fmt.Errorf("MAC %s: want a unicast address", mac)
	}
	return nil
}

// checkUnicast returns an error when ip is not an address of the family that a
// host on a LAN may have.
func checkUnicast(family hello.Family, ip netip.Addr) error {
	ip = ip.Unmap()
	switch {
	case !ip.IsValid():
		return fmt.Errorf("address missing: want an IPv%d unicast address", family)
	case hello.FamilyOf(ip) != family:
		return fmt.Errorf("address %s: want IPv%d", ip, family)
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLoopback(), isBroadcast(ip), isThisNetwork(ip):
		return fmt.Errorf("address %s: want a unicast address", ip)
	}
	return nil
}

func isBroadcast(ip netip.Addr) bool { return ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// isThisNetwork reports whether ip is in 0.0.0.0/8. Only a host that does not
// know its address may send from there (RFC 1122 section 3.2.1.3).
func isThisNetwork(ip netip.Addr) bool { return ip.Is4() && ip.As4()[0] == 0 }

// plain returns ip as it stands on the wire: no zone, not IPv4-mapped.
func plain(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
