package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// keyring is the keys of a keychain as MD5 uses them.
type keyring struct {
	chain *hello.Keychain
	auths []hello.Auth // by index in chain
}

// newHSRPCodec returns the codec of g. The error names a key that MD5 does not
// take.
func newHSRPCodec(g *Group) (*hsrpCodec, error) {
	c := &hsrpCodec{auth: g.Auth}
	if len(g.Keychain.Keys) == 0 {
		return c, nil
	}
	c.ring = &keyring{chain: &g.Keychain}
	for _, k := range g.Keychain.Keys {
		a, err := hello.MD5Auth(string(k.Secret.Bytes()), k.ID)
		if err != nil {
			return nil, fmt.Errorf("keychain %q, key %d: %w", g.Keychain.Name, k.ID, err)
		}
		c.ring.auths = append(c.ring.auths, a)
	}
	return c, nil
}

func (c *hsrpCodec) configure(g *Group) error {
	n, err := newHSRPCodec(g)
	if err == nil {
		c.auth, c.ring = n.auth, n.ring
	}
	return err
}

// signing returns what the messages of g are signed with at now.
func (c *hsrpCodec) signing(now time.Time, g *group) *hello.Auth {
	if c.ring == nil {
		return &c.auth
	}
	n, inTime := c.ring.chain.Sending(g.r.wall(now))
	g.r.noteKey(now, c.ring.chain, n, inTime)
	return &c.ring.auths[n]
}

// VerifyHSRP checks the authentication of a message of HSRP that was received at
// now of the wall clock. The error is a hello.Reject, or says which key does not
// fit.
func (g *Group) VerifyHSRP(now time.Time, p *hello.HSRPPacket, payload []byte) error {
	c, err := newHSRPCodec(g)
	if err != nil {
		return err
	}
	return c.verify(now, p, payload)
}

// verify checks the authentication of a message, which any key of a keychain may
// have signed that is believed at now of the wall clock.
func (c *hsrpCodec) verify(now time.Time, p *hello.HSRPPacket, payload []byte) error {
	if c.ring == nil {
		return p.Verify(payload, &c.auth)
	}
	id, ok := p.KeyID(payload)
	if !ok {
		return hello.RejectAuthType
	}
	n := c.ring.chain.Find(id)
	if n < 0 || !c.ring.chain.Accepts(n, now) {
		return hello.RejectKey
	}
	return p.Verify(payload, &c.ring.auths[n])
}

// noteKey says which key of a chain signs: when another one begins to, and again
// and again when its time is not now. RFC 2328 appendix D.3 wants that told.
func (r *router) noteKey(now time.Time, c *hello.Keychain, n int, inTime bool) {
	k := &c.Keys[n]
	last, known := r.signing[c.Name]
	r.signing[c.Name] = k.ID
	switch {
	case !inTime && r.complaints.first(now, Ref{}, wordKeychain, byText(c.Name)):
		r.tell(now, Ref{}, KindWarning, fmt.Sprintf("keychain %q: no key may be sent now; key %d goes on being used (%s): add one whose time has come", c.Name, k.ID, whenSent(k, r.wall(now))))
	case inTime && known && last != k.ID:
		r.tell(now, Ref{}, KindNotice, fmt.Sprintf("keychain %q: key %d is sent from now on, not key %d", c.Name, k.ID, last))
	}
}

// whenSent says how the time of a key is missed.
func whenSent(k *hello.Key, now time.Time) string {
	if k.Send.Early(now) {
		return "its send_from is " + k.Send.From.Format(time.RFC3339)
	}
	return "its send_until was " + k.Send.Until.Format(time.RFC3339)
}
