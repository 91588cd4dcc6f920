package garp

import (
	"fmt"
	"net/netip"

	"github.com/mdlayher/ethernet"

	"github.com/fhrpd/fhrpd/hello"
)

// CiscoMulticast is the group 01:00:0c:cd:cd:cd. No host listens to it, every
// bridge floods it and learns its source: UplinkFast's dummy multicast, to
// which HSRP sends its second gratuitous ARP.
var CiscoMulticast = hello.MAC{0x01, 0x00, 0x0c, 0xcd, 0xcd, 0xcd}

// Header is the Ethernet header of a received frame, without its type.
type Header struct {
	Dst, Src hello.MAC
}

const headerLen = 14

// parseHeader reads an untagged Ethernet header. rest aliases frame.
func parseHeader(frame []byte) (h Header, typ ethernet.EtherType, rest []byte, err error) {
	if len(frame) < headerLen {
		return Header{}, 0, nil, hello.RejectShort
	}
	h = Header{Dst: hello.MAC(frame[0:6]), Src: hello.MAC(frame[6:12])}
	typ = ethernet.EtherType(uint16(frame[12])<<8 | uint16(frame[13]))
	return h, typ, frame[headerLen:], nil
}

// build returns an untagged frame. ethernet.Frame pads it with zeros to the
// 60 bytes that a wire asks for, so that the bytes are the same on every
// driver; receivers take lengths from the ARP and IPv6 headers.
func build(h Header, typ ethernet.EtherType, payload []byte) []byte {
	f := ethernet.Frame{Destination: h.Dst[:], Source: h.Src[:], EtherType: typ, Payload: payload}
	b, _ := f.MarshalBinary() // can only refuse a VLAN tag, and there is none
	return b
}

// checkSender returns an error when ip and mac cannot be the two halves of a
// claim: an address that no host may have, or a MAC that no station may have.
func checkSender(family hello.Family, ip netip.Addr, mac hello.MAC) error {
	if err := checkUnicast(family, ip); err != nil {
		return err
	}
	if mac.IsZero() || mac.IsMulticast() {
		return fmt.Errorf("MAC %s: want a unicast address", mac)
	}
	return nil
}

// checkUnicast returns an error when ip is not an address of the family that
// a host on a segment may have.
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

// isThisNetwork reports whether ip is in 0.0.0.0/8, which may stand only in
// the source of a host that does not know its address (RFC 1122 3.2.1.3).
func isThisNetwork(ip netip.Addr) bool { return ip.Is4() && ip.As4()[0] == 0 }

// plain returns ip as it stands on the wire: no zone, not IPv4-mapped.
func plain(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
