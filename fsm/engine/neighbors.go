package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/garp"
)

// heardARP answers for the virtual addresses that this router serves and
// notices who else claims one.
func (i *iface) heardARP(now time.Time, b []byte) {
	h, a, err := garp.ParseARP(b)
	if err != nil {
		return
	}
	if o, ok := garp.ObserveARP(h, a); ok {
		i.heardClaim(now, o)
		i.heardOwnClaim(now, o)
		i.learnNeighbor(now, o.IP, o.MAC)
	}
	if a.Op == garp.OpReply {
		i.heardLife(now, h.Dst, a.SenderIP, a.SenderMAC)
	}
	if g := i.serving(a.TargetIP); g != nil && a.Op == garp.OpRequest && !a.IsGratuitous() {
		if reply, ok := garp.ARPReply(a, g.mac); ok {
			g.answer(reply)
		}
	}
}

// heardND does the same for IPv6.
func (i *iface) heardND(now time.Time, b []byte) {
	h, n, err := garp.ParseND(b)
	if err != nil {
		if garp.IsRouterSolicitation(b) {
			i.heardSolicitation(now)
			return
		}
		i.heardAnswer(now, b)
		return
	}
	if o, ok := garp.ObserveND(h, n); ok {
		i.heardClaim(now, o)
		i.heardOwnClaim(now, o)
		i.learnNeighbor(now, o.IP, o.MAC)
	}
	if n.Type == garp.NeighborAdvertisement {
		mac := n.LinkAddr
		if mac.IsZero() {
			mac = h.Src
		}
		i.heardLife(now, h.Dst, n.Target, mac)
	}
	if g := i.serving(n.Target); g != nil {
		if reply, ok := garp.NDReply(h, n, g.mac); ok {
			g.answer(reply)
		}
	}
}

func (g *group) answer(reply []byte) {
	g.counters.Answered++
	g.queueFrames(whileServing, [][]byte{reply})
}
