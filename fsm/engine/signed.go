package engine

import "github.com/fhrpd/fhrpd/hello"

// verify checks the authentication of an advertisement.
func (c *vrrpCodec) verify(p *hello.VRRPPacket) error {
	switch {
	case p.Signed: // by a router that takes no other
		return hello.RejectAuthType
	case p.VRRP.Version == 2:
		return p.VerifyText(c.text)
	}
	return nil
}
