package configs

import (
	"net/netip"

	"github.com/fhrpd/fhrpd/hello"
)

// virtualIPs reads the virtual addresses, of which each may have the length of
// its subnet behind it.
func (p *parser) virtualIPs(l *list[string]) (addrs []netip.Addr, prefixes []netip.Prefix) {
	for _, it := range l.items {
		pfx, err := netip.ParsePrefix(it.v)
		if err != nil {
			continue // an address, or for addresses to refuse
		}
		if why := unusablePrefix(pfx); why != "" {
			p.fault(it.at, "%s %q: %s", l.at.key, it.v, why)
			l.bad = true
		}
		if !pfx.IsSingleIP() && !(pfx.Addr().Is6() && pfx.Addr().IsLinkLocalUnicast()) { // fe80::/64 is connected anyway
			prefixes = append(prefixes, pfx)
		}
		it.v = pfx.Addr().String()
	}
	return p.addresses(l, 0), prefixes
}

// unusablePrefix returns why an address cannot be the host of its subnet, or "".
func unusablePrefix(pfx netip.Prefix) string {
	switch end := hello.Reserved(pfx, pfx.Addr()); {
	case pfx.Bits() == 0:
		return "a subnet of every address; write the length that the hosts have"
	case end != "":
		return "it is the " + end + " address of its subnet " + pfx.Masked().String() + ", which no host can have"
	}
	return ""
}
