package sock

import (
	"golang.org/x/net/bpf"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/hello/wire/filter"
)

// assembleFilter builds the classic BPF program of the socket. It accepts untagged
// frames with ARP, agreements of two routers, hellos of all protocols, neighbour discovery, router
// solicitations, and answers to packets that carry mark as ICMP identifier or as
// UDP or TCP source port.
func assembleFilter(mark uint16) []bpf.RawInstruction {
	const ip = wire.EthernetHeader
	var p filter.Program
	p.Untagged()
	p.Load(wire.EtherTypeAt, 2)
	p.When(wire.EtherTypeARP, filter.Accept)
	p.When(wire.EtherTypeAgreement, filter.Accept)
	p.When(wire.EtherTypeIPv6, "ipv6")
	p.Unless(wire.EtherTypeIPv4, filter.Refuse)

	p.Load(ip+wire.IPv4FragmentAt, 2)
	p.Add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: wire.FragmentOffset})
	p.Unless(0, filter.Refuse) // a later fragment has no transport header
	p.Add(bpf.LoadMemShift{Off: ip})
	p.Load(ip+wire.IPv4ProtoAt, 1)
	p.When(hello.ProtoNumber, filter.Accept)
	p.When(wire.ProtoTCP, "tcp")
	p.When(wire.ProtoUDP, "udp4")
	p.Unless(wire.ProtoICMP, filter.Refuse)
	behindIP(&p, 0, 1)
	p.When(wire.ICMPEchoReply, "echo")
	p.Unless(wire.ICMPUnreachable, filter.Refuse)
	behindIP(&p, wire.ICMPHeader+wire.IPv4Header, 2) // source port of the quoted packet
	p.Only(uint32(mark))
	p.Label("udp4")
	behindIP(&p, 2, 2)
	p.Only(hello.PortHSRP)

	p.Label("ipv6")
	p.Add(bpf.LoadConstant{Dst: bpf.RegX, Val: wire.IPv6Header})
	p.Load(ip+wire.IPv6ProtoAt, 1)
	p.When(hello.ProtoNumber, filter.Accept)
	p.When(wire.ProtoTCP, "tcp")
	p.When(wire.ProtoUDP, "udp6")
	p.Unless(wire.ProtoICMPv6, filter.Refuse)
	behindIP(&p, 0, 1)
	p.When(wire.ICMPv6RouterSolicitation, filter.Accept)
	p.When(wire.ICMPv6NeighborSolicitation, filter.Accept)
	p.When(wire.ICMPv6NeighborAdvertisement, filter.Accept)
	p.When(wire.ICMPv6EchoReply, "echo")
	p.Unless(wire.ICMPv6Unreachable, filter.Refuse)
	behindIP(&p, wire.ICMPHeader+wire.IPv6Header, 2)
	p.Only(uint32(mark))
	p.Label("udp6")
	behindIP(&p, 2, 2)
	p.Only(hello.PortHSRP6)

	p.Label("echo")
	behindIP(&p, 4, 2) // identifier
	p.Only(uint32(mark))
	p.Label("tcp")
	behindIP(&p, 2, 2) // destination port
	p.Only(uint32(mark))
	return p.Assemble(1 << 16)
}

// behindIP loads from behind the IP header, whose length is in register X.
func behindIP(p *filter.Program, at uint32, size int) {
	p.Add(bpf.LoadIndirect{Off: wire.EthernetHeader + at, Size: size})
}
