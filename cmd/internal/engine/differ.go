package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// compareAdvert warns of what another router of the group has configured
// otherwise and what VRRP does not reject: RFC 9568 section 7.1 has it logged,
// and errata 8298 and 8300 speak of the owner and of the first address over
// IPv6. Routers that are stricter than this one ignore such advertisements, and
// then two are active.
func (e *Engine) compareAdvert(now time.Time, g *group, c *vrrpCodec, from netip.Addr, m *hello.VRRP) {
	if m.Priority == hello.ResignPriority {
		return
	}
	warn := func(topic, format string, args ...any) {
		e.warn(now, g, topic, from.String(), fmt.Sprintf(format, args...))
	}
	if !sameAddrs(m.VirtualIPs, g.vips) {
		warn("different-virtual-ips", "%s advertises the virtual addresses %v, this router %v", from, m.VirtualIPs, g.vips)
	}
	if m.Family == hello.IPv6 && len(m.VirtualIPs) > 0 && !m.VirtualIPs[0].IsLinkLocalUnicast() {
		warn("not-link-local", "%s advertises %s first, which is not link-local (RFC 9568 section 5.2.9)", from, m.VirtualIPs[0])
	}
	if m.AdverInterval != c.interval {
		warn("different-interval", "%s advertises every %v, this router every %v", from, m.AdverInterval, c.interval)
	}
	if m.Priority == hello.OwnerPriority && g.priority.file == hello.OwnerPriority {
		warn("two-owners", "%s has priority 255 like this router, but addresses have one owner", from)
	}
}

// sameAddrs reports whether two lists without repetition hold the same.
func sameAddrs(a, b []netip.Addr) bool {
	if slices.Equal(a, b) {
		return true
	}
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x netip.Addr) bool { return !slices.Contains(b, x) })
}
