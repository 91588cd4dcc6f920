package garp

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
)

// Request returns an ordinary ARP request (RFC 826): who has target, tell ip at
// mac, to everybody. Both are the interface's own: the question claims no role,
// and it teaches whoever hears it nothing that is not so. It returns an error
// when the addresses are not two IPv4 unicast addresses, or mac is not unicast.
func Request(ip netip.Addr, mac hello.MAC, target netip.Addr) ([]byte, error) {
	if err := checkSender(hello.IPv4, ip, mac); err != nil {
		return nil, fmt.Errorf("ask for %s from %s: %w", target, ip, err)
	}
	if err := checkUnicast(hello.IPv4, target); err != nil {
		return nil, fmt.Errorf("ask for %s: %w", target, err)
	}
	ip, target = plain(ip), plain(target)
	if ip == target {
		return nil, fmt.Errorf("ask for %s from itself: want two addresses", target)
	}
	return ARP{Op: OpRequest, SenderMAC: mac, SenderIP: ip, TargetIP: target}.frame(hello.Broadcast), nil
}
