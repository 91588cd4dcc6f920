package sock

import "golang.org/x/net/bpf"

const (
	etherARP  = 0x0806
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd

	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
	protoVRRP   = 112

	portHSRP4 = 1985
	portHSRP6 = 2029

	typeEchoReply    = 0
	typeUnreachable  = 3
	typeUnreachable6 = 1
	typeEchoReply6   = 129
	typeRS           = 133
	typeNS           = 135
	typeNA           = 136
)

// assembleFilter builds the classic BPF program of the socket: ARP, hellos of
// all protocols, neighbour discovery and router solicitations, and the answers to packets that carry
// mark as ICMP identifier or as UDP or TCP source port. Frames with a VLAN tag
// belong to a VLAN interface above this one and are left out: with tag offload
// they would look like our own.
func assembleFilter(mark uint16) ([]bpf.RawInstruction, error) {
	var p program
	p.add(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	p.unless(0, refuse)
	p.add(bpf.LoadAbsolute{Off: 12, Size: 2})
	p.when(etherARP, accept)
	p.when(etherIPv6, "ipv6")
	p.unless(etherIPv4, refuse)

	p.add(bpf.LoadAbsolute{Off: 20, Size: 2})
	p.bits(0x1fff, refuse) // a later fragment has no transport header
	p.add(bpf.LoadMemShift{Off: 14}, bpf.LoadAbsolute{Off: 23, Size: 1})
	p.when(protoVRRP, accept)
	p.when(protoUDP, "udp4")
	p.when(protoTCP, "tcp4")
	p.unless(protoICMP, refuse)
	p.add(bpf.LoadIndirect{Off: 14, Size: 1})
	p.when(typeEchoReply, "echo4")
	p.unless(typeUnreachable, refuse)
	p.add(bpf.LoadIndirect{Off: 14 + 8 + 20, Size: 2}) // source port of the packet in question
	p.unless(uint32(mark), refuse)
	p.jump(accept)
	p.label("echo4")
	p.add(bpf.LoadIndirect{Off: 14 + 4, Size: 2})
	p.unless(uint32(mark), refuse)
	p.jump(accept)
	p.label("udp4")
	p.add(bpf.LoadIndirect{Off: 14 + 2, Size: 2})
	p.unless(portHSRP4, refuse)
	p.jump(accept)
	p.label("tcp4")
	p.add(bpf.LoadIndirect{Off: 14 + 2, Size: 2})
	p.unless(uint32(mark), refuse)
	p.jump(accept)

	p.label("ipv6")
	p.add(bpf.LoadAbsolute{Off: 20, Size: 1})
	p.when(protoVRRP, accept)
	p.when(protoUDP, "udp6")
	p.when(protoTCP, "tcp6")
	p.unless(protoICMPv6, refuse)
	p.add(bpf.LoadAbsolute{Off: 54, Size: 1})
	p.when(typeRS, accept)
	p.when(typeNS, accept)
	p.when(typeNA, accept)
	p.when(typeEchoReply6, "echo6")
	p.unless(typeUnreachable6, refuse)
	p.add(bpf.LoadAbsolute{Off: 54 + 8 + 40, Size: 2})
	p.unless(uint32(mark), refuse)
	p.jump(accept)
	p.label("echo6")
	p.add(bpf.LoadAbsolute{Off: 58, Size: 2})
	p.unless(uint32(mark), refuse)
	p.jump(accept)
	p.label("udp6")
	p.add(bpf.LoadAbsolute{Off: 56, Size: 2})
	p.unless(portHSRP6, refuse)
	p.jump(accept)
	p.label("tcp6")
	p.add(bpf.LoadAbsolute{Off: 56, Size: 2})
	p.unless(uint32(mark), refuse)
	p.jump(accept)

	p.label(accept)
	p.add(bpf.RetConstant{Val: 1 << 16})
	p.label(refuse)
	p.add(bpf.RetConstant{Val: 0})
	return p.assemble()
}
