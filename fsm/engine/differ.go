package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// compareHello warns of what another router of the group has configured
// otherwise; the protocol goes on (Cisco: DIFFVIP1).
func (g *group) compareHello(now time.Time, from netip.Addr, m *hello.HSRP) {
	if !m.SaneTimers() {
		g.tellRarely(now, KindWarning, "timers", byAddr(from),
			"%s sends hello %v and hold %v: the hold time must exceed the hello time; its own times are not used", from, m.HelloTime, m.HoldTime)
	}
	theirs := m.VirtualIP
	if len(g.VirtualIPs) == 0 || !theirs.IsValid() || theirs.IsUnspecified() || theirs == g.vips[0] {
		return
	}
	g.tellRarely(now, KindWarning, "different-virtual-ip", byAddr(from),
		"%%HSRP-4-DIFFVIP1: %s Grp %d active routers virtual IP address %s is different to the locally configured address %s",
		g.Interface, g.Number, theirs, g.vips[0])
}

// compareAdvert warns of what another router of the group has configured
// otherwise and what VRRP does not reject: RFC 9568 section 7.1 has it logged,
// and errata 8298 and 8300 speak of the owner and of the first address over
// IPv6. Routers that are stricter than this one ignore such advertisements, and
// then two are active.
func (g *group) compareAdvert(now time.Time, from netip.Addr, m *hello.VRRP) {
	if m.Priority == hello.ResignPriority {
		return
	}
	warn := func(word, format string, args ...any) {
		g.tellRarely(now, KindWarning, word, byAddr(from), format, args...)
	}
	if !sameAddrs(m.VirtualIPs, g.vips) {
		warn("different-virtual-ips", "%s advertises the virtual addresses %v, this router %v", from, m.VirtualIPs, g.vips)
	}
	if m.Family == hello.IPv6 && len(m.VirtualIPs) > 0 && !m.VirtualIPs[0].IsLinkLocalUnicast() {
		warn("not-link-local", "%s advertises %s first, which is not link-local (RFC 9568 section 5.2.9)", from, m.VirtualIPs[0])
	}
	if m.AdverInterval != g.HelloTime {
		warn("different-interval", "%s advertises every %v, this router every %v", from, m.AdverInterval, g.HelloTime)
	}
	if m.Priority == hello.OwnerPriority && g.OwnsAddress() {
		warn(wordOwners, "%s has priority 255 like this router, but addresses have one owner", from)
	}
}

// sameAddrs reports whether two lists without repetition hold the same.
func sameAddrs(a, b []netip.Addr) bool {
	if slices.Equal(a, b) {
		return true
	}
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x netip.Addr) bool { return !slices.Contains(b, x) })
}
