package census

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// GLBP runs over UDP, and its format is known from captures only: version 1, a
// byte, the group in two, two bytes, the sender's own MAC, then TLVs whose lengths
// count their two bytes of header. A Hello (type 1) has at these offsets of its
// value the state of the virtual gateway, the priority, hello and hold time in
// milliseconds, and the kind, length and bytes of the virtual address. A TLV of
// type 3 authenticates.
const (
	glbpPort   = 3222
	glbpHeader = 12
	glbpGroups = 1024

	glbpHello, glbpAuth = 1, 3

	glbpStateAt, glbpPriorityAt, glbpHelloAt, glbpHoldAt = 1, 3, 6, 10
	glbpAddressAt                                        = 20 // its kind and length, then the bytes
)

var (
	glbpGroup  = netip.MustParseAddr("224.0.0.102")
	glbpGroup6 = netip.MustParseAddr("ff02::66")
	glbpMAC    = [3]byte{0x00, 0x07, 0xb4} // begins those of all virtual forwarders
)

var glbpRoles = map[byte]string{4: "Listen", 8: "Speak", 16: "Standby", 32: active}

// isGLBP recognises what comes from its port, be it to all or, as answers are, to
// one router.
func isGLBP(p *wire.Packet) bool {
	b := p.Payload
	return p.Proto == wire.ProtoUDP && p.Fragment&wire.FragmentOffset == 0 && len(b) >= wire.UDPHeader &&
		binary.BigEndian.Uint16(b) == glbpPort && binary.BigEndian.Uint16(b[2:]) == glbpPort
}

func (d *decoder) glbp(m *message, checksumReady bool) hello.Reject {
	p := &d.packet
	m.protocol, m.version = glbp, 0
	if p.Size < wire.UDPHeader+glbpHeader || p.Fragment != 0 || p.Size > len(p.Payload) {
		return hello.RejectShort
	}
	b := p.Payload[:p.Size]
	if sum := binary.BigEndian.Uint16(b[6:]); checksumReady && sum != 0 && !wire.PseudoHeader(p.Src, p.Dst, wire.ProtoUDP, len(b)).Add(b).OK() {
		return hello.RejectChecksum
	}
	b = b[wire.UDPHeader:]
	m.version, m.id, m.own = b[0], binary.BigEndian.Uint16(b[2:]), hello.MAC(b[6:12])
	switch {
	case b[0] != 1:
		return hello.RejectVersion
	case m.id >= glbpGroups:
		return hello.RejectGroup
	case p.Dst.IsMulticast() && p.Dst != glbpGroup && p.Dst != glbpGroup6:
		return hello.RejectDestination
	}
	return d.glbpTLVs(m, b[glbpHeader:])
}

// glbpTLVs reads what is behind the header. A message without a Hello says nothing
// of the sender's role, which stays "".
func (d *decoder) glbpTLVs(m *message, b []byte) hello.Reject {
	for len(b) >= 2 {
		size := int(b[1])
		if size < 2 || size > len(b) {
			return hello.RejectLength
		}
		switch value := b[2:size]; b[0] {
		case glbpHello:
			if reason := d.glbpHello(m, value); reason != "" {
				return reason
			}
		case glbpAuth:
			m.glbpAuth(value)
		}
		b = b[size:]
	}
	return ""
}

func (d *decoder) glbpHello(m *message, v []byte) hello.Reject {
	if len(v) < glbpAddressAt+2 {
		return hello.RejectShort
	}
	role, ok := glbpRoles[v[glbpStateAt]]
	if !ok {
		role = "Init"
	}
	m.role, m.priority = role, int(v[glbpPriorityAt])
	m.hello = time.Duration(binary.BigEndian.Uint32(v[glbpHelloAt:])) * time.Millisecond
	m.hold = time.Duration(binary.BigEndian.Uint32(v[glbpHoldAt:])) * time.Millisecond
	address := v[glbpAddressAt+2:]
	if n := int(v[glbpAddressAt+1]); n <= len(address) {
		address = address[:n]
	}
	d.vips = d.vips[:0]
	if a, ok := netip.AddrFromSlice(address); ok && !a.IsUnspecified() {
		d.vips = append(d.vips, a)
	}
	m.vips = d.vips
	return ""
}

func (m *message) glbpAuth(v []byte) {
	if len(v) < 2 {
		return
	}
	switch v[0] {
	case 0:
	case 1:
		m.auth, m.key = authText, string(slices.Clip(v[2:]))
	case 2, 3:
		m.auth = authMD5
	default:
		m.auth = authOther
	}
}
