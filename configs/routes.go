package configs

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

const (
	defaultRulePriority = 32765 // the last before the main table's
	maxTable            = math.MaxUint32
)

// routes reads the routes of a group in its family, 0 when that is not known.
func (p *parser) routes(l *list[rawRoute], family hello.Family) (out []Route) {
	for _, it := range l.items {
		r := p.route(it, family)
		same := func(o Route) bool { return o.To == r.To && o.Table == r.Table && o.Metric == r.Metric }
		if r.To.IsValid() && slices.ContainsFunc(out, same) {
			p.fault(it.at, "routes has %s twice with metric %d in one table: the kernel takes one", r.To, r.Metric)
		}
		out = append(out, r)
	}
	return out
}

func (p *parser) route(o *opt[rawRoute], family hello.Family) Route {
	r := &o.v
	out := Route{
		To: p.prefix(o.at, &r.To, true), Table: p.table(&r.Table), Metric: p.number32(&r.Metric, 0),
		Type: p.routeType(&r.Type), OnLink: r.OnLink.or(false),
	}
	if r.Interface.set {
		out.Interface = p.device(&r.Interface)
	}
	if out.To.IsValid() {
		family = cmp.Or(family, hello.FamilyOf(out.To.Addr()))
	}
	p.inFamily(&r.To, out.To.Addr(), family)
	out.Via, out.Src = p.hop(&r.Via, family), p.hop(&r.Src, family)
	p.routeParts(o.at, r, &out)
	return out
}

// routeParts checks that the parts of a route go together.
func (p *parser) routeParts(at position, r *rawRoute, out *Route) {
	anyBad := r.To.bad || r.Via.bad || r.Interface.bad || r.Type.bad
	switch {
	case anyBad:
	case out.Type != "" && (r.Via.set || r.Interface.set || r.Src.set || r.OnLink.set):
		p.fault(at, "a route of type %q has no via, interface, src or onlink", out.Type)
	case out.Type != "":
	case !r.Via.set && !r.Interface.set:
		p.fault(at, `a route needs via, the next hop, or interface, or both; or type = "blackhole", "unreachable" or "prohibit"`)
	case out.OnLink && (!r.Via.set || !r.Interface.set):
		p.fault(r.OnLink.at, "onlink needs via and interface: it says that via is reached through interface")
	case out.Via.Is6() && out.Via.IsLinkLocalUnicast() && !r.Interface.set:
		p.fault(r.Via.at, "via %s is link-local: name the interface as well", out.Via)
	}
}

func (p *parser) routeType(o *opt[string]) string {
	s := oneOf(p, o, "unicast, blackhole, unreachable, prohibit")
	if s == "unicast" {
		return ""
	}
	return s
}

// routeRules reads the rules of a group in its family, 0 when that is not known.
func (p *parser) routeRules(l *list[rawRule], family hello.Family) (out []Rule) {
	for _, it := range l.items {
		r := p.routeRule(it, family)
		if slices.Contains(out, r) {
			p.fault(it.at, "rules has the same rule twice")
		}
		out = append(out, r)
	}
	return out
}

