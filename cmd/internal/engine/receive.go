package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

const (
	etherTypeOffset = 12
	etherTypeARP    = 0x0806
)

// Frame gives the engine a frame heard on a port. checksumReady is false when
// the sender is a socket of this host whose transport checksum is unfinished.
// The engine keeps nothing of the slice.
func (e *Engine) Frame(now time.Time, name string, b []byte, checksumReady bool) {
	s := e.byName[name]
	if e.stopped || s == nil || len(b) < etherTypeOffset+2 {
		return
	}
	if binary.BigEndian.Uint16(b[etherTypeOffset:]) == etherTypeARP {
		e.heardARP(now, s, b)
		return
	}
	var env hello.Envelope
	payload, err := hello.ParseFrame(b, &env, checksumReady)
	switch {
	case errors.Is(err, hello.ErrNotFHRP):
		e.heardND(now, s, b)
	case err != nil:
		e.reject(now, s, nil, &env, err)
	case s.link.Owns(env.Src):
		e.reject(now, s, nil, &env, hello.RejectSource)
	case env.Protocol == hello.ProtocolHSRP:
		e.heardHSRP(now, s, &env, payload)
	default:
		e.heardVRRP(now, s, &env, payload)
	}
}

func (e *Engine) heardHSRP(now time.Time, s *segment, env *hello.Envelope, payload []byte) {
	p := &s.hsrp
	if err := p.Parse(payload); err != nil {
		e.reject(now, s, nil, env, err)
		return
	}
	if err := p.Match(env); err != nil {
		e.reject(now, s, nil, env, err)
		return
	}
	if p.IsAdvertise {
		s.advertises++
		return
	}
	m := &p.HSRP
	g := s.byWire[wireID{hello.ProtocolHSRP, m.Family, m.Version, m.Group}]
	if g == nil {
		e.reject(now, s, nil, env, s.whyUnknown(hello.ProtocolHSRP, m.Family, m.Group))
		return
	}
	c, ok := g.codec.(*hsrpCodec)
	if !ok {
		return
	}
	if err := p.Verify(payload, &c.auth); err != nil {
		e.rejectAuth(now, g, env, m.State, m.State == hello.Active && m.Op != hello.OpResign, err)
		return
	}
	if !m.SaneTimers() {
		e.warn(now, g, "timers", env.Src.String(), fmt.Sprintf(
			"%s sends hello %v and hold %v: the hold time must exceed the hello time; its own times are not used", env.Src, m.HelloTime, m.HoldTime))
	}
	e.compareAddresses(now, g, env.Src, m.VirtualIP)
	g.heard = heard{at: now, from: env.Src, op: m.Op, state: m.State, priority: m.Priority}
	e.received(now, g, env, m)
}

func (e *Engine) heardVRRP(now time.Time, s *segment, env *hello.Envelope, payload []byte) {
	p := &s.vrrp
	if err := p.Parse(payload, env.Src, env.Dst); err != nil {
		e.reject(now, s, nil, env, err)
		return
	}
	m := &p.VRRP
	g := s.byWire[wireID{hello.ProtocolVRRP, m.Family, m.Version, uint16(m.VRID)}]
	if g == nil {
		e.reject(now, s, nil, env, s.whyUnknown(hello.ProtocolVRRP, m.Family, uint16(m.VRID)))
		return
	}
	c, ok := g.codec.(*vrrpCodec)
	if !ok {
		return
	}
	if why := c.accepts(&s.link, env); why != "" {
		e.reject(now, s, g, env, why)
		return
	}
	if m.Version == 2 {
		if err := p.VerifyText(c.text); err != nil {
			e.rejectAuth(now, g, env, hello.Active, m.Priority != 0, err) // nobody else advertises
			return
		}
	}
	if why := c.check(m); why != "" {
		e.reject(now, s, g, env, why)
		return
	}
	e.noteForm(now, g, c, p.Form, env.Src)
	e.compareAdvert(now, g, c, env.Src, m)
	g.heard = heard{at: now, from: env.Src, priority: m.Priority}
	e.received(now, g, env, m)
	c.sayAgain(now, g)
}

func (e *Engine) received(now time.Time, g *group, env *hello.Envelope, m hello.Message) {
	g.counters.received++
	g.meet(m, env.SrcMAC)
	e.succeeded(g, m)
	if !g.up {
		return
	}
	e.notAlone(g, m)
	e.step(now, g, fsm.Received{From: env.Src, MAC: env.SrcMAC, Message: m})
}

// noteForm remembers how the group computes VRRPv3's checksum over IPv4 and
// says so once for each change.
func (e *Engine) noteForm(now time.Time, g *group, c *vrrpCodec, form hello.Checksum, from netip.Addr) {
	if g.wire.version != 3 || g.wire.family != hello.IPv4 || form == hello.ChecksumUnknown || form == c.heard {
		return
	}
	c.heard = form
	e.notice(now, g, "checksum-form", from.String(), fmt.Sprintf("%s sends the %s checksum; this router sends the %s one", from, form, c.sendForm()))
}

// compareAddresses warns when another router has another virtual address than
// is configured here; the protocol goes on (Cisco: DIFFVIP1).
func (e *Engine) compareAddresses(now time.Time, g *group, from, theirs netip.Addr) {
	if len(g.cfg.VirtualIPs) == 0 || !theirs.IsValid() || theirs.IsUnspecified() || theirs == g.vips[0] {
		return
	}
	e.warn(now, g, "different-virtual-ip", from.String(), fmt.Sprintf(
		"%%HSRP-4-DIFFVIP1: %s Grp %d active routers virtual IP address %s is different to the locally configured address %s",
		g.seg.name, g.wire.number, theirs, g.vips[0]))
}

// whyUnknown tells a group that exists in another version from one that does
// not exist at all.
func (s *segment) whyUnknown(p hello.Protocol, f hello.Family, number uint16) hello.Reject {
	for version := range uint8(4) {
		if s.byWire[wireID{p, f, version, number}] != nil {
			return hello.RejectVersion
		}
	}
	return hello.RejectGroup
}
