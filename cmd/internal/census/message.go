package census

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Protocols, as they are written everywhere.
const (
	hsrp = "hsrp"
	vrrp = "vrrp"
	carp = "carp"
	glbp = "glbp"
)

// Kinds of authentication.
const (
	authNone  = "none"
	authText  = "text"
	authMD5   = "md5"
	authHMAC  = "hmac"
	authSHA1  = "hmac-sha1"
	authOther = "other"
)

// Roles that are the same in all protocols, and those that are no protocol's.
const (
	active  = "Active"
	leaving = "leaving"
	silent  = "silent"
)

// message is what a speaker says in one packet.
type message struct {
	protocol    string
	version     uint8
	family      hello.Family
	id          uint16
	from        netip.Addr
	mac         hello.MAC // the packet came from
	own         hello.MAC // the speaker calls its own, zero where the protocol has no such field
	ttl         uint8
	role        string
	leaves      bool // it gives the role up
	priority    int
	hello, hold time.Duration // 0 = not carried
	vips        []netip.Addr  // valid until the next frame
	auth        string
	key         string // in plain text; never shown
}

// refusal is a packet that no router would take.
type refusal struct {
	protocol string
	version  uint8  // 0 = not known
	id       uint16 // of no meaning without a version
	from     netip.Addr
	reason   hello.Reject
}

// decoder reads frames, with memory that is used again.
type decoder struct {
	packet wire.Packet
	vrrp   hello.VRRPPacket
	vips   []netip.Addr
}

// decode returns what a frame says. ok is false for a frame of no protocol here;
// reason is "" in a message that is well-formed.
func (d *decoder) decode(frame []byte, checksumReady bool) (m message, reason hello.Reject, ok bool) {
	if !d.packet.Parse(frame) {
		return m, "", false
	}
	p := &d.packet
	m = message{from: p.Src, mac: p.SrcMAC, ttl: p.TTL, family: hello.FamilyOf(p.Src), auth: authNone}
	switch {
	case isGLBP(p):
		return m, d.glbp(&m, checksumReady), true
	case isCARP(p):
		return m, d.carp(&m), true
	}
	var e hello.Envelope
	payload, err := hello.ParseFrame(frame, &e, checksumReady)
	if err == hello.ErrNotFHRP {
		return m, "", false
	}
	m.protocol = e.Protocol.String()
	d.peek(&m)
	if err == nil && e.Protocol == hello.ProtocolHSRP {
		err = d.hsrp(&m, &e, payload)
	} else if err == nil {
		err = d.vrrpOf(&m, &e, payload)
	}
	if err != nil {
		reason, _ = err.(hello.Reject)
	}
	return m, reason, true
}

// peek reads version and number without any check: a refused packet is told of
// with them.
func (d *decoder) peek(m *message) {
	b := d.packet.Payload
	if m.protocol == vrrp {
		if len(b) >= 2 {
			m.version, m.id = b[0]>>4, uint16(b[1])
		}
		return
	}
	b = b[min(len(b), wire.UDPHeader):]
	switch {
	case len(b) >= 8 && b[0] == 0:
		m.version, m.id = 1, uint16(b[6])
	case len(b) >= 8 && b[0] == 1: // a group state TLV in the first place
		m.version, m.id = 2, uint16(b[6])<<8|uint16(b[7])
	}
}

func (d *decoder) hsrp(m *message, e *hello.Envelope, payload []byte) error {
	var p hello.HSRPPacket
	if err := p.Parse(payload); err != nil {
		return err
	}
	if err := p.Match(e); err != nil {
		return err
	}
	if p.IsAdvertise {
		m.role = "" // a router without a group: nothing of a group is in it
		m.version = p.Advertise.Version
		return nil
	}
	h := &p.HSRP
	m.version, m.id, m.own = h.Version, h.Group, h.Identifier
	m.role, m.priority = h.State.String(), int(h.Priority)
	m.leaves = h.Op == hello.OpResign
	m.hello, m.hold = h.HelloTime, h.HoldTime
	d.vips = d.vips[:0]
	if h.VirtualIP.IsValid() && !h.VirtualIP.IsUnspecified() {
		d.vips = append(d.vips, h.VirtualIP)
	}
	m.vips = d.vips
	if _, signed := p.KeyID(payload); signed {
		m.auth = authMD5
	} else if p.Verify(payload, nil) == nil {
		m.auth, m.key = authText, hello.DefaultText
	} else if text, ok := hsrpText(payload, h.Version); ok {
		m.auth, m.key = authText, text
	}
	return nil
}

// hsrpText returns the eight bytes of text of a well-formed message: a field of
// version 1, a TLV of type 3 in version 2.
func hsrpText(b []byte, version uint8) (string, bool) {
	if version == 1 {
		return string(b[8:16]), true
	}
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		if b[0] == 3 && b[1] == hello.MaxTextAuth {
			return string(b[2:10]), true
		}
		b = b[2+int(b[1]):]
	}
	return "", false
}

func (d *decoder) vrrpOf(m *message, e *hello.Envelope, payload []byte) error {
	p := &d.vrrp
	if err := p.Parse(payload, e.Src, e.Dst); err != nil {
		return err
	}
	v := &p.VRRP
	m.version, m.id = v.Version, uint16(v.VRID)
	m.role, m.priority, m.leaves = active, int(v.Priority), v.Priority == hello.ResignPriority
	m.hello, m.vips = v.AdverInterval, v.VirtualIPs
	switch {
	case p.Signed:
		m.auth = authHMAC
	case v.Version == 2 && p.AuthType == hello.VRRPAuthText:
		m.auth, m.key = authText, string(p.AuthData[:])
	case v.Version == 2 && p.AuthType != hello.VRRPAuthNone:
		m.auth = authOther
	}
	return nil
}

// station is the MAC that the address of the sender is at, zero when that is not
// certain: who is active in HSRP sends from the group's MAC, which may be any.
func (m *message) station() hello.MAC {
	switch {
	case !m.own.IsZero():
		return m.own
	case m.protocol == hsrp && m.role == active:
		return hello.MAC{}
	}
	return m.mac
}

// virtual reports whether a MAC belongs to a virtual router, and so to whoever is
// active.
func virtual(m hello.MAC) bool {
	_, ok := hello.VirtualRouterOf(m)
	return ok || slices.Equal(m[:3], glbpMAC[:])
}
