package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Frame gives the engine a frame heard on a port. checksumReady is false when
// the sender is a socket of this host whose transport checksum is unfinished.
// The engine keeps nothing of the slice.
func (e *Engine) Frame(now time.Time, name string, b []byte, checksumReady bool) {
	i := e.byName[name]
	if e.stopped || i == nil {
		return
	}
	if wire.EtherType(b) == wire.EtherTypeARP {
		i.heardARP(now, b)
		return
	}
	if wire.EtherType(b) == wire.EtherTypeAgreement {
		i.heardAgreement(now, b)
		return
	}
	env := &i.env
	*env = hello.Envelope{}
	payload, err := hello.ParseFrame(b, env, checksumReady)
	switch {
	case errors.Is(err, hello.ErrNotFHRP):
		i.heardND(now, b)
	case err != nil:
		i.reject(now, nil, env, err)
	case i.link.Owns(env.Src):
		i.heardOwnSource(now, env)
	case env.Protocol == hello.ProtocolHSRP:
		i.heardHSRP(now, env, payload)
	default:
		i.heardVRRP(now, env, payload)
	}
}

// reject counts a packet that was not used and complains about it rarely. g is
// nil when the packet belongs to no group of i.
func (i *iface) reject(now time.Time, g *group, env *hello.Envelope, err error) {
	why, ok := err.(hello.Reject)
	if !ok {
		return
	}
	u := Unheard{From: env.Src, Protocol: env.Protocol, Reason: why}
	if g != nil {
		u.Group = g.Ref
	}
	i.turnAway(now, g, env, u)
}

// turnAway does it for a packet of a router about which u is known.
func (i *iface) turnAway(now time.Time, g *group, env *hello.Envelope, u Unheard) {
	why := u.Reason
	i.unheard.note(now, u)
	ev := Event{At: now, Kind: KindReject}
	whose, counts := i.ref(), i.rejected
	if g != nil {
		whose, counts, ev.Group = g.Ref, g.counters.Rejected, g.Ref
	}
	counts[why]++
	if i.r.complaints.first(now, whose, string(why), sender(env)) {
		ev.Message = fmt.Sprintf("%s: packet from %s (%s) rejected: %s; further ones are counted", i.name, env.Src, env.SrcMAC, why)
		i.r.observe(ev)
	}
}

func (i *iface) heardHSRP(now time.Time, env *hello.Envelope, payload []byte) {
	p := &i.hsrp
	err := p.Parse(payload)
	if err == nil {
		err = p.Match(env)
	}
	if err != nil {
		i.reject(now, nil, env, err)
		return
	}
	if p.IsAdvertise {
		i.advertises++
		return
	}
	m, claims := &p.HSRP, p.HSRP.State == hello.Active && p.HSRP.Op != hello.OpResign
	w := wireID{hello.ProtocolHSRP, m.Family, m.Version, m.Group}
	g := i.groupOf(now, env, w, m.VirtualIP, claims)
	if g == nil {
		if claims {
			i.unknownClaim(now, env, w, []netip.Addr{m.VirtualIP})
		}
		return
	}
	if i.isOffSubnet(now, g, env.Src) {
		g.rejectOffSubnet(now, env, claims)
		return
	}
	c := g.codec.(*hsrpCodec)
	if err := c.verify(g.r.wall(now), p, payload); err != nil {
		g.rejectAuth(now, env, m.State, claims, err, nil)
		return
	}
	g.compareHello(now, env.Src, m)
	g.hears(Heard{At: now, From: env.Src, Op: m.Op, State: m.State, Priority: m.Priority})
	g.received(now, env, m)
}

func (i *iface) heardVRRP(now time.Time, env *hello.Envelope, payload []byte) {
	p := &i.vrrp
	if err := p.Parse(payload, env.Src, env.Dst); err != nil {
		i.reject(now, nil, env, err)
		return
	}
	m, claims := &p.VRRP, p.VRRP.Priority != hello.ResignPriority // nobody else advertises
	w := wireID{hello.ProtocolVRRP, m.Family, m.Version, uint16(m.VRID)}
	var vip netip.Addr
	if len(m.VirtualIPs) > 0 {
		vip = m.VirtualIPs[0]
	}
	g := i.groupOf(now, env, w, vip, claims)
	if g == nil {
		if claims {
			i.unknownClaim(now, env, w, m.VirtualIPs)
		}
		return
	}
	c, ok := g.codec.(*vrrpCodec)
	if !ok {
		return // a follower
	}
	if why := c.accepts(&i.link, env); why != "" {
		g.rejectClaim(now, env, why, claims)
		return
	}
	if !c.verify(now, g, env, payload, p) {
		return
	}
	if why := c.check(m); why != "" {
		g.rejectClaim(now, env, why, claims)
		return
	}
	g.noteForm(now, c, p.Form, env.Src)
	g.compareAdvert(now, env.Src, m)
	g.hears(Heard{At: now, From: env.Src, Priority: m.Priority})
	g.received(now, env, m)
	c.sendAgain(now, g)
}

// groupOf returns the group that a packet belongs to. A packet that belongs to
// none is rejected; vip is its virtual address, and claims says that its sender is
// active.
func (i *iface) groupOf(now time.Time, env *hello.Envelope, w wireID, vip netip.Addr, claims bool) *group {
	g := i.byWire[w]
	if g == nil {
		i.turnAway(now, nil, env, Unheard{
			From: env.Src, Protocol: w.protocol, Reason: i.whyUnknown(w), Version: w.version, Number: w.number, VirtualIP: vip, Claims: claims,
		})
	}
	return g
}

func (g *group) received(now time.Time, env *hello.Envelope, m hello.Message) {
	g.counters.Received++
	g.meet(m, env.SrcMAC)
	g.superseded(now, env.Src, m)
	g.succeeded(now, env, m)
	g.vigil.hears(now, g, &g.heard, m)
	g.yieldFound(now, &g.heard)
	if !g.up {
		return
	}
	g.notAlone(m)
	g.insists(now, env, m)
	if g.overContested(now, env.Src, m) {
		return
	}
	g.hearing = env
	g.iface.received = fsm.Received{From: env.Src, MAC: env.SrcMAC, Message: m}
	g.step(now, &g.iface.received)
	g.hearing = nil
	g.givenBack(now, env.Src, m)
}

// maxPeers bounds how many routers of a group are remembered by their MAC.
const maxPeers = 16

// meet remembers the interface MAC of another router of the group: HSRP
// version 2 carries it, the others show it while they are not active.
func (g *group) meet(m hello.Message, source hello.MAC) {
	mac := source
	if h, ok := m.(*hello.HSRP); ok && !h.Identifier.IsZero() {
		mac = h.Identifier
	}
	if mac == g.mac || mac.IsZero() || slices.Contains(g.peers, mac) {
		return
	}
	if len(g.peers) == maxPeers {
		g.peers = append(g.peers[:0], g.peers[1:]...)
	}
	g.peers = append(g.peers, mac)
}

// noteForm remembers how the group computes VRRPv3's checksum over IPv4 and
// says so once for each change.
func (g *group) noteForm(now time.Time, c *vrrpCodec, form hello.Checksum, from netip.Addr) {
	if g.Version != 3 || g.Family != hello.IPv4 || form == hello.ChecksumUnknown || form == c.heard {
		return
	}
	c.heard = form
	g.tellRarely(now, KindNotice, "checksum-form", byAddr(from), "%s sends the %s checksum; this router sends the %s one", from, form, c.sendForm())
}
