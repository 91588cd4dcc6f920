package configs

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fhrpd/fhrpd/hello"
)

// The rules here look at one value. Each returns a value that can be used even
// after a fault, and marks the raw one as bad so that no other rule complains
// about the consequence.

// oneOf takes one of the words, which commas part; the first is the default.
func oneOf[T ~string](p *parser, o *opt[T], words string) string {
	list := strings.Split(words, ", ")
	v := string(o.or(T(list[0])))
	if !slices.Contains(list, v) {
		o.refuse(p, "%s %q must be one of %s", o.at.key, v, words)
	}
	return v
}

func (p *parser) number(o *opt[int64], def, low, high int64, where string) int64 {
	v := o.or(def)
	if v < low || v > high {
		o.refuse(p, "%s %d must be %d to %d%s", o.at.key, v, low, high, where)
		return def
	}
	return v
}

func (p *parser) duration(o *opt[time.Duration], def, low, high time.Duration) time.Duration {
	v := o.or(def)
	if v < low || v > high {
		o.refuse(p, "%s %s must be %s to %s", o.at.key, short(v), short(low), short(high))
		return def
	}
	return v
}

// durationOr reads a duration from a string that may also be one of the words,
// which stand for 0. given reports whether it is a duration.
func (p *parser) durationOr(o *opt[span], def, low, high time.Duration, words ...string) (d time.Duration, given bool) {
	switch {
	case !o.given():
		return def, false
	case slices.Contains(words, string(o.v)):
		return 0, false
	}
	d, err := parseDuration(string(o.v))
	if err == nil && d >= low && d <= high {
		return d, true
	}
	o.refuse(p, `%s %q must be "%s" or a duration of %s to %s`, o.at.key, o.v, strings.Join(words, `", "`), short(low), short(high))
	return 0, false
}

// short prints a duration as people write it: 1m, not 1m0s, and 255s, not 4m15s.
func short(d time.Duration) string {
	if d < 10*time.Minute && d%time.Second == 0 && d%time.Minute != 0 {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// device takes the name of a network interface, by the kernel's own rules.
func (p *parser) device(o *opt[string]) string {
	switch {
	case !o.set:
		o.refuse(p, "%s is missing: the name of a network interface", o.at.key)
	case o.given() && !isDevice(o.v):
		o.refuse(p, "%s %q is %s", o.at.key, o.v, notDevice)
	}
	return o.v
}

const notDevice = "not the name of a network interface: 1 to 15 bytes without space, slash or colon"

func isDevice(s string) bool {
	return s != "" && len(s) <= 15 && s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '/' || r == ':' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

// label takes a name that people type on a command line.
func (p *parser) label(o *opt[string]) string {
	bad := o.v == "" || len(o.v) > 64 || strings.HasPrefix(o.v, "-") || strings.ContainsFunc(o.v, func(r rune) bool {
		return r == ':' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
	if o.given() && bad {
		o.refuse(p, "%s %q must be 1 to 64 bytes without space or colon, and not begin with a dash", o.at.key, o.v)
	}
	return o.v
}

// argv takes a command and its arguments.
func (p *parser) argv(l *list[string]) []string {
	args := make([]string, 0, len(l.items))
	for _, it := range l.items {
		args = append(args, it.v)
		if strings.Contains(it.v, "\x00") {
			p.fault(it.at, "%s must not contain a NUL byte", l.at.key)
		}
	}
	if len(args) == 0 || l.bad {
		return nil
	}
	switch {
	case args[0] == "":
		p.fault(l.at, "%s begins with an empty string: the first is the program to run", l.at.key)
	case strings.ContainsFunc(args[0], unicode.IsControl):
		p.fault(l.at, "%s %q has control characters in the name of the program", l.at.key, args[0])
	case !strings.HasPrefix(args[0], "/"):
		p.warn(l.at, "%s %q is not an absolute path: it is looked up in the daemon's PATH", l.at.key, args[0])
	}
	return args
}

// address reads one address of an array.
func (p *parser) address(o *opt[string]) (netip.Addr, bool) {
	a, err := netip.ParseAddr(o.v)
	var why string
	switch pfx, perr := netip.ParsePrefix(o.v); {
	case perr == nil:
		why = "write it without a prefix length: " + pfx.Addr().String()
	case err != nil:
		why = "it is not an IP address"
	case a.Zone() != "":
		why = "write it without a zone: the interface is the group's"
	case a.Is4In6():
		why = "write the IPv4 address as " + a.Unmap().String()
	default:
		why = notUnicast(a)
	}
	if why != "" {
		p.fault(o.at, "%s %q: %s", o.at.key, o.v, why)
	}
	return a, why == ""
}

// notUnicast returns why no router can own a, or "".
func notUnicast(a netip.Addr) string {
	switch {
	case a.IsMulticast():
		return "a multicast address, unicast is wanted"
	case a.IsLoopback():
		return "a loopback address, unicast on the segment is wanted"
	case a.IsUnspecified(), a.Is4() && a.As4()[0] == 0:
		return "not the address of a host"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "the broadcast address, unicast is wanted"
	}
	return ""
}

// addresses reads an array of addresses of one family, without repetition.
// Family 0 takes that of the first.
func (p *parser) addresses(l *list[string], family hello.Family) []netip.Addr {
	var out []netip.Addr
	for _, it := range l.items {
		a, ok := p.address(it)
		if !ok {
			continue
		}
		of := hello.FamilyOf(a)
		family = cmp.Or(family, of)
		switch {
		case of != family:
			p.fault(it.at, "%s %s is IPv%d in a group of IPv%d: one family per table", l.at.key, a, of, family)
		case slices.Contains(out, a):
			p.fault(it.at, "%s has %s twice", l.at.key, a)
		default:
			out = append(out, a)
		}
	}
	l.bad = l.bad || len(out) < len(l.items)
	return out
}
