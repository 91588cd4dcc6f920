package daemon

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// station is somebody on the segment.
type station struct{ ip, ip6, mac string }

var (
	own      = station{"192.0.2.10", "fe80::10", "02:00:00:00:00:10"}
	peer     = station{"192.0.2.11", "fe80::11", "02:00:00:00:00:11"}
	client   = station{"192.0.2.50", "fe80::50", "02:00:00:00:00:50"}
	stranger = station{"192.0.2.66", "fe80::66", "02:00:00:00:00:66"}
)

// hsrp returns a message of s, of version 2 if m has none.
func (s station) hsrp(m hello.HSRP, auth hello.Auth) []byte {
	if m.Version == 0 {
		m.Version, m.Identifier = 2, mac(s.mac)
	}
	m.Family, m.HelloTime, m.HoldTime = hello.IPv4, time.Second, 3*time.Second
	return s.hsrpPayload(m.Version, hello.AppendHSRP(nil, &m, &auth, addr(s.ip)))
}

func (s station) hsrpPayload(version uint8, payload []byte) []byte {
	env := hello.GroupEnvelope(hello.ProtocolHSRP, version, addr(s.ip), mac(s.mac))
	return hello.AppendFrame(nil, &env, payload)
}

// vrrp returns an advertisement of s, of version 3 if m has none. It comes every
// second. text is the authentication of version 2.
func (s station) vrrp(m hello.VRRP, text string, form hello.Checksum) []byte {
	if m.Version == 0 {
		m.Version = 3
	}
	m.Family, m.AdverInterval = hello.FamilyOf(m.VirtualIPs[0]), time.Second
	src := addr(s.ip)
	if m.Family == hello.IPv6 {
		src = addr(s.ip6)
	}
	env := hello.GroupEnvelope(hello.ProtocolVRRP, m.Version, src, mac(s.mac))
	return hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, &m, text, form, env.Src, env.Dst))
}

// claims returns a gratuitous ARP reply: ip is at the station.
func (s station) claims(ip string) []byte {
	return sure(garp.NewAnnouncement(addr(ip), mac(s.mac))).ReplyBroadcast()
}

// asks returns an ARP request.
func (s station) asks(ip string) []byte {
	return sure(garp.Request(addr(s.ip), mac(s.mac), addr(ip)))
}

// answers returns the echo reply of s to a proof that came from a virtual
// address.
func (s station) answers(vip, vmac string) []byte {
	to, from := mac(vmac), mac(s.mac)
	b := append(to[:], from[:]...)
	b = append(b, 0x08, 0x00, 0x45, 0, 0, 44, 0, 0, 0, 0, 64, 1, 0, 0)
	b = append(append(b, addr(s.ip).AsSlice()...), addr(vip).AsSlice()...)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, prove.Mark)
	b = binary.BigEndian.AppendUint16(b, 1) // the first one
	return binary.BigEndian.AppendUint64(append(b, "takeover"...), proofNumber)
}

// proofNumber marks every proof.
const proofNumber = 0x0123456789abcdef

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func addresses(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, addr(s))
	}
	return out
}

func mac(s string) hello.MAC { return sure(hello.ParseMAC(s)) }
