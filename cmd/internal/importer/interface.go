package importer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fhrpd/fhrpd/configs"
)

// interfaceKey is what spellings of one name have in common.
func interfaceKey(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), ""))
}

// iface returns the name here of an interface of a Linux host.
func (d *draft) iface(name string) string {
	if to, ok := d.rename(interfaceKey(name), false); ok {
		return to
	}
	return name
}

// rename returns the name that somebody gave to an interface. That of a router may be
// given short, as IOS takes it: Gi0/0 is GigabitEthernet0/0.
func (d *draft) rename(key string, abbreviated bool) (to string, ok bool) {
	if to, ok := d.renamed[key]; ok {
		d.met[key] = true
		return to, true
	}
	if !abbreviated {
		return "", false
	}
	kind, number := halves(key)
	for _, from := range slices.Sorted(maps.Keys(d.options.Interfaces)) {
		from = interfaceKey(from)
		if k, n := halves(from); n == number && k != "" && strings.HasPrefix(kind, k) {
			d.met[from] = true
			return d.renamed[from], true
		}
	}
	return "", false
}

// halves splits a name of a router's interface into its kind and its number.
func halves(key string) (kind, number string) {
	n := strings.IndexAny(key, "0123456789")
	if n < 0 {
		return key, ""
	}
	return key[:n], key[n:]
}

// guess is an interface of a router with the name that was made of its own.
type guess struct {
	at   position
	from string
	to   string
}

// port returns the name here of an interface of a router. Where nobody said one, it
// is made of the router's.
func (d *draft) port(at position, name string) string {
	key := interfaceKey(name)
	if to, ok := d.rename(key, true); ok {
		return to
	}
	to := linuxName(key)
	if slices.Contains(slices.Collect(maps.Values(d.renamed)), to) {
		to = fmt.Sprintf("if%d", len(d.renamed)+1)
	}
	d.renamed[key] = to
	d.guessed = append(d.guessed, guess{at, strings.Join(strings.Fields(name), ""), to})
	return to
}

// sayUnmet names the interfaces that somebody has named and no group is on.
func (d *draft) sayUnmet(file string) {
	for _, from := range slices.Sorted(maps.Keys(d.options.Interfaces)) {
		if !d.met[interfaceKey(from)] {
			d.note(position{file: file}, "--interface "+from, "no group and no object that was translated is on it")
		}
	}
}

// sayGuessed names the interfaces of a configuration that nobody has named.
func (d *draft) sayGuessed(c *configs.Config) {
	used := map[string]bool{}
	for _, t := range c.Tracks {
		used[t.Target] = t.Kind == configs.TrackInterface
	}
	for i := range c.HSRP {
		used[c.HSRP[i].Interface] = true
	}
	for i := range c.VRRP {
		used[c.VRRP[i].Interface] = true
	}
	for _, g := range d.guessed {
		if used[g.to] {
			d.not(g.at, "interface "+g.from, fmt.Sprintf("it is called %s here: say what it is on this host with --interface %s=NAME", g.to, g.from))
		}
	}
}

var portName = regexp.MustCompile(`^([a-z-]+)([\d/:.]*)$`)

// kinds are the short forms of names that are too long.
var kinds = []struct{ long, short string }{
	{"tengigabitethernet", "te"}, {"twentyfivegige", "twe"}, {"fortygigabitethernet", "fo"}, {"hundredgige", "hu"},
	{"gigabitethernet", "gi"}, {"fastethernet", "fa"}, {"ethernet", "eth"}, {"port-channel", "po"}, {"bundle-ether", "be"},
}

// linuxName makes a name that Linux takes: at most 15 bytes, no slash and no colon.
func linuxName(key string) string {
	m := portName.FindStringSubmatch(key)
	if m == nil {
		m = []string{"", "if", strings.Map(func(r rune) rune {
			if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
				return r
			}
			return -1
		}, key)}
	}
	kind := m[1]
	for _, k := range kinds {
		if kind == k.long {
			kind = k.short
		}
	}
	name := kind + strings.NewReplacer("/", "-", ":", "-").Replace(m[2])
	if len(name) > 15 {
		name = name[:15]
	}
	return name
}
