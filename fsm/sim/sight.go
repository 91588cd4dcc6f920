package sim

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Sighting is a frame of a router as the switch saw it.
type Sighting struct {
	At    time.Time
	Host  int
	Group int // the group's number among the record's groups
	Kind  SightKind

	Address netip.Addr // what is announced
	MAC     hello.MAC  // and where it is
}

// SightKind is what a frame says.
type SightKind string

// The kinds of sighting.
const (
	SightHello    SightKind = "hello"    // any message of a router that is not active; a record has none
	SightClaim    SightKind = "claim"    // Hello Active, advertisement
	SightCoup     SightKind = "coup"     // HSRP
	SightResign   SightKind = "resign"   // Resign, advertisement with priority 0
	SightAnnounce SightKind = "announce" // gratuitous ARP, unsolicited neighbour advertisement
)

// frameKey is what a message says of its group.
type frameKey struct {
	segment  int
	protocol hello.Protocol
	family   hello.Family
	number   uint16
}

// addressKey is an address that a host has in a group on a segment.
type addressKey struct {
	host, segment int
	address       netip.Addr
}

// mostClaims is how many claims a record keeps one by one.
const mostClaims = 20_000

// see notes a frame.
func (p *staging) see(s *segment, from *plug, frame []byte) {
	n := Sighting{At: p.w.now, Host: from.host.number}
	c := p.read(&n, s.number, from, frame)
	if c == nil || n.Kind == "" {
		return
	}
	n.Group = c.number
	if n.Kind == SightClaim {
		c.claim(from.host.number)
	}
	if !p.begun || n.Kind == SightHello || n.Kind == SightClaim && len(p.rec.Frames) > mostClaims {
		return
	}
	p.rec.Frames = append(p.rec.Frames, n)
}

// claim prolongs a router's row of claims, or begins another one.
func (c *shared) claim(by int) {
	runs, now := c.Claims[by], c.p.w.now
	if n := len(runs); n > 0 && now.Sub(runs[n-1].To) <= c.Detect {
		runs[n-1].To = now
		return
	}
	c.Claims[by] = append(runs, Row{now, now})
}

// read tells what a frame is, and of which group; nil when it is of none.
func (p *staging) read(n *Sighting, segment int, from *plug, frame []byte) *shared {
	if _, a, err := garp.ParseARP(frame); err == nil {
		return p.readARP(n, segment, from, a)
	}
	if _, nd, err := garp.ParseND(frame); err == nil {
		if nd.Type == garp.NeighborAdvertisement && nd.Dst.IsMulticast() {
			n.Kind, n.Address, n.MAC = SightAnnounce, nd.Target, nd.LinkAddr
		}
		return p.byClaim[addressKey{from.host.number, segment, nd.Target}]
	}
	var e hello.Envelope
	payload, err := hello.ParseFrame(frame, &e, false)
	if err != nil {
		return nil
	}
	if e.Protocol == hello.ProtocolVRRP {
		var v hello.VRRPPacket
		if v.Parse(payload, e.Src, e.Dst) != nil {
			return nil
		}
		n.Kind = SightClaim
		if v.VRRP.Priority == hello.ResignPriority {
			n.Kind = SightResign
		}
		return p.byFrame[frameKey{segment, e.Protocol, v.VRRP.Family, uint16(v.VRRP.VRID)}]
	}
	var h hello.HSRPPacket
	if h.Parse(payload) != nil || h.IsAdvertise {
		return nil
	}
	n.Kind = SightHello
	switch {
	case h.HSRP.Op == hello.OpCoup:
		n.Kind = SightCoup
	case h.HSRP.Op == hello.OpResign:
		n.Kind = SightResign
	case h.HSRP.State == hello.Active:
		n.Kind = SightClaim
	}
	return p.byFrame[frameKey{segment, e.Protocol, h.HSRP.Family, h.HSRP.Group}]
}

// readARP reads an announcement. The router's own address belongs to the group whose
// MAC it is at.
func (p *staging) readARP(n *Sighting, segment int, from *plug, a garp.ARP) *shared {
	if !a.IsGratuitous() {
		return nil
	}
	n.Kind, n.Address, n.MAC = SightAnnounce, a.SenderIP, a.SenderMAC
	if c := p.byClaim[addressKey{from.host.number, segment, a.SenderIP}]; c != nil {
		return c
	}
	if id, virtual := from.macs[a.SenderMAC]; virtual {
		return from.host.groups[id-1]
	}
	return nil
}
