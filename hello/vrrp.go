package hello

import (
	"net/netip"
	"time"
)

// VRRP is an advertisement of version 2 (RFC 3768) or 3 (RFC 9568).
type VRRP struct {
	Version       uint8 // 2 or 3
	VRID          uint8 // 1-255
	Priority      uint8 // 0 = the Active resigns, 255 = address owner
	Family        Family
	AdverInterval time.Duration // whole seconds 1-255 s in version 2, centiseconds up to 40.95 s in version 3
	VirtualIPs    []netip.Addr  // IPv6: the link-local address first
}

func (*VRRP) message() {}
