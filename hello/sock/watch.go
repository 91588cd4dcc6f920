package sock

import (
	"errors"
	"net"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/hello/wire/filter"
)

// portGLBP is the UDP port of GLBP over both families.
const portGLBP = 3222

// Watch opens a socket on ifi for an onlooker: hellos of all first-hop redundancy
// protocols, GLBP's included, ARP and neighbour discovery, what this host sends of
// them as well. The interface is promiscuous while the socket is open, so that no
// group has to be joined. It needs CAP_NET_RAW in the network namespace of the
// calling thread.
func Watch(ifi *net.Interface) (*Socket, error) {
	s, err := open(ifi, watchFilter())
	if err != nil {
		return nil, err
	}
	mr := unix.PacketMreq{Ifindex: int32(ifi.Index), Type: unix.PACKET_MR_PROMISC}
	err = errors.Join(
		unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 0),
		unix.SetsockoptPacketMreq(s.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mr),
	)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// watchFilter accepts untagged frames with ARP, neighbour discovery, and hellos of
// all protocols.
func watchFilter() []bpf.RawInstruction {
	const ip = wire.EthernetHeader
	var p filter.Program
	p.Untagged()
	p.Load(wire.EtherTypeAt, 2)
	p.When(wire.EtherTypeARP, filter.Accept)
	p.When(wire.EtherTypeIPv6, "ipv6")
	p.Unless(wire.EtherTypeIPv4, filter.Refuse)

	p.Load(ip+wire.IPv4FragmentAt, 2)
	p.Add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: wire.FragmentOffset})
	p.Unless(0, filter.Refuse)
	p.Add(bpf.LoadMemShift{Off: ip})
	p.Load(ip+wire.IPv4ProtoAt, 1)
	p.When(hello.ProtoNumber, filter.Accept)
	p.Unless(wire.ProtoUDP, filter.Refuse)
	behindIP(&p, 2, 2)
	p.When(hello.PortHSRP, filter.Accept)
	p.Only(portGLBP)

	p.Label("ipv6")
	p.Add(bpf.LoadConstant{Dst: bpf.RegX, Val: wire.IPv6Header})
	p.Load(ip+wire.IPv6ProtoAt, 1)
	p.When(hello.ProtoNumber, filter.Accept)
	p.When(wire.ProtoUDP, "udp6")
	p.Unless(wire.ProtoICMPv6, filter.Refuse)
	behindIP(&p, 0, 1)
	p.When(wire.ICMPv6NeighborSolicitation, filter.Accept)
	p.Only(wire.ICMPv6NeighborAdvertisement)
	p.Label("udp6")
	behindIP(&p, 2, 2)
	p.When(hello.PortHSRP6, filter.Accept)
	p.Only(portGLBP)
	return p.Assemble(1 << 16)
}
