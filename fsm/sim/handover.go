package sim

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// A neighbour of all routers answers ARP and pings over IPv4, in plans with hand-overs.
// A pinned one sends what is for a virtual MAC to one router for ever.
type neighbor struct {
	pinned bool
	to     int // the router
}

var (
	neighborIP  = netip.AddrFrom4([4]byte{192, 0, 2, 250})
	neighborMAC = hello.MAC{0x02, 0, 0, 0, 0, 0xfa}
)

// hands reports whether a role is handed over in a plan.
func (p *Plan) hands() bool {
	return slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == Handover })
}

// gapless reports whether somebody serves at every moment of a hand-over. Who was not
// asked may turn out to be better, and wait for a command that the others do not have.
func (p *Plan) gapless() bool {
	waits := slices.ContainsFunc(p.Routers, func(r Router) bool { return r.PreActive > 0 })
	return len(p.Routers) == 2 || !waits
}

// handOver hands every role of the router over. What is refused is.
func (r *router) handOver() {
	if r.engine == nil || r.stalled {
		return
	}
	for _, g := range r.engine.Status(r.w.now).Groups {
		_ = r.engine.Handover(r.w.now, engine.Caller{}, g.Ref.String(), engine.HandoverOptions{})
	}
	r.rearm()
}

// hear answers a frame that router from has sent.
func (n *neighbor) hear(l *lan, from int, f []byte) {
	if answer := n.answer(f); answer != nil {
		if _, virtual := l.routers[from].virtual[hello.MAC(f[6:12])]; virtual && n.pinned {
			from = n.to
		}
		if l.routers[from].up {
			l.deliver(l.routers[from], answer)
		}
	}
}

func (n *neighbor) answer(f []byte) []byte {
	if h, a, err := garp.ParseARP(f); err == nil {
		if a.Op != garp.OpRequest || a.TargetIP != neighborIP || a.SenderIP == neighborIP {
			return nil
		}
		a.TargetIP, a.TargetMAC = neighborIP, hello.MAC{}
		h.Dst = hello.Broadcast
		reply, _ := garp.ARPReply(a, neighborMAC)
		return reply
	}
	const icmp = wire.EthernetHeader + wire.IPv4Header
	if len(f) < icmp+8 || wire.EtherType(f) != wire.EtherTypeIPv4 || f[icmp-11] != wire.ProtoICMP || f[icmp] != wire.ICMPEcho {
		return nil
	}
	b := slices.Clone(f)
	copy(b, f[6:12])
	copy(b[6:], neighborMAC[:])
	copy(b[icmp-8:], f[icmp-4:icmp])
	copy(b[icmp-4:], f[icmp-8:icmp-4])
	b[icmp] = wire.ICMPEchoReply
	sum := uint32(binary.BigEndian.Uint16(f[icmp+2:])) + wire.ICMPEcho<<8
	binary.BigEndian.PutUint16(b[icmp+2:], uint16(sum+sum>>16))
	return b
}
