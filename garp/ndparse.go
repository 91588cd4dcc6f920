package garp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/mdlayher/ethernet"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// NDType is the ICMPv6 type of a Neighbor Discovery message.
type NDType uint8

// The messages that ParseND accepts.
const (
	NeighborSolicitation  NDType = 135
	NeighborAdvertisement NDType = 136
)

// String returns "solicitation" or "advertisement".
func (t NDType) String() string {
	switch t {
	case NeighborSolicitation:
		return "solicitation"
	case NeighborAdvertisement:
		return "advertisement"
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// ND is a Neighbor Solicitation or Advertisement with the addresses of its
// IPv6 header (RFC 4861 sections 4.3 and 4.4).
type ND struct {
	Type     NDType
	Src, Dst netip.Addr
	Target   netip.Addr
	// LinkAddr is the source (solicitation) or target (advertisement)
	// link-layer address, zero when the option is absent.
	LinkAddr hello.MAC
	// Router, Solicited and Override are the flags of an advertisement.
	Router, Solicited, Override bool
}

// ParseND reads an untagged Ethernet frame that carries a Neighbor
// Solicitation or Advertisement and applies every check of RFC 4861 sections
// 7.1.1 and 7.1.2. It does not allocate. The error is a hello.Reject: short,
// type (another protocol, message or code), length (a length contradicts the
// data), ttl (hop limit is not 255), checksum, source, destination, or
// addresses (the target is not unicast).
func ParseND(frame []byte) (Header, ND, error) {
	h, typ, p, err := parseHeader(frame)
	if err != nil {
		return Header{}, ND{}, err
	}
	if typ != ethernet.EtherTypeIPv6 {
		return Header{}, ND{}, hello.RejectType
	}
	nd, m, err := parseIPv6(p)
	if err != nil {
		return Header{}, ND{}, err
	}
	if err := nd.parseMessage(m); err != nil {
		return Header{}, ND{}, err
	}
	if err := nd.validate(); err != nil {
		return Header{}, ND{}, err
	}
	return h, nd, nil
}

// parseIPv6 returns the addresses and the ICMPv6 message of packet p. A
// message behind extension headers is not looked for: nobody sends ND so, and
// a fragment must be ignored anyway (RFC 6980).
func parseIPv6(p []byte) (nd ND, m []byte, err error) {
	switch {
	case len(p) < ipv6Len:
		return ND{}, nil, hello.RejectShort
	case p[0]>>4 != 6 || p[6] != protoICMPv6:
		return ND{}, nil, hello.RejectType
	}
	n := int(binary.BigEndian.Uint16(p[4:6]))
	switch {
	case n > len(p)-ipv6Len:
		return ND{}, nil, hello.RejectShort
	case n < ndLen:
		return ND{}, nil, shortMessage(p[ipv6Len : ipv6Len+n])
	}
	m = p[ipv6Len : ipv6Len+n]
	switch nd.Type = NDType(m[0]); {
	case !nd.Type.known() || m[1] != 0:
		return ND{}, nil, hello.RejectType
	case p[7] != hopLimit:
		return ND{}, nil, hello.RejectTTL
	}
	nd.Src = netip.AddrFrom16([16]byte(p[8:24]))
	nd.Dst = netip.AddrFrom16([16]byte(p[24:40]))
	return nd, m, nil
}

// shortMessage tells a truncated ND message from a short one of another type.
func shortMessage(m []byte) error {
	if len(m) > 0 && !NDType(m[0]).known() {
		return hello.RejectType
	}
	return hello.RejectShort
}

func (t NDType) known() bool { return t == NeighborSolicitation || t == NeighborAdvertisement }

// parseMessage reads m, which is at least ndLen long.
func (nd *ND) parseMessage(m []byte) error {
	if checksum(nd.Src, nd.Dst, m) != 0 {
		return hello.RejectChecksum
	}
	nd.Target = netip.AddrFrom16([16]byte(m[8:24]))
	want := byte(optSourceLink)
	if nd.Type == NeighborAdvertisement {
		want = optTargetLink
		nd.Router = m[4]&flagRouter != 0
		nd.Solicited = m[4]&flagSolicited != 0
		nd.Override = m[4]&flagOverride != 0
	}
	return nd.parseOptions(m[ndLen:], want)
}

// parseOptions walks the options in b, whose lengths count units of 8 bytes,
// and takes the link-layer address from the one of kind want.
func (nd *ND) parseOptions(b []byte, want byte) error {
	for len(b) > 0 {
		if len(b) < 2 || b[1] == 0 || int(b[1])*8 > len(b) {
			return hello.RejectLength
		}
		if b[0] == want && b[1] == 1 {
			nd.LinkAddr = hello.MAC(b[2:8])
		}
		b = b[int(b[1])*8:]
	}
	return nil
}

// validate applies the rules on addresses (RFC 4861 sections 7.1.1 and 7.1.2).
func (nd *ND) validate() error {
	if checkUnicast(hello.IPv6, nd.Target) != nil {
		return hello.RejectAddresses
	}
	if nd.Src.IsMulticast() {
		return hello.RejectSource
	}
	if nd.Type == NeighborAdvertisement {
		return nd.validateAdvertisement()
	}
	if nd.Src.IsUnspecified() {
		switch {
		case nd.Dst != wire.SolicitedNode(nd.Target):
			return hello.RejectDestination
		case !nd.LinkAddr.IsZero():
			return hello.RejectSource
		}
	}
	return nil
}

func (nd *ND) validateAdvertisement() error {
	switch {
	case nd.Src.IsUnspecified():
		return hello.RejectSource
	case nd.Solicited && nd.Dst.IsMulticast():
		return hello.RejectDestination
	}
	return nil
}
