package capfile

import (
	"encoding/binary"
	"strconv"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Link types that captures of a LAN have (tcpdump.org/linktypes.html).
const (
	LinkEthernet = 1
	linkRaw      = 101
	linkCooked   = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276

	outgoing   = 4 // packet type of a cooked header
	vlanHeader = 4
)

// Frame is a packet as an untagged Ethernet frame.
type Frame struct {
	Data      []byte // valid until the next packet is read
	Interface string // that of the packet, or the index in a cooked header
	VLAN      string // "" without a tag, "100", "10.100" with two
	Outgoing  bool   // sent by the host that captured it; its checksums may be unfinished
}

// Ethernet returns the frame of p. Cooked captures lack the destination, which is
// zeros then, and captures of IP both addresses. ok is false for other kinds of
// link and for what is too short.
func (p *Packet) Ethernet() (f Frame, ok bool) {
	f = Frame{Interface: p.Interface, Data: p.Data}
	switch p.Link {
	case LinkEthernet:
	case linkCooked:
		ok = f.cooked(p.Data)
	case linkCooked2:
		ok = f.cooked2(p.Data)
	case linkRaw, linkIPv4, linkIPv6:
		ok = f.raw(p.Data)
	default:
		return f, false
	}
	if p.Link != LinkEthernet && !ok || len(f.Data) < wire.EthernetHeader {
		return f, false
	}
	f.untag()
	return f, true
}

// cooked reads a header of "tcpdump -i any": packet type, kind of hardware,
// address with its length, EtherType.
func (f *Frame) cooked(b []byte) bool {
	const header = 16
	if len(b) < header {
		return false
	}
	f.Outgoing = binary.BigEndian.Uint16(b) == outgoing
	f.compose(source(b[6:], int(binary.BigEndian.Uint16(b[4:]))), binary.BigEndian.Uint16(b[14:]), b[header:])
	return true
}

// cooked2 reads a header of the second version, which has the interface's index.
func (f *Frame) cooked2(b []byte) bool {
	const header = 20
	if len(b) < header {
		return false
	}
	f.Outgoing = b[10] == outgoing
	f.Interface = strconv.FormatUint(uint64(binary.BigEndian.Uint32(b[4:])), 10)
	f.compose(source(b[12:], int(b[11])), binary.BigEndian.Uint16(b), b[header:])
	return true
}

func source(b []byte, size int) (m hello.MAC) {
	if size == len(m) {
		copy(m[:], b)
	}
	return m
}

// raw reads a packet that begins with its IP header.
func (f *Frame) raw(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	typ := uint16(wire.EtherTypeIPv4)
	if b[0]>>4 == 6 {
		typ = wire.EtherTypeIPv6
	}
	f.compose(hello.MAC{}, typ, b)
	return true
}

func (f *Frame) compose(src hello.MAC, etherType uint16, payload []byte) {
	b := make([]byte, wire.EthernetHeader, wire.EthernetHeader+len(payload))
	copy(b[6:], src[:])
	binary.BigEndian.PutUint16(b[wire.EtherTypeAt:], etherType)
	f.Data = append(b, payload...)
}

// untag takes up to two VLAN tags out of the frame and notes them.
func (f *Frame) untag() {
	for range 2 {
		switch wire.EtherType(f.Data) {
		case 0x8100, 0x88a8, 0x9100:
		default:
			return
		}
		if len(f.Data) < wire.EthernetHeader+vlanHeader {
			return
		}
		id := binary.BigEndian.Uint16(f.Data[wire.EthernetHeader:]) & 0x0fff
		b := append([]byte(nil), f.Data[:wire.EtherTypeAt]...)
		f.Data = append(b, f.Data[wire.EtherTypeAt+vlanHeader:]...)
		if id == 0 {
			continue // a priority without a VLAN
		}
		if f.VLAN != "" {
			f.VLAN += "."
		}
		f.VLAN += strconv.Itoa(int(id))
	}
}
