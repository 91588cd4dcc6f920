package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// warnOutside warns of virtual addresses that hosts on the interface's prefixes
// cannot take for one on their own link. That may be meant, so nothing else
// comes of it. It is said once for each set of prefixes of a family.
func (e *Engine) warnOutside(now time.Time, s *segment) {
	for i, f := range [...]hello.Family{hello.IPv4, hello.IPv6} {
		if !s.link.speaks(f) {
			continue // back with the same prefixes it is no news
		}
		message := s.describeOutside(f)
		if message != "" && message != s.outside[i] {
			e.emitSegment(now, s, eventWarning, message)
		}
		s.outside[i] = message
	}
}

// speaks reports whether l is up with an address of family f.
func (l *Link) speaks(f hello.Family) bool { return l.Up && l.Addr(f).IsValid() }

// describeOutside returns "" where there is nothing to warn of.
func (s *segment) describeOutside(f hello.Family) string {
	var found, prefixes []string
	for _, g := range s.groups {
		if g.wire.family != f {
			continue
		}
		for _, a := range g.outside() {
			found = append(found, fmt.Sprintf("%s of %s", a, g.ref()))
		}
	}
	if len(found) == 0 {
		return ""
	}
	for _, p := range s.link.Addrs {
		if hello.FamilyOf(p.Addr()) == f {
			prefixes = append(prefixes, p.Masked().String())
		}
	}
	return fmt.Sprintf("outside every prefix of the interface (%s): virtual address %s",
		strings.Join(prefixes, ", "), status.Listing(found))
}

// outside returns g's virtual addresses in none of its interface's prefixes;
// none while the interface has no address to compare them with.
func (g *group) outside() []netip.Addr {
	l := &g.seg.link
	if !l.speaks(g.wire.family) {
		return nil
	}
	var out []netip.Addr
	for _, a := range g.vips {
		if !slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return p.Contains(a) }) {
			out = append(out, a)
		}
	}
	return out
}
