// Package show renders the status of the daemon for people: HSRP groups, VRRP
// routers and tracked objects in the layout of Cisco IOS, which operators and
// their parsers already read, and the rest in similar tables. Every function is
// pure: values and a time in, text out.
package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// anyID in a Filter lets every group number through.
const anyID = -1

// Filter chooses groups of one protocol.
type Filter struct {
	protocol string // hsrp or vrrp
	family   int    // 4 or 6; 0 for both
	word     string // an interface or, alone, a group; empty for all
	id       int    // on the interface; anyID for all
}

// ParseFilter reads what comes after "show standby" (protocol hsrp) or "show
// vrrp": nothing for all groups, INTERFACE, INTERFACE NUMBER, or a group in one
// of the forms of engine.Find; before or behind it ipv4 or ipv6. As on IOS
// "interface" may stand before INTERFACE.
func ParseFilter(protocol string, words []string) (Filter, error) {
	f := Filter{protocol: protocol, id: anyID}
	words = f.takeFamily(words)
	if len(words) > 1 && words[0] == "interface" {
		words = words[1:]
	}
	if len(words) == 0 {
		return f, nil
	}
	f.word = words[0]
	if len(words) == 1 {
		return f, nil
	}
	if id, err := strconv.Atoi(words[1]); len(words) == 2 && err == nil && id >= 0 {
		f.id = id
		return f, nil
	}
	if text := strings.Join(words, " "); engine.Spelled(text) {
		f.word = text
		return f, nil
	}
	if len(words) > 2 {
		return f, fmt.Errorf("too many arguments: %s", strings.Join(words, " "))
	}
	return f, fmt.Errorf("group %q: want a number", words[1])
}

// takeFamily returns words without ipv4 and ipv6.
func (f *Filter) takeFamily(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		switch w {
		case "ipv4":
			f.family = 4
		case "ipv6":
			f.family = 6
		default:
			return false
		}
		return true
	})
}

// Word is the interface or the group that f names, "" when it names none.
func (f Filter) Word() string { return f.word }

// Groups returns the groups that f lets through, in their order. When f names a
// group that does not exist, the error lists those that do. A word that fits an
// interface and a group means the interface.
func (f Filter) Groups(groups []status.Group) ([]status.Group, error) {
	mine := ofProtocol(groups, f.protocol)
	if f.family != 0 {
		mine = where(mine, func(g *status.Group) bool { return g.Family == f.family })
	}
	if f.word == "" {
		return mine, nil
	}
	there := where(mine, func(g *status.Group) bool { return g.Interface == f.word })
	switch {
	case f.id == anyID && len(there) == 0:
		return f.named(groups, mine)
	case f.id == anyID:
		return there, nil
	case len(there) == 0:
		return nil, fmt.Errorf("no %s on %s: %s", names[f.protocol].noun, f.word, f.thereAre(mine))
	}
	out := where(there, func(g *status.Group) bool { return g.ID == f.id })
	if len(out) == 0 {
		return nil, fmt.Errorf("no %s %d on %s: %s", names[f.protocol].noun, f.id, f.word, f.thereAre(there))
	}
	return out, nil
}

// named finds groups by reference; both families of INTERFACE:ID are shown.
func (f Filter) named(all, mine []status.Group) ([]status.Group, error) {
	matches := func(g *status.Group) bool { return g.Matches(f.word) }
	if out := where(mine, matches); len(out) > 0 {
		return out, nil
	}
	if other := where(all, matches); len(other) > 0 {
		p := other[0].Protocol
		return nil, fmt.Errorf("%s speaks %s: try \"fhrpd show %s %s\"", f.word, strings.ToUpper(p), names[p].command, f.word)
	}
	return nil, fmt.Errorf("%q is neither an interface with %ss nor a group: %s", f.word, names[f.protocol].noun, f.thereAre(mine))
}

// thereAre lists the groups for an error.
func (f Filter) thereAre(groups []status.Group) string {
	if len(groups) == 0 {
		return "none is configured"
	}
	refs := make([]string, len(groups))
	for i := range groups {
		refs[i] = groups[i].Ref()
	}
	return "there is " + engine.Listing(refs)
}

func ofProtocol(groups []status.Group, protocol string) []status.Group {
	return where(groups, func(g *status.Group) bool { return g.Protocol == protocol })
}

func where(groups []status.Group, is func(*status.Group) bool) []status.Group {
	return slices.DeleteFunc(slices.Clone(groups), func(g status.Group) bool { return !is(&g) })
}

// NoGroups says that a protocol has none.
func NoGroups(protocol string) string { return Filter{protocol: protocol}.None() }

// None says that there is nothing for f to let through.
func (f Filter) None() string {
	of := ""
	if f.family != 0 {
		of = fmt.Sprintf(" for IPv%d", f.family)
	}
	return fmt.Sprintf("no %ss are configured%s", names[f.protocol].noun, of)
}

// names are the words of a protocol: its command behind show, as in IOS, and
// what it calls its instances.
var names = map[string]struct{ command, noun string }{
	"hsrp": {"standby", "HSRP group"},
	"vrrp": {"vrrp", "VRRP router"},
}
