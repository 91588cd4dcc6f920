package garp

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// NDType is the ICMPv6 type of a Neighbor Discovery message.
type NDType uint8

// The messages that ParseND accepts.
const (
	NeighborSolicitation  NDType = wire.ICMPv6NeighborSolicitation
	NeighborAdvertisement NDType = wire.ICMPv6NeighborAdvertisement
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
	var p wire.Packet
	m, err := icmpMessage(&p, frame)
	nd := ND{Src: p.Src, Dst: p.Dst}
	if err == nil {
		err = nd.parse(m, p.TTL)
	}
	if err == nil {
		err = nd.validate()
	}
	if err != nil {
		return Header{}, ND{}, err
	}
	return Header{Dst: p.DstMAC, Src: p.SrcMAC}, nd, nil
}

// IsRouterSolicitation reports whether frame carries a Router Solicitation that
// may be answered: its length, code and hop limit are right (RFC 4861 section
// 6.1.1). The checksum and the options are not looked at.
func IsRouterSolicitation(frame []byte) bool {
	var p wire.Packet
	m, err := icmpMessage(&p, frame)
	return err == nil && len(m) >= wire.ICMPHeader && m[0] == wire.ICMPv6RouterSolicitation && m[1] == 0 && p.TTL == hopLimit
}

// icmpMessage parses frame into p and returns its ICMPv6 message. One behind
// extension headers is not looked for: nobody sends ND so, and a fragment must
// be ignored anyway (RFC 6980).
func icmpMessage(p *wire.Packet, frame []byte) ([]byte, error) {
	switch typ := wire.EtherType(frame); {
	case len(frame) < wire.EthernetHeader, typ == wire.EtherTypeIPv6 && len(frame) < wire.EthernetHeader+wire.IPv6Header:
		return nil, hello.RejectShort
	case typ != wire.EtherTypeIPv6 || !p.Parse(frame) || p.Proto != wire.ProtoICMPv6:
		return nil, hello.RejectType
	case p.Size > len(p.Payload):
		return nil, hello.RejectShort
	}
	return p.Payload[:p.Size], nil
}

// linkOption returns the kind of option that the link-layer address is in.
func (t NDType) linkOption() byte {
	if t == NeighborAdvertisement {
		return optTargetLink
	}
	return optSourceLink
}

// parse reads the message m, which came with a hop limit.
func (nd *ND) parse(m []byte, hops uint8) error {
	if len(m) == 0 {
		return hello.RejectShort
	}
	nd.Type = NDType(m[0])
	switch {
	case nd.Type != NeighborSolicitation && nd.Type != NeighborAdvertisement:
		return hello.RejectType
	case len(m) < ndLen:
		return hello.RejectShort
	case m[1] != 0:
		return hello.RejectType
	case hops != hopLimit:
		return hello.RejectTTL
	case !wire.PseudoHeader(nd.Src, nd.Dst, wire.ProtoICMPv6, len(m)).Add(m).OK():
		return hello.RejectChecksum
	}
	nd.Target = netip.AddrFrom16([16]byte(m[8:24]))
	if nd.Type == NeighborAdvertisement {
		nd.Router = m[4]&flagRouter != 0
		nd.Solicited = m[4]&flagSolicited != 0
		nd.Override = m[4]&flagOverride != 0
	}
	return nd.parseOptions(m[ndLen:])
}

// parseOptions walks the options in b, whose lengths count units of 8 bytes,
// and takes the link-layer address from the one that has it.
func (nd *ND) parseOptions(b []byte) error {
	for len(b) > 0 {
		if len(b) < 2 || b[1] == 0 || int(b[1])*8 > len(b) {
			return hello.RejectLength
		}
		if b[0] == nd.Type.linkOption() && b[1] == 1 {
			nd.LinkAddr = hello.MAC(b[2:8])
		}
		b = b[int(b[1])*8:]
	}
	return nil
}

// validate applies the rules on addresses (RFC 4861 sections 7.1.1 and 7.1.2).
func (nd *ND) validate() error {
	advertises, unspecified := nd.Type == NeighborAdvertisement, nd.Src.IsUnspecified()
	switch {
	case checkUnicast(hello.IPv6, nd.Target) != nil:
		return hello.RejectAddresses
	case nd.Src.IsMulticast(), advertises && unspecified:
		return hello.RejectSource
	case advertises && nd.Solicited && nd.Dst.IsMulticast():
		return hello.RejectDestination
	case !advertises && unspecified && nd.Dst != wire.SolicitedNode(nd.Target):
		return hello.RejectDestination
	case !advertises && unspecified && !nd.LinkAddr.IsZero():
		return hello.RejectSource
	}
	return nil
}
