package engine

import (
	"fmt"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Misfit returns why a group with these virtual addresses cannot run on a link,
// or "". Some kinds of interface are not given what is sent to a virtual router,
// the address of a network is no host's, and a message that is larger than a
// packet never leaves. A link whose MTU is 0 has room for every message.
func (g *Group) Misfit(l *Link, vips []netip.Addr) string {
	if why := g.unfit(l); why != "" {
		return why
	}
	for _, a := range vips {
		for _, p := range l.Addrs {
			if what := hello.Reserved(p, a); what != "" {
				return fmt.Sprintf("%s is the %s address of %s on %s, and no host can use it", a, what, p.Masked(), l.Name)
			}
		}
	}
	if l.MTU == 0 || g.Follow != "" { // which says nothing
		return ""
	}
	size, each := g.messageSize(vips)
	switch excess := size - l.MTU; {
	case excess <= 0:
		return ""
	case each == 0:
		return fmt.Sprintf("a hello of %d bytes does not leave %s, whose MTU is %d", size, l.Name, l.MTU)
	default:
		return fmt.Sprintf("an advertisement of %d bytes does not leave %s, whose MTU is %d: it has room for %d virtual addresses, not for %d",
			size, l.Name, l.MTU, max(len(vips)-(excess+each-1)/each, 0), len(vips))
	}
}

// unfit returns why frames for the group do not arrive on a link of this kind, or
// "". An ipvlan is told from its siblings by the IP addresses that it has, so that
// nothing to be forwarded reaches it, whatever its MAC.
func (g *Group) unfit(l *Link) string {
	mac := g.VirtualMAC()
	switch {
	case l.PortOf != "":
		return l.port()
	case l.MAC.IsZero():
		return l.Name + " is not an Ethernet interface, and has no MAC that hosts could send to: put the group on one that is"
	case l.Kind == "ipvlan":
		return fmt.Sprintf("%s is an ipvlan, which gets only what is for its own addresses and forwards nothing: "+
			"put the group on the interface below it, or on a macvlan with mac = \"interface\"", l.Name)
	case l.Kind == "macvlan" && !l.Passthru && !mac.IsZero() && mac != l.MAC:
		return fmt.Sprintf("%s is a macvlan, which gets only what is for its own MAC: "+
			"set mac = \"interface\", or put the group on the interface below it", l.Name)
	}
	return ""
}

// messageSize returns the bytes of the largest message as an IP packet, and of
// each virtual address in it.
func (g *Group) messageSize(vips []netip.Addr) (packet, each int) {
	packet, each = wire.IPv4Header, 4
	if g.Family == hello.IPv6 {
		packet, each = wire.IPv6Header, 16
	}
	if g.Protocol == hello.ProtocolHSRP {
		auth := g.Auth
		if len(g.Keychain.Keys) > 0 { // digests have one size
			auth, _ = hello.MD5Auth("key", 0)
		}
		m := hello.HSRP{Version: g.Version, Op: hello.OpHello, State: hello.Active, Family: g.Family}
		return packet + wire.UDPHeader + len(hello.AppendHSRP(nil, &m, &auth, netip.Addr{})), 0
	}
	m := hello.VRRP{Version: g.Version, Family: g.Family, VirtualIPs: vips}
	if g.Signs() {
		packet += hello.TrailerSize
	}
	return packet + len(hello.AppendVRRP(nil, &m, g.Password(), hello.MessageOnly, netip.Addr{}, netip.Addr{})), each
}
