package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// voice returns how g says s, which came of a step that began in the tenure
// was. A claim of the role counts only while g has it. RFC 2281 section 6.1 and
// RFC 9568 section 7.2 want the virtual MAC as source; a group whose address
// waits speaks from the interface's (see wait).
func (g *group) voice(s fsm.Send, was tenure) voice {
	v := voice{mac: g.iface.link.MAC}
	seen := g.tenure.hasAddress() || g.tenure == absent && was.hasAddress()
	if s.Virtual && seen && !g.mac.IsZero() {
		v.mac = g.mac
	}
	switch {
	case !claims(s):
	case seen:
		v.when = whileServing
	default:
		v.when = whileElected
	}
	return v
}

// claims reports whether s says that this router is active, or makes another
// one give way.
func claims(s fsm.Send) bool {
	m, ok := s.Message.(*hello.HSRP)
	return ok && m.Op == hello.OpCoup || s.Virtual && !resigns(s.Message)
}

// resigns reports whether m gives the role up.
func resigns(m hello.Message) bool {
	switch m := m.(type) {
	case *hello.HSRP:
		return m.Op == hello.OpResign
	case *hello.VRRP:
		return m.Priority == hello.ResignPriority
	}
	return false
}

// envelope addresses a message of g.
func (g *group) envelope(v voice) hello.Envelope {
	return hello.GroupEnvelope(g.Protocol, g.Version, g.source(&g.iface.link), v.mac)
}

// hsrpCodec adds HSRP's authentication.
type hsrpCodec struct {
	auth hello.Auth `state:"of the configuration"`
	ring *keyring   `state:"of the configuration"` // instead of auth, where there is a keychain
}

func (c *hsrpCodec) send(now time.Time, g *group, s fsm.Send, v voice) {
	env, out := g.envelope(v), &g.iface.out
	out.payload = hello.AppendHSRP(out.payload[:0], s.Message.(*hello.HSRP), c.signing(now, g), env.Src)
	out.queueMessage(g, v.when, func(b []byte) []byte { return hello.AppendFrame(b, &env, out.payload) })
}

// vrrpCodec adds VRRPv2's text authentication or the HMAC trailer, the choice of
// VRRPv3's checksum over IPv4, and unicast peers.
type vrrpCodec struct {
	text   string
	signed *signed        // nil: there is no trailer
	form   hello.Checksum // as configured; ChecksumUnknown follows what is heard
	heard  hello.Checksum
	peers  []netip.Addr
	minTTL uint8
	check  func(*hello.VRRP) hello.Reject

	last  *hello.VRRP    // the last advertisement sent
	left  hello.Checksum // and the form it left in
	again time.Time      // when it was last repeated in another form
}

func (c *vrrpCodec) configure(g *Group) error {
	s, err := newSigned(g)
	if err != nil {
		return err
	}
	s.succeed(c.signed)
	c.signed = s
	c.text, c.form, c.peers, c.minTTL = g.Password(), g.Checksum, g.Peers, g.MinTTL
	return nil
}

// sendForm is the checksum form to send: the configured one, else the one last
// heard in the group, else that of RFC 9568 section 5.2.8.
func (c *vrrpCodec) sendForm() hello.Checksum {
	switch {
	case c.form != hello.ChecksumUnknown:
		return c.form
	case c.heard != hello.ChecksumUnknown:
		return c.heard
	}
	return hello.MessageOnly
}

func (c *vrrpCodec) send(now time.Time, g *group, s fsm.Send, v voice) {
	m := s.Message.(*hello.VRRP)
	c.last, c.left = m, c.sendForm()
	env, out := g.envelope(v), &g.iface.out
	out.payload = hello.AppendVRRP(out.payload[:0], m, c.text, c.left, env.Src, env.Dst)
	trailer := c.signed.sign(now, g, out.payload, env.Src)
	if len(c.peers) == 0 {
		out.payload = appendTrailer(out.payload, trailer, env.Src, env.Dst)
		out.queueMessage(g, v.when, func(b []byte) []byte { return hello.AppendFrame(b, &env, out.payload) })
		return
	}
	for _, peer := range c.peers {
		out.unicast = append(out.unicast, datagram{
			of: g, when: v.when, src: env.Src, dst: peer,
			payload: appendTrailer(hello.AppendVRRP(nil, m, c.text, c.left, env.Src, peer), trailer, env.Src, peer),
		})
	}
}

// sendAgain repeats the advertisement of an active router that left in another
// form than the one just heard: the sender of that form may not have understood
// it, which is why it claims the role too. An answer of the machine to the same
// claim has made it needless. Whoever forges both forms in turn gets no more
// repetitions than the shortest interval has advertisements.
func (c *vrrpCodec) sendAgain(now time.Time, g *group) {
	if g.tenure.elected() && c.last != nil && c.left != c.sendForm() && now.Sub(c.again) >= hello.MinAdverIntervalV3 {
		c.again = now
		s := fsm.Send{Message: c.last, Virtual: true}
		c.send(now, g, s, g.voice(s, g.tenure))
	}
}

// accepts returns why an advertisement with this envelope does not belong to
// the group's way of talking, which is multicast, or unicast from a listed peer
// to this router; "" when it does.
func (c *vrrpCodec) accepts(l *Link, env *hello.Envelope) hello.Reject {
	multicast := env.Dst.IsMulticast()
	switch {
	case len(c.peers) == 0 && !multicast, len(c.peers) > 0 && multicast, !multicast && !l.Owns(env.Dst):
		return hello.RejectDestination
	case len(c.peers) > 0 && !slices.Contains(c.peers, env.Src):
		return hello.RejectSource
	case !multicast && env.TTL < c.minTTL:
		return hello.RejectTTL
	}
	return ""
}

// source returns the address that g speaks from on l, which also decides
// between equal priorities; it is invalid when there is none. RFC 9568 wants
// the link-local address in IPv6 (section 5.1.2.1), for multicast. Peers that
// are named by global addresses know this router by one as well.
func (g *group) source(l *Link) netip.Addr {
	if g.codec == nil || len(g.Peers) == 0 || g.Peers[0].Is4() || g.Peers[0].IsLinkLocalUnicast() {
		return l.Addr(g.Family)
	}
	return g.globalSource(l, g.Peers[0])
}

// globalSource returns the first own global address, at best one of the
// peer's prefix. A virtual address is nobody's own but its owner's.
func (g *group) globalSource(l *Link, peer netip.Addr) (first netip.Addr) {
	for _, p := range l.Addrs {
		a := p.Addr()
		if !a.Is6() || a.IsLinkLocalUnicast() || !g.OwnsAddress() && len(g.iface.byVirtualIP[a]) > 0 {
			continue
		}
		if p.Contains(peer) {
			return a
		}
		if !first.IsValid() {
			first = a
		}
	}
	return first
}
