package configs

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Defaults of a tracked object. Two good probes bring an object up and three
// lost ones take it down, so that one lost packet moves nothing.
const (
	trackInterval = time.Second
	trackTimeout  = 500 * time.Millisecond
	trackRise     = 2
	trackFall     = 3
)

func (p *parser) track(o *opt[rawTrack]) Track {
	r := &o.v
	t := Track{
		Name:      p.label(&r.Name),
		Rise:      int(p.number(&r.Rise, trackRise, 1, 255, "")),
		Fall:      int(p.number(&r.Fall, trackFall, 1, 255, "")),
		DelayUp:   p.duration(&r.DelayUp, 0, 0, time.Hour),
		DelayDown: p.duration(&r.DelayDown, 0, 0, time.Hour),
		Interval:  p.duration(&r.Interval, trackInterval, 100*time.Millisecond, time.Hour),
	}
	t.Timeout = p.timeout(r, t.Interval)
	p.trackName(&r.Name)
	p.trackKind(o.at, r, &t)
	return t
}

func (p *parser) timeout(r *rawTrack, interval time.Duration) time.Duration {
	d := p.duration(&r.Timeout, min(trackTimeout, interval), 10*time.Millisecond, time.Hour)
	if r.Timeout.given() && !r.Interval.bad && d > interval {
		p.fault(r.Timeout.at, "timeout %s must not exceed the interval %s", short(d), short(interval))
	}
	return d
}

func (p *parser) trackName(name *opt[string]) {
	if !name.set {
		p.fault(name.at, "name is missing: groups refer to the object by it")
	}
	if !name.given() {
		return
	}
	if first, ok := p.tracks[name.v]; ok {
		p.fault(name.at, "name %q is taken by the track of line %d", name.v, first.line)
		return
	}
	p.tracks[name.v] = name.at
}

// trackKind finds the one key that says what is tracked, and reads it.
func (p *parser) trackKind(at position, r *rawTrack, t *Track) {
	kinds := []struct {
		kind  TrackKind
		value *opt[string]
		check func(*Track, string) string
	}{
		{TrackInterface, &r.Interface, unless(isDevice, notDevice)},
		{TrackRoute, &r.Route, checkRoute},
		{TrackPing, &r.Ping, checkPing},
		{TrackARP, &r.ARP, checkARP},
		{TrackTCP, &r.TCP, unless(isService, `not host:port with a port of 1 to 65535, such as "203.0.113.1:443"`)},
		{TrackHTTP, &r.HTTP, checkURL},
		{TrackFile, &r.File, unless(isPath, "not an absolute path without control characters")},
	}
	var found []string
	for _, k := range kinds {
		if !k.value.set {
			continue
		}
		found = append(found, string(k.kind))
		t.Kind, t.Target = k.kind, k.value.v
		if !k.value.given() {
			continue
		}
		if why := k.check(t, k.value.v); why != "" {
			p.fault(k.value.at, "%s %q: %s", k.kind, t.Shown(), why)
		}
	}
	if t.Kind == TrackHTTP && hasSecret(t.Target) {
		p.secrets = append(p.secrets, r.HTTP.at)
	}
	if r.Command.set {
		found = append(found, string(TrackCommand))
		p.trackCommand(&r.Command, t)
	}
	switch len(found) {
	case 0:
		p.fault(at, "nothing to track: exactly one of interface, route, ping, arp, tcp, http, file, command is needed")
	case 1:
	default:
		p.fault(at, "tracks %s: exactly one kind is allowed, use one [[track]] each", strings.Join(found, " and "))
	}
}

func (p *parser) trackCommand(l *list[string], t *Track) {
	t.Kind, t.Command = TrackCommand, p.argv(l)
	if len(t.Command) > 0 {
		t.Target = t.Command[0]
	} else if !l.bad {
		p.fault(l.at, "command is empty: the first string is the program to run")
	}
}

// unless returns a check that a value passes when is says so.
func unless(is func(string) bool, why string) func(*Track, string) string {
	return func(_ *Track, s string) string {
		if is(s) {
			return ""
		}
		return why
	}
}

func isService(s string) bool {
	return hostPort(s, 1) && !strings.HasPrefix(s, ":") && !strings.ContainsFunc(s, unicode.IsControl)
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

func checkURL(_ *Track, s string) string {
	switch {
	case isMasked(s):
		return "the secrets of this address were masked when it was printed: put them in again"
	case !isURL(s):
		return `not an address such as "http://203.0.113.1/health"`
	}
	return ""
}

func isPath(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.ContainsFunc(s, unicode.IsControl)
}

func checkRoute(t *Track, s string) string {
	pfx, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return `not a prefix, such as "0.0.0.0/0"`
	case pfx.Addr().Is4In6():
		return "write the prefix as IPv4"
	case pfx != pfx.Masked():
		return fmt.Sprintf("bits are set behind the prefix length: write %q", pfx.Masked())
	}
	t.Prefix, t.Target = pfx, pfx.String()
	return ""
}

func checkPing(t *Track, s string) string {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return "not an IP address"
	case a.Is4In6():
		return "write the IPv4 address as " + a.Unmap().String()
	case a.Zone() != "" && !isDevice(a.Zone()):
		return "the zone is not the name of a network interface"
	}
	t.Addr, t.Target = a, a.String()
	if a.IsLoopback() {
		return "" // a service that announces itself there may well be tracked
	}
	return notUnicast(a)
}

func checkARP(t *Track, s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return "not an IPv4 address: for IPv6 use ping"
	}
	t.Addr, t.Target = a, a.String()
	return notUnicast(a)
}
