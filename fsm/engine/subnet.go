package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// HSRP goes no further than its segment, where the routers of a group have
// addresses of one subnet. Its packets may have any TTL, so that the source
// address is all that tells one of this segment from one that somebody has sent
// into it: with the default authentication, and a long hold time in it, a single
// one keeps the group silent for minutes.

// former is a subnet that the interface no longer has. It counts for a while:
// network managers take addresses away and give them back, and the active
// router of a group must not be deaf to the others meanwhile.
type former struct {
	subnet netip.Prefix
	until  time.Time
}

// formerFor is how long: two restarts of a network manager that looks for
// duplicates.
const formerFor = 2 * mostCheck

// noteFormer notes which subnets the interface loses when l takes the place of
// its present link.
func (i *iface) noteFormer(now time.Time, l *Link) {
	i.former = slices.DeleteFunc(i.former, func(f former) bool { return !now.Before(f.until) })
	for _, p := range i.link.Addrs {
		if !slices.Contains(l.Addrs, p) {
			i.former = append(i.former, former{p.Masked(), now.Add(formerFor)})
		}
	}
}

// isOffSubnet reports whether g does not hear src, on the subnets that the
// interface has or had a moment ago.
func (i *iface) isOffSubnet(now time.Time, g *group, src netip.Addr) bool {
	return !g.HearsFrom(&i.link, src) &&
		!slices.ContainsFunc(i.former, func(f former) bool { return now.Before(f.until) && f.subnet.Contains(src) })
}

// HearsFrom reports whether an HSRP group on l listens to a router with the
// address src: unless OffSubnet is set, src must be in a subnet of l, or in one
// that the virtual addresses bring along. Link-local addresses are on every link,
// and IPv6 routers speak from them. A link without a subnet of the family has
// nothing to compare with: it is unnumbered, or its addresses are away.
func (g *Group) HearsFrom(l *Link, src netip.Addr) bool {
	if g.OffSubnet || src.IsLinkLocalUnicast() {
		return true
	}
	numbered := false
	for _, p := range l.Addrs {
		if isSubnet(p, g.Family) {
			if p.Contains(src) {
				return true
			}
			numbered = true
		}
	}
	return !numbered || slices.ContainsFunc(g.Prefixes, func(p netip.Prefix) bool { return p.Contains(src) })
}

// isSubnet reports whether the address p is of a family and its subnet has room
// for another host.
func isSubnet(p netip.Prefix, f hello.Family) bool {
	return hello.FamilyOf(p.Addr()) == f && !p.IsSingleIP()
}

// rejectOffSubnet counts such a packet and warns of the first one, whoever sent
// it: a source address that counts for nothing is easily forged.
func (g *group) rejectOffSubnet(now time.Time, env *hello.Envelope, claims bool) {
	g.counters.Rejected[hello.RejectSubnet]++
	g.iface.unheard.note(now, Unheard{From: env.Src, Protocol: g.Protocol, Reason: hello.RejectSubnet, Group: g.Ref, Claims: claims})
	if claims {
		g.noteRival(now, claimOf(env, string(hello.RejectSubnet)))
	}
	if !g.r.complaints.first(now, g.Ref, string(hello.RejectSubnet), subject{}) {
		return
	}
	var have []string
	for _, p := range g.iface.link.Addrs {
		if isSubnet(p, g.Family) {
			have = append(have, p.Masked().String())
		}
	}
	g.tell(now, KindReject, fmt.Sprintf(
		"%s: packet from %s (%s) rejected: it is in no subnet of the interface (%s); further ones are counted; if that router is meant, set off_subnet = \"accept\"",
		g.iface.name, env.Src, env.SrcMAC, strings.Join(have, ", ")))
}
