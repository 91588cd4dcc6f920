package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm/trailer"
	"github.com/fhrpd/fhrpd/hello"
)

// signed is the HMAC trailer of a VRRP router. A nil *signed has none.
type signed struct {
	signer   *trailer.Signer // nil: receives only
	verifier *trailer.Verifier
	trailer  hello.Trailer // the last one sent
}

// newSigned returns the trailer of g, nil where it has no keychain. The error names
// a key that does not fit.
func newSigned(g *Group) (s *signed, err error) {
	if len(g.Keychain.Keys) == 0 {
		return nil, nil
	}
	s = &signed{}
	if g.Signs() {
		s.signer, err = trailer.NewSigner(g.Trailer, g.Keychain)
	}
	if err == nil {
		s.verifier, err = trailer.NewVerifier(g.Trailer, g.Keychain, len(g.Peers))
	}
	return s, err
}

// succeed goes on where another one ends: the sequence that it has sent, and those
// that it has heard.
func (s *signed) succeed(o *signed) {
	if s == nil || o == nil {
		return
	}
	if s.signer != nil && o.signer != nil {
		s.signer.Succeed(o.signer)
	}
	s.verifier.Succeed(o.verifier)
}

// sign returns the trailer of a message of g, which serves every destination; nil
// for none.
func (s *signed) sign(now time.Time, g *group, msg []byte, src netip.Addr) *hello.Trailer {
	if s == nil || s.signer == nil {
		return nil
	}
	wall := g.r.wall(now)
	n, inTime := g.Keychain.Sending(wall)
	g.r.noteKey(now, &g.Keychain, n, inTime)
	s.trailer = s.signer.Sign(wall, msg, src)
	return &s.trailer
}

// appendTrailer appends t, if there is one, to a whole message.
func appendTrailer(msg []byte, t *hello.Trailer, src, dst netip.Addr) []byte {
	if t == nil {
		return msg
	}
	return hello.AppendTrailer(msg, 0, t, src, dst)
}

// verify checks the authentication of an advertisement and counts and tells what
// is wrong with it.
func (c *vrrpCodec) verify(now time.Time, g *group, env *hello.Envelope, payload []byte, p *hello.VRRPPacket) bool {
	if err := c.scheme(p); err != nil {
		g.rejectAuth(now, env, hello.Active, p.VRRP.Priority != 0, err, nil) // nobody else advertises
		return false
	}
	if c.signed == nil {
		return true
	}
	v := c.signed.verifier.Check(g.r.wall(now), trailer.Packet{VRRPPacket: p, Payload: payload, Src: env.Src, Late: g.r.late})
	switch {
	case v.Drift:
		g.tellRarely(now, KindWarning, wordSkew, byAddr(env.Src),
			"the clock of %s is %s, more than half of the window of %v: compare the clocks before its packets are rejected", env.Src, ahead(v.Skew), g.Trailer.Window)
	case v.Err == hello.RejectReplay: // of whoever has heard the peer once
		g.iface.reject(now, g, env, v.Err)
	case v.Err != nil:
		g.rejectAuth(now, env, hello.Active, p.VRRP.Priority != 0, v.Err, func() string { return whyRejected(v, p, &g.Group) })
	}
	return v.Err == nil
}

// VerifyVRRP checks the authentication of an advertisement that was received from
// src at now of the wall clock, without regard to those before it. The error is a
// hello.Reject, or says which key does not fit.
func (g *Group) VerifyVRRP(now time.Time, p *hello.VRRPPacket, payload []byte, src netip.Addr) error {
	s, err := newSigned(g)
	if err != nil {
		return err
	}
	c := &vrrpCodec{text: g.Password(), signed: s}
	if err := c.scheme(p); err != nil || s == nil {
		return err
	}
	return s.verifier.Check(now, trailer.Packet{VRRPPacket: p, Payload: payload, Src: src}).Err
}

// scheme checks that the packet has no authentication of another kind than the
// router, and the text of version 2.
func (c *vrrpCodec) scheme(p *hello.VRRPPacket) error {
	switch {
	case p.Signed && c.signed == nil: // by a router that takes no other
		return hello.RejectAuthType
	case p.VRRP.Version == 2:
		return p.VerifyText(c.text)
	}
	return nil
}

// whyRejected says more about a rejected trailer.
func whyRejected(v trailer.Verdict, p *hello.VRRPPacket, g *Group) string {
	switch v.Err {
	case hello.RejectStale:
		return fmt.Sprintf(": its clock is %s, the window is %v", ahead(v.Skew), g.Trailer.Window)
	case hello.RejectKey, hello.RejectDigest:
		return fmt.Sprintf(": key %d", p.Trailer.KeyID())
	case hello.RejectMissing:
		return ": it has no trailer"
	}
	return ""
}

// ahead says where a clock is.
func ahead(skew time.Duration) string {
	way := "ahead"
	if skew < 0 {
		way = "behind"
	}
	return fmt.Sprintf("%v %s", skew.Abs().Round(10*time.Millisecond), way)
}

// SignedStatus is what a VRRP router knows of signed advertisements.
type SignedStatus struct {
	KeyID  uint32 // with which it signs
	InTime bool   // that key may be sent now
	Peers  []trailer.Peer
}

// status returns nil where there is no trailer.
func (s *signed) status(now time.Time, g *group) *SignedStatus {
	if s == nil {
		return nil
	}
	n, inTime := g.Keychain.Sending(g.r.wall(now))
	return &SignedStatus{KeyID: g.Keychain.Keys[n].ID, InTime: inTime, Peers: s.verifier.Peers()}
}
