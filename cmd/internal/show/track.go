package show

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Tracks renders tracked objects as "show track": one block each. Objects have
// names here, so the number in the first line is their position in the file.
func Tracks(st *status.Status, now time.Time) string {
	if len(st.Tracks) == 0 {
		return "no tracked objects are configured\n"
	}
	var b block
	for i := range st.Tracks {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.track(i+1, &st.Tracks[i], st.Groups, now)
	}
	return b.String()
}

func (b *block) track(n int, t *status.Track, groups []status.Group, now time.Time) {
	b.line(0, "Track %s", trackTitle(n, t.Name))
	what, measure := trackWords(t)
	b.line(1, "%s", what)
	b.line(1, "%s is %s", measure, trackState(t))
	b.line(2, "%s, last change %s", plural(t.Changes, "change"), Age(t.Since, now))
	if len(t.UsedBy) == 0 {
		return
	}
	b.line(1, "Tracked by:")
	for _, ref := range t.UsedBy {
		b.line(2, "%s", user(groups, ref))
	}
}

// trackTitle begins with a number, as on IOS; a name that is a number is used as
// such.
func trackTitle(n int, name string) string {
	if number := trackNumber(n, name); number != name {
		return fmt.Sprintf("%s (%s)", number, name)
	}
	return name
}

// trackNumber returns the number of an object, n being its position in the file
// from 1.
func trackNumber(n int, name string) string {
	if _, err := strconv.ParseUint(name, 10, 16); err == nil {
		return name
	}
	return strconv.Itoa(n)
}

// trackWords returns the line that says what is looked at, and the name of
// what is measured.
func trackWords(t *status.Track) (what, measure string) {
	switch t.Kind {
	case "interface":
		return fmt.Sprintf("Interface %s line-protocol", t.Target), "Line protocol"
	case "route":
		return fmt.Sprintf("%s reachability", routeWords(t.Target)), "Reachability"
	case "file":
		return "File " + t.Target, "Existence"
	case "command":
		return "Command " + t.Target, "Exit status"
	}
	return fmt.Sprintf("%s %s reachability", strings.ToUpper(t.Kind), t.Target), "Reachability"
}

// routeWords writes IPv4 prefixes with a mask, as IOS does.
func routeWords(target string) string {
	p, err := netip.ParsePrefix(target)
	switch {
	case err != nil:
		return "IP route " + target
	case p.Addr().Is4():
		return fmt.Sprintf("IP route %s %s", p.Addr(), net.IP(net.CIDRMask(p.Bits(), 32)))
	}
	return "IPv6 route " + p.String()
}

// trackState gives a reason in parentheses when the object is down.
func trackState(t *status.Track) string {
	switch {
	case !t.Known:
		return "unknown"
	case t.Up || t.Detail == "":
		return upDown(t.Up)
	}
	return fmt.Sprintf("Down (%s)", t.Detail)
}

// user names a group as IOS does in "Tracked by". One that is not found keeps its
// reference.
func user(groups []status.Group, ref string) string {
	i, err := status.Find(groups, ref)
	if err != nil {
		return ref
	}
	g := &groups[i]
	return fmt.Sprintf("%s %s %d", strings.ToUpper(g.Protocol), g.Interface, g.ID)
}
