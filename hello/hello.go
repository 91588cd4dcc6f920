// Package hello holds the messages of the first-hop redundancy protocols as
// values: HSRP versions 1 and 2 (RFC 2281 and Cisco's TLV format) and VRRP
// versions 2 and 3 (RFC 3768, RFC 9568), together with the constants, groups
// and virtual MACs that belong to them. It parses and appends bytes; it opens
// no socket and knows no clock.
package hello

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
)

// MAC is a 48-bit hardware address that can be compared and used as a map key.
type MAC [6]byte

// Broadcast is the Ethernet broadcast address.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// MACFrom returns the first six bytes of hw, or the zero MAC when hw is shorter.
func MACFrom(hw net.HardwareAddr) MAC {
	var m MAC
	if len(hw) >= len(m) {
		copy(m[:], hw)
	}
	return m
}

// ParseMAC reads a MAC in any form net.ParseMAC accepts. It returns an error
// when s is not a 48-bit address.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil {
		return MAC{}, err
	}
	if len(hw) != 6 {
		return MAC{}, fmt.Errorf("address %s: want 6 bytes, have %d", s, len(hw))
	}
	return MACFrom(hw), nil
}

// IsZero reports whether m is 00:00:00:00:00:00.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsMulticast reports whether the group bit of m is set; broadcast counts.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// HardwareAddr returns m as the standard library's type.
func (m MAC) HardwareAddr() net.HardwareAddr { return net.HardwareAddr(m[:]) }

// String returns m as 00:00:0c:07:ac:01.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// Cisco returns m in the dotted form of Cisco IOS, 0000.0c07.ac01.
func (m MAC) Cisco() string {
	s := hex.EncodeToString(m[:])
	return s[0:4] + "." + s[4:8] + "." + s[8:12]
}

// MarshalText implements encoding.TextMarshaler.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *MAC) UnmarshalText(b []byte) error {
	v, err := ParseMAC(string(b))
	if err == nil {
		*m = v
	}
	return err
}

// Family is an IP version, 4 or 6.
type Family uint8

// The two address families.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// FamilyOf returns the family of a, counting IPv4-mapped addresses as IPv4.
func FamilyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// Protocol names a first-hop redundancy protocol.
type Protocol uint8

// The protocols this package speaks. The zero value is none of them.
const (
	_ Protocol = iota
	ProtocolHSRP
	ProtocolVRRP
)

// String returns "hsrp" or "vrrp".
func (p Protocol) String() string {
	switch p {
	case ProtocolHSRP:
		return "hsrp"
	case ProtocolVRRP:
		return "vrrp"
	}
	return fmt.Sprintf("protocol(%d)", uint8(p))
}

// Message is one protocol message: *HSRP, *Advertise or *VRRP.
type Message interface{ message() }

// Reject is why a received packet was not used. It is an error. The texts are a
// closed list of words, so that they serve as a counter's label.
type Reject string

// Error implements error.
func (r Reject) Error() string { return string(r) }

// The reasons for rejecting a packet: of the frame first, then of the message,
// last those that depend on configuration. A packet has the first that applies.
// Version and type come before a VRRP checksum, because they decide how it is
// computed.
const (
	RejectShort       Reject = "short"       // ends before its fields do
	RejectLength      Reject = "length"      // a length or count field contradicts the data
	RejectTTL         Reject = "ttl"         // TTL or hop limit is not what the protocol demands
	RejectDestination Reject = "destination" // not the protocol's group, nor this host
	RejectSource      Reject = "source"      // own, unspecified, multicast or wrong-family source, or not the one that is signed
	RejectChecksum    Reject = "checksum"    // IP, UDP or VRRP checksum is wrong
	RejectVersion     Reject = "version"     // not the configured protocol version
	RejectType        Reject = "type"        // unknown opcode, packet type or state
	RejectGroup       Reject = "group"       // no such group on this interface
	RejectSubnet      Reject = "subnet"      // HSRP from outside every subnet of the interface
	RejectAuthType    Reject = "auth-type"   // authentication scheme differs
	RejectAuth        Reject = "auth"        // authentication data differs
	RejectInterval    Reject = "interval"    // VRRPv2 interval differs, or an interval of zero
	RejectAddresses   Reject = "addresses"   // no address, or not the family of the packet
	RejectOwner       Reject = "owner"       // VRRPv2: this router owns the addresses
)

// IsAuth reports whether a packet was not believed to be its sender's. One that is
// replayed was its sender's once.
func (r Reject) IsAuth() bool {
	switch r {
	case RejectAuthType, RejectAuth, RejectMissing, RejectMalformed, RejectStale, RejectKey, RejectDigest:
		return true
	}
	return false
}

// The reasons for rejecting a VRRP packet where its trailer is wanted, in the order
// in which they are looked for.
const (
	RejectMissing   Reject = "auth-missing"     // no trailer
	RejectMalformed Reject = "auth-malformed"   // a trailer of another type, or with reserved bits
	RejectStale     Reject = "auth-stale"       // its time is too far from this host's
	RejectKey       Reject = "auth-unknown-key" // no key has its number, or may be used now; HSRP as well
	RejectDigest    Reject = "auth-bad-digest"  // signed with another key
	RejectReplay    Reject = "auth-replay"      // not newer than the last one of the sender
)
