package importer

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// route reads a line of virtual_routes, whose words are those of "ip route add".
func (i *instance) route(s *statement) {
	r, why := routeOf(s.words)
	if why == "" && i.g.family() != 0 && hello.FamilyOf(r.To.Addr()) != i.g.family() {
		why = "it is of another family than the group"
	}
	if why != "" {
		i.not(s.at, s.String(), why)
		return
	}
	r.Interface = i.draft.iface(r.Interface)
	i.v.Routes = append(i.v.Routes, r)
}

// routeOf reads a route, or says why there is none like it.
func routeOf(words []string) (r configs.Route, why string) {
	for n := 0; n < len(words); n++ {
		w := words[n]
		next := func() string {
			if n++; n < len(words) {
				return words[n]
			}
			return ""
		}
		switch w {
		case "blackhole", "unreachable", "prohibit":
			r.Type = w
		case "to", "unicast", "inet", "inet6", "no_track", "prepend":
		case "via", "gw":
			v := next()
			if v == "inet" || v == "inet6" {
				v = next()
			}
			if r.Via.IsValid() {
				return r, "it has two next hops"
			}
			r.Via, why = addressOf(v)
		case "src":
			r.Src, why = addressOf(next())
		case "dev", "oif":
			r.Interface = next()
		case "table":
			r.Table, why = numberOf(w, next(), map[string]uint32{"main": 0})
		case "metric", "priority", "preference":
			r.Metric, why = numberOf(w, next(), nil)
		case "onlink":
			r.OnLink = true
		case "scope":
			if v := next(); v != "global" && v != "link" {
				why = "scope " + v + ": the kernel's own scope is the only one"
			}
		case "or", "nexthop":
			why = "it has more than one next hop"
		default:
			if r.To.IsValid() {
				return r, fmt.Sprintf("%q: a route here has to, via, interface, src, table, metric, type and onlink", w)
			}
			r.To, why = prefixOf(w)
		}
		if why != "" {
			return r, why
		}
	}
	if !r.To.IsValid() {
		return r, "it has no prefix"
	}
	return r, ""
}

func addressOf(s string) (netip.Addr, string) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, fmt.Sprintf("%q is not an address", s)
	}
	return a, ""
}

// prefixOf reads a prefix as ip(8) does: "default" is that of IPv4, and bits behind
// the length are an error there and here.
func prefixOf(s string) (netip.Prefix, string) {
	if s == "default" || s == "all" {
		s = "0.0.0.0/0"
	}
	if s == "default6" {
		s = "::/0"
	}
	pfx, ok := hostPrefix(s)
	if !ok {
		return pfx, fmt.Sprintf("%q is not a prefix", s)
	}
	return pfx.Masked(), ""
}

// numberOf reads a number, or one of the words that stand for one.
func numberOf(what, s string, words map[string]uint32) (uint32, string) {
	if n, ok := words[s]; ok {
		return n, ""
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, fmt.Sprintf("%s %q: the name is known to the host it was written for, write its number", what, s)
	}
	return uint32(n), ""
}

// rule reads a line of virtual_rules, whose words are those of "ip rule add".
func (i *instance) rule(s *statement) {
	r, why := ruleOf(s.words)
	if why != "" {
		i.not(s.at, s.String(), why)
		return
	}
	r.IIF, r.OIF = i.draft.iface(r.IIF), i.draft.iface(r.OIF)
	i.v.Rules = append(i.v.Rules, r)
}

// lastRule is the priority of a rule that says none.
const lastRule = 32765

func ruleOf(words []string) (r configs.Rule, why string) {
	r.Priority = lastRule
	for n := 0; n < len(words); n++ {
		w := words[n]
		next := func() string {
			if n++; n < len(words) {
				return words[n]
			}
			return ""
		}
		switch w {
		case "from":
			r.From, why = prefixOf(next())
		case "to":
			r.To, why = prefixOf(next())
		case "dev", "iif":
			r.IIF = next()
		case "oif":
			r.OIF = next()
		case "fwmark":
			v := next()
			if strings.Contains(v, "/") {
				return r, "fwmark " + v + ": there is no mask"
			}
			r.FwMark, why = numberOf(w, v, nil)
		case "table", "lookup":
			r.Table, why = numberOf(w, next(), map[string]uint32{"main": 0})
		case "preference", "priority", "order":
			r.Priority, why = numberOf(w, next(), nil)
		case "no_track", "inet", "inet6":
		default:
			why = fmt.Sprintf("%q: a rule here has from, to, iif, oif, fwmark, table and priority", w)
		}
		if why != "" {
			return r, why
		}
	}
	return r, ""
}