func (p *parser) routeRule(o *opt[rawRule], family hello.Family) Rule {
	r := &o.v
	out := Rule{
		From: p.prefix(o.at, &r.From, false), To: p.prefix(o.at, &r.To, false), Table: p.table(&r.Table),
		FwMark: p.number32(&r.FwMark, 1), Priority: uint32(p.number(&r.Priority, defaultRulePriority, 1, defaultRulePriority, "")),
	}
	for to, name := range map[*string]*opt[string]{&out.IIF: &r.IIF, &out.OIF: &r.OIF} {
		if name.set {
			*to = p.device(name)
		}
	}
	if !r.From.set && !r.To.set && !r.IIF.set && !r.OIF.set && !r.FwMark.set {
		p.fault(o.at, `a rule needs from, to, iif, oif or fwmark: which packets it is for; from = "0.0.0.0/0" is all`)
	}
	for _, prefix := range []netip.Prefix{out.From, out.To} {
		if prefix.IsValid() {
			family = cmp.Or(family, hello.FamilyOf(prefix.Addr()))
		}
	}
	p.inFamily(&r.From, out.From.Addr(), family)
	p.inFamily(&r.To, out.To.Addr(), family)
	switch {
	case out.From.IsValid() || out.To.IsValid():
	case family == hello.IPv6:
		out.From = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	default:
		out.From = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return out
}

// prefix reads a prefix, or an address, which is one of its whole length.
func (p *parser) prefix(table position, o *opt[string], required bool) netip.Prefix {
	if !o.given() {
		if required && !o.set {
			p.fault(table, `to is missing: a prefix such as "0.0.0.0/0"`)
			o.bad = true
		}
		return netip.Prefix{}
	}
	if a, err := netip.ParseAddr(o.v); err == nil && a.Zone() == "" && !a.Is4In6() {
		return netip.PrefixFrom(a, a.BitLen())
	}
	pfx, err := netip.ParsePrefix(o.v)
	switch {
	case o.v == "default":
		o.refuse(p, `%s "default": write "0.0.0.0/0" or "::/0"`, o.at.key)
	case err != nil || pfx.Addr().Is4In6():
		o.refuse(p, `%s %q is not a prefix: write an address and a length, such as "0.0.0.0/0"`, o.at.key, o.v)
	case pfx.Masked() != pfx:
		o.refuse(p, "%s %s has bits set behind its length: the prefix is %s", o.at.key, pfx, pfx.Masked())
	default:
		return pfx
	}
	return netip.Prefix{}
}

// hop reads a next hop or a source.
func (p *parser) hop(o *opt[string], family hello.Family) netip.Addr {
	if !o.given() {
		return netip.Addr{}
	}
	a, ok := p.address(o)
	if !ok {
		o.bad = true
		return netip.Addr{}
	}
	p.inFamily(o, a, family)
	return a
}

func (p *parser) inFamily(o *opt[string], a netip.Addr, family hello.Family) {
	if a.IsValid() && family != 0 && hello.FamilyOf(a) != family {
		o.refuse(p, "%s %s is IPv%d in a group of IPv%d: one family per table", o.at.key, o.v, hello.FamilyOf(a), family)
	}
}

func (p *parser) table(o *opt[int64]) uint32 {
	n := p.number32(o, 1)
	if n == 255 {
		o.refuse(p, "%s 255 is the kernel's own table of local addresses", o.at.key)
	}
	return n
}

// number32 reads a number of 32 bits, 0 where the file has none.
func (p *parser) number32(o *opt[int64], least int64) uint32 {
	if !o.set {
		return 0
	}
	return uint32(p.number(o, least, least, maxTable, ""))
}

// sharedRoutes warns of routes of two groups of which the kernel takes one: the same
// prefix, table and metric with different ways.
func (p *parser) sharedRoutes(all []entry) {
	type key struct {
		to            netip.Prefix
		table, metric uint32
	}
	type first struct {
		route Route
		at    position
	}
	seen := map[key]first{}
	for _, e := range all {
		for n, r := range e.group.Routes {
			k := key{r.To, r.Table, r.Metric}
			f, taken := seen[k]
			switch {
			case !r.To.IsValid():
			case !taken:
				seen[k] = first{r, e.at}
			case f.route != r && f.at != e.at && n < len(e.raw.Routes.items):
				p.warn(e.raw.Routes.items[n].at, "routes %s: the group of line %d has another way there with the same metric, and the kernel takes one: give them two metrics unless only one is active at a time", r.To, f.at.line)
			}
		}
	}
}

func (p *printer) routes(g *Group) {
	routes, rules := make([]string, len(g.Routes)), make([]string, len(g.Rules))
	for n, r := range g.Routes {
		routes[n] = r.text()
	}
	for n, r := range g.Rules {
		rules[n] = r.text()
	}
	p.line("routes = [%s]", strings.Join(routes, ", "))
	p.line("rules = [%s]", strings.Join(rules, ", "))
}

// inline is an inline table with the keys that have a value.
type inline []string

func (t *inline) str(key, v string) {
	if v != "" {
		*t = append(*t, key+" = "+quote(v))
	}
}

func (t *inline) num(key string, n uint32) {
	if n != 0 {
		*t = append(*t, fmt.Sprintf("%s = %d", key, n))
	}
}

func (t *inline) prefix(key string, v netip.Prefix) {
	if v.IsValid() {
		t.str(key, v.String())
	}
}

func (t *inline) addr(key string, v netip.Addr) {
	if v.IsValid() {
		t.str(key, v.String())
	}
}

func (t inline) String() string { return "{ " + strings.Join(t, ", ") + " }" }

func (r Route) text() string {
	var t inline
	t.prefix("to", r.To)
	t.addr("via", r.Via)
	t.str("interface", r.Interface)
	t.num("table", r.Table)
	t.num("metric", r.Metric)
	t.addr("src", r.Src)
	t.str("type", r.Type)
	if r.OnLink {
		t = append(t, "onlink = true")
	}
	return t.String()
}

func (r Rule) text() string {
	var t inline
	t.prefix("from", r.From)
	t.prefix("to", r.To)
	t.str("iif", r.IIF)
	t.str("oif", r.OIF)
	t.num("fwmark", r.FwMark)
	t.num("table", r.Table)
	t.num("priority", r.Priority)
	return t.String()
}
