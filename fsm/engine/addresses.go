package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// onLink returns the virtual addresses that the interface has itself.
func (g *group) onLink() []netip.Addr {
	return slices.DeleteFunc(slices.Clone(g.vips), func(a netip.Addr) bool { return !g.iface.link.Owns(a) })
}

// noteOwned remembers what the interface has, and warns unless that is meant.
func (g *group) noteOwned(now time.Time, owned []netip.Addr) {
	g.owned = owned
	if len(owned) > 0 && !g.OwnsAddress() {
		g.tellRarely(now, KindWarning, wordOwned, byText(fmt.Sprint(owned)),
			"the virtual addresses %v are configured on %s, whose own MAC answers for them while this router is not active: remove them", owned, g.iface.name)
	}
}

// warnOutside warns of virtual addresses that hosts on the interface's prefixes
// cannot take for one on their own link. That may be meant, so nothing else
// comes of it. It is said once for each set of prefixes of a family.
func (i *iface) warnOutside(now time.Time) {
	for n, f := range [...]hello.Family{hello.IPv4, hello.IPv6} {
		if !i.link.speaks(f) {
			continue // back with the same prefixes it is no news
		}
		message := i.describeOutside(f)
		if message != "" && message != i.outside[n] {
			i.tell(now, KindWarning, message)
		}
		i.outside[n] = message
	}
}

// speaks reports whether l is up with an address of family f.
func (l *Link) speaks(f hello.Family) bool { return l.Up && l.Addr(f).IsValid() }

// describeOutside returns "" where there is nothing to warn of.
func (i *iface) describeOutside(f hello.Family) string {
	var found, prefixes []string
	for _, g := range i.groups {
		if g.Family != f {
			continue
		}
		for _, a := range g.outside() {
			found = append(found, fmt.Sprintf("%s of %s", a, g.Ref))
		}
	}
	if len(found) == 0 {
		return ""
	}
	for _, p := range i.link.Addrs {
		if prefix := p.Masked().String(); hello.FamilyOf(p.Addr()) == f && !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	return fmt.Sprintf("outside every prefix of the interface (%s): virtual address %s; unless that is meant, give the interface an address of its subnet, or virtual_ips the subnet's length, as in %s",
		strings.Join(prefixes, ", "), Listing(found), example[f])
}

// example is how a virtual address brings its subnet along.
var example = map[hello.Family]string{hello.IPv4: `"10.77.0.1/24"`, hello.IPv6: `"2001:db8::1/64"`}

// outside returns the virtual addresses in none of the interface's prefixes,
// which do not bring their own either; none while the interface has no address to compare them with.
func (g *group) outside() []netip.Addr {
	l := &g.iface.link
	if !l.speaks(g.Family) {
		return nil
	}
	var out []netip.Addr
	for _, a := range g.vips {
		if !slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return p.Contains(a) }) &&
			!slices.ContainsFunc(g.Prefixes, func(p netip.Prefix) bool { return p.Addr() == a }) {
			out = append(out, a)
		}
	}
	return out
}
