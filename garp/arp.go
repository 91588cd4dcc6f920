package garp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/mdlayher/ethernet"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Op is the operation of an ARP packet (RFC 826).
type Op uint16

// The two operations this package speaks and accepts.
const (
	OpRequest Op = 1
	OpReply   Op = 2
)

// String returns "request" or "reply".
func (o Op) String() string {
	switch o {
	case OpRequest:
		return "request"
	case OpReply:
		return "reply"
	}
	return fmt.Sprintf("op(%d)", uint16(o))
}

// ARP is an ARP packet for IPv4 over Ethernet (RFC 826).
type ARP struct {
	Op        Op
	SenderMAC hello.MAC
	SenderIP  netip.Addr
	TargetMAC hello.MAC
	TargetIP  netip.Addr
}

const arpLen = 28

// arpIntro is hardware type Ethernet, protocol IPv4, lengths 6 and 4.
var arpIntro = [6]byte{0, 1, 8, 0, 6, 4}

// ParseARP reads an untagged Ethernet frame that carries ARP. It does not
// allocate. The error is a hello.Reject: short, type (not ARP, or neither
// request nor reply), or length (not IPv4 over Ethernet).
func ParseARP(frame []byte) (Header, ARP, error) {
	switch {
	case len(frame) < wire.EthernetHeader:
		return Header{}, ARP{}, hello.RejectShort
	case wire.EtherType(frame) != wire.EtherTypeARP:
		return Header{}, ARP{}, hello.RejectType
	case len(frame) < wire.EthernetHeader+arpLen:
		return Header{}, ARP{}, hello.RejectShort
	}
	p := frame[wire.EthernetHeader:]
	if [6]byte(p[0:6]) != arpIntro {
		return Header{}, ARP{}, hello.RejectLength
	}
	op := Op(binary.BigEndian.Uint16(p[6:8]))
	if op != OpRequest && op != OpReply {
		return Header{}, ARP{}, hello.RejectType
	}
	return Header{Dst: hello.MAC(frame[0:6]), Src: hello.MAC(frame[6:12])}, ARP{
		Op:        op,
		SenderMAC: hello.MAC(p[8:14]),
		SenderIP:  netip.AddrFrom4([4]byte(p[14:18])),
		TargetMAC: hello.MAC(p[18:24]),
		TargetIP:  netip.AddrFrom4([4]byte(p[24:28])),
	}, nil
}

// IsProbe reports whether a asks for its target and claims nothing (RFC 5227
// section 1.1).
func (a ARP) IsProbe() bool { return a.Op == OpRequest && a.SenderIP.IsUnspecified() }

// IsGratuitous reports whether a speaks of its sender's own address.
func (a ARP) IsGratuitous() bool { return a.SenderIP == a.TargetIP }

// payload returns the 28 bytes of a. Both addresses must be IPv4.
func (a ARP) payload() (p [arpLen]byte) {
	copy(p[0:6], arpIntro[:])
	binary.BigEndian.PutUint16(p[6:8], uint16(a.Op))
	sip, tip := a.SenderIP.As4(), a.TargetIP.As4()
	copy(p[8:14], a.SenderMAC[:])
	copy(p[14:18], sip[:])
	copy(p[18:24], a.TargetMAC[:])
	copy(p[24:28], tip[:])
	return p
}

// frame returns a as an untagged Ethernet frame from its sender's MAC.
func (a ARP) frame(dst hello.MAC) []byte { return a.framed(dst, wire.EtherTypeARP, 0) }

// framed returns a as an Ethernet frame of some type, tagged unless vlan is 0.
// ethernet.Frame pads it with zeros to the 60 bytes of the shortest frame, so
// that the bytes are the same on every driver.
func (a ARP) framed(dst hello.MAC, typ ethernet.EtherType, vlan uint16) []byte {
	p := a.payload()
	f := ethernet.Frame{Destination: dst[:], Source: a.SenderMAC[:], EtherType: typ, Payload: p[:]}
	if vlan != 0 {
		f.VLAN = &ethernet.VLAN{ID: vlan}
	}
	b, _ := f.MarshalBinary() // can only refuse a VLAN above 4094
	return b
}

// Announcement says that an address is at a MAC. It can only be made by
// NewAnnouncement, so its sender address is never 0.0.0.0 or ::, which would teach
// nobody. It has no frames of the other family, and the zero value has none at all.
type Announcement struct {
	ip  netip.Addr
	mac hello.MAC
}

// NewAnnouncement returns the announcement of ip at mac. It returns an error when
// ip is not a unicast address or mac not a unicast MAC.
func NewAnnouncement(ip netip.Addr, mac hello.MAC) (Announcement, error) {
	if err := checkSender(hello.FamilyOf(ip), ip, mac); err != nil {
		return Announcement{}, fmt.Errorf("announce %s: %w", ip, err)
	}
	return Announcement{ip: plain(ip), mac: mac}, nil
}

// ReplyBroadcast returns the gratuitous reply to ff:ff:ff:ff:ff:ff, the first
// form of HSRP and the form of Cisco's VRRP. The target MAC is the Ethernet
// destination, as Cisco sends it.
func (a Announcement) ReplyBroadcast() []byte {
	return a.gratuitous(OpReply, hello.Broadcast, hello.Broadcast)
}

// ReplyCisco returns the gratuitous reply to 01:00:0c:cd:cd:cd, the second
// form of HSRP. It is for bridges; hosts do not listen there.
func (a Announcement) ReplyCisco() []byte {
	return a.gratuitous(OpReply, CiscoMulticast, CiscoMulticast)
}

// Request returns the announcement of RFC 5227 section 2.3: a broadcast
// request in which sender and target address are the same and the target MAC
// is zero.
func (a Announcement) Request() []byte { return a.gratuitous(OpRequest, hello.MAC{}, hello.Broadcast) }

// RequestVRRP returns the request form in which keepalived and FRR announce
// VRRP addresses: like Request, with target MAC ff:ff:ff:ff:ff:ff.
func (a Announcement) RequestVRRP() []byte {
	return a.gratuitous(OpRequest, hello.Broadcast, hello.Broadcast)
}

func (a Announcement) gratuitous(op Op, target, dst hello.MAC) []byte {
	if !a.ip.Is4() {
		return nil
	}
	return ARP{Op: op, SenderMAC: a.mac, SenderIP: a.ip, TargetMAC: target, TargetIP: a.ip}.frame(dst)
}

// ARPReply returns the answer to a request for a virtual address: unicast, with
// mac as Ethernet source and sender MAC. It returns false when there is nothing
// to answer: a is no request, its sender is no station, or it comes from mac
// itself. The last is another router of the group that claims the address, and a
// reply would only pull the switch's entry back and forth.
func ARPReply(a ARP, mac hello.MAC) ([]byte, bool) {
	if a.Op != OpRequest || !a.TargetIP.Is4() || !a.SenderIP.Is4() {
		return nil, false
	}
	if a.SenderMAC == mac || a.SenderMAC.IsZero() || a.SenderMAC.IsMulticast() {
		return nil, false
	}
	r := ARP{Op: OpReply, SenderMAC: mac, SenderIP: a.TargetIP, TargetMAC: a.SenderMAC, TargetIP: a.SenderIP}
	return r.frame(a.SenderMAC), true
}
