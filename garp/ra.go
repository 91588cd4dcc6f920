package garp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// maxRouterLifetime is the largest lifetime a Router Advertisement can carry.
const maxRouterLifetime = 65535 * time.Second

// RouterAdvert returns the Router Advertisement (RFC 4861 section 4.2) with
// which a virtual link-local address offers itself to ff02::1 as a default
// router: current hop limit 64, the MAC as source link-layer address, and the
// MTU unless it is 0. The lifetime is 1 s to 65535 s in whole seconds, or 0 to
// take the offer back. The message has no prefix and neither the managed nor the
// other flag, so it suits a LAN where those come from another router. It returns
// an error when ip is not link-local, mac not unicast, or lifetime out of range.
func RouterAdvert(ip netip.Addr, mac hello.MAC, lifetime time.Duration, mtu uint32) ([]byte, error) {
	if err := checkSender(hello.IPv6, ip, mac); err != nil {
		return nil, fmt.Errorf("router advertisement from %s: %w", ip, err)
	}
	if !ip.IsLinkLocalUnicast() {
		return nil, fmt.Errorf("router advertisement from %s: want a link-local address", ip)
	}
	if lifetime < 0 || lifetime > maxRouterLifetime || lifetime%time.Second != 0 {
		return nil, fmt.Errorf("router advertisement from %s: lifetime %v: want whole seconds, 0 to 65535", ip, lifetime)
	}
	var m [32]byte
	m[0], m[4] = wire.ICMPv6RouterAdvertisement, 64
	binary.BigEndian.PutUint16(m[6:8], uint16(lifetime/time.Second))
	putLinkOption(m[16:24], optSourceLink, mac)
	n := 24
	if mtu != 0 {
		m[24], m[25] = optMTU, 1
		binary.BigEndian.PutUint32(m[28:32], mtu)
		n = 32
	}
	return icmpFrame(wire.MulticastMAC(allNodes), mac, plain(ip), allNodes, m[:n]), nil
}
