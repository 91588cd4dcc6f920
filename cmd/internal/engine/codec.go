package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// codec turns a group's messages into frames.
type codec interface {
	encode(g *group, s fsm.Send)
}

// hsrpCodec adds HSRP's authentication.
type hsrpCodec struct {
	auth    hello.Auth
	shown   string // the text of a text scheme, which is no secret on the wire
	payload []byte
}

func hsrpAuth(a configs.Auth) (hello.Auth, error) {
	if a.MD5 != "" {
		return hello.MD5Auth(a.MD5, a.KeyID)
	}
	return hello.TextAuth(a.Text)
}

func (c *hsrpCodec) encode(g *group, s fsm.Send) {
	m := s.Message.(*hello.HSRP)
	env := g.envelope(s.Virtual)
	c.payload = hello.AppendHSRP(c.payload[:0], m, &c.auth, env.Src)
	g.seg.out.say(g, g.premise(s.Virtual && m.Op != hello.OpResign), func(b []byte) []byte {
		return hello.AppendFrame(b, &env, c.payload)
	})
}

// vrrpCodec adds VRRPv2's text authentication, the choice of VRRPv3's checksum
// over IPv4, and unicast peers.
type vrrpCodec struct {
	text     string
	form     hello.Checksum // as configured; ChecksumUnknown follows what is heard
	heard    hello.Checksum
	peers    []netip.Addr
	interval time.Duration // as configured
	check    func(*hello.VRRP) hello.Reject
	payload  []byte
	last     *hello.VRRP    // the last advertisement sent
	left     hello.Checksum // and the form it left in
	again    time.Time      // when it was last repeated in another form
}

func configuredForm(s string) hello.Checksum {
	switch s {
	case "rfc9568":
		return hello.MessageOnly
	case "pseudo-header":
		return hello.PseudoHeader
	}
	return hello.ChecksumUnknown
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

func (c *vrrpCodec) encode(g *group, s fsm.Send) {
	m := s.Message.(*hello.VRRP)
	c.last, c.left = m, c.sendForm()
	env := g.envelope(s.Virtual)
	when := g.premise(s.Virtual && m.Priority > 0)
	if len(c.peers) == 0 {
		c.payload = hello.AppendVRRP(c.payload[:0], m, c.text, c.sendForm(), env.Src, env.Dst)
		g.seg.out.say(g, when, func(b []byte) []byte { return hello.AppendFrame(b, &env, c.payload) })
		return
	}
	for _, peer := range c.peers {
		g.seg.out.unicast = append(g.seg.out.unicast, datagram{
			group: g, when: when, src: env.Src, dst: peer,
			payload: hello.AppendVRRP(nil, m, c.text, c.sendForm(), env.Src, peer),
		})
	}
}

// sayAgain repeats the advertisement of an active router that left in another
// form than the one just heard: the sender of that form may not have understood
// it, which is why it claims the role too. An answer of the machine to the same
// claim has made it needless. Whoever forges both forms in turn gets no more
// repetitions than the shortest interval has advertisements.
func (c *vrrpCodec) sayAgain(now time.Time, g *group) {
	if g.elected() && c.last != nil && c.left != c.sendForm() && now.Sub(c.again) >= hello.MinAdverIntervalV3 {
		c.again = now
		c.encode(g, fsm.Send{Message: c.last, Virtual: true})
	}
}

// accepts reports whether an advertisement with this envelope belongs to the
// group's way of talking: multicast, or unicast from a listed peer to this
// router.
func (c *vrrpCodec) accepts(l *Link, env *hello.Envelope) hello.Reject {
	multicast := env.Dst.IsMulticast()
	switch {
	case len(c.peers) == 0 && !multicast, len(c.peers) > 0 && multicast, !multicast && !l.Owns(env.Dst):
		return hello.RejectDestination
	case len(c.peers) > 0 && !slices.Contains(c.peers, env.Src):
		return hello.RejectSource
	}
	return ""
}

// envelope addresses a message of g on its segment.
func (g *group) envelope(virtual bool) hello.Envelope {
	env := hello.GroupEnvelope(g.wire.protocol, g.wire.version, g.source(&g.seg.link), g.seg.link.MAC)
	if virtual && g.shown && !g.mac.IsZero() {
		env.SrcMAC = g.mac
	}
	return env
}

// premise is that of a message of g: a claim of the role counts only while g
// has it, and one from the virtual MAC only with the gate open.
func (g *group) premise(claims bool) premise {
	switch {
	case !claims:
		return always
	case g.shown:
		return whileOwner
	}
	return whileActive
}

// datagram is a message to a unicast peer.
type datagram struct {
	group    *group
	when     premise
	src, dst netip.Addr
	payload  []byte
}
