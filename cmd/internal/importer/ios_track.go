package importer

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// track returns the names here of the objects that one of a router stands for: one,
// of a list several, none when it was not translated.
func (x *ios) track(id string) []string {
	if names, ok := x.objects[id]; ok {
		return names
	}
	c := x.tracks[id]
	if c == nil {
		return nil
	}
	x.objects[id] = nil // a list that is in itself
	if c.arg(2) == "list" {
		x.objects[id] = x.trackList(c)
	} else {
		x.objects[id] = x.trackObject(c)
	}
	return x.objects[id]
}

func (x *ios) trackObject(c *command) []string {
	t := configs.NewTrack()
	t.Name = "track-" + label(c.arg(1))
	if why := x.trackKind(c, &t); why != "" {
		x.not(c.at, c.String(), why)
		return nil
	}
	for _, b := range c.below {
		if b.arg(0) == "delay" {
			x.trackDelay(b, &t)
		} else {
			x.not(b.at, b.String(), "fhrpd has nothing like it")
		}
	}
	return []string{x.object(c.at, t)}
}

// sayUnused names the objects that no group asked for.
func (x *ios) sayUnused() {
	for _, c := range x.top {
		if _, asked := x.objects[c.arg(1)]; c.arg(0) == "track" && !asked {
			x.note(c.at, c.String(), "no translated group uses it: left out")
		}
	}
}

// trackKind reads what an object looks at, or says why there is none like it.
func (x *ios) trackKind(c *command, t *configs.Track) (why string) {
	switch kind := c.arg(2); {
	case len(kind) > 2 && strings.HasPrefix("interface", kind):
		return x.trackInterface(c, t)
	case kind == "ip" && c.arg(3) == "route", kind == "ipv6" && c.arg(3) == "route":
		return trackRoute(c, t)
	case kind == "ip" && c.arg(3) == "sla":
		return x.trackProbe(c.arg(4), t)
	case kind == "rtr":
		return x.trackProbe(c.arg(3), t)
	}
	return "fhrpd tracks interface, route, ping, arp, tcp, http, file and command"
}

func (x *ios) trackInterface(c *command, t *configs.Track) string {
	words := c.rest(3)
	if n := len(words); n > 1 && words[n-1] == "line-protocol" {
		words = words[:n-1]
	} else if n > 2 && words[n-1] == "routing" {
		x.not(c.at, c.String(), "that the interface has an address is not looked at: its carrier is")
		words = words[:n-2]
	}
	if len(words) == 0 {
		return "it names no interface"
	}
	t.Kind, t.Target = configs.TrackInterface, x.port(c.at, strings.Join(words, " "))
	return ""
}

func trackRoute(c *command, t *configs.Track) string {
	pfx, rest, ok := prefixAndMask(c.rest(4))
	if !ok {
		return "want a prefix"
	}
	if len(rest) != 1 || rest[0] != "reachability" {
		return "of a route it is tracked that it is there, and no more"
	}
	t.Kind, t.Target = configs.TrackRoute, pfx.Masked().String()
	return ""
}

// prefixAndMask reads "10.0.0.0/8" or "10.0.0.0 255.0.0.0".
func prefixAndMask(words []string) (pfx netip.Prefix, rest []string, ok bool) {
	if len(words) == 0 {
		return pfx, nil, false
	}
	if pfx, err := netip.ParsePrefix(words[0]); err == nil {
		return pfx, words[1:], true
	}
	if len(words) < 2 {
		return pfx, nil, false
	}
	a, err := netip.ParseAddr(words[0])
	bits, valid := maskBits(words[1])
	if err != nil || !a.Is4() || !valid {
		return pfx, nil, false
	}
	return netip.PrefixFrom(a, bits), words[2:], true
}

// maskBits returns the length of a mask such as 255.255.255.0.
func maskBits(s string) (int, bool) {
	m, err := netip.ParseAddr(s)
	if err != nil || !m.Is4() {
		return 0, false
	}
	b := m.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := 0
	for v&(1<<31) != 0 {
		v <<= 1
		n++
	}
	return n, v == 0
}

// trackProbe reads the "ip sla" that an object is about.
func (x *ios) trackProbe(id string, t *configs.Track) string {
	c := x.probes[id]
	switch {
	case c == nil:
		return "ip sla " + id + " is not in the file"
	case !probe(c, t):
		return "its probe is none that fhrpd has: icmp-echo, tcp-connect and http get are"
	}
	x.probed[id] = true
	x.probeSettings(c, t)
	return ""
}

// probeID returns the number of a probe, "" when c is none.
func probeID(c *command) string {
	switch {
	case c.arg(0) == "ip" && c.arg(1) == "sla" && len(c.words) == 3:
		return c.arg(2)
	case c.arg(0) == "rtr" && len(c.words) == 2:
		return c.arg(1)
	}
	return ""
}

// probe reads what is asked, and reports whether an object here can.
func probe(c *command, t *configs.Track) bool {
	for _, b := range c.below {
		switch word := b.arg(0); {
		case word == "icmp-echo":
			t.Kind, t.Target = configs.TrackPing, b.arg(1)
		case word == "tcp-connect":
			t.Kind, t.Target = configs.TrackTCP, b.arg(1)+":"+b.arg(2)
		case word == "http" && b.arg(1) == "get":
			t.Kind, t.Target = configs.TrackHTTP, b.words[len(b.words)-1]
		}
	}
	return t.Kind != ""
}

// probeSettings reads how it is asked.
func (x *ios) probeSettings(c *command, t *configs.Track) {
	for _, b := range c.below {
		switch b.arg(0) {
		case "icmp-echo", "tcp-connect", "http":
			if strings.HasPrefix(b.arg(2), "source") || strings.HasPrefix(b.arg(3), "source") {
				x.note(b.at, b.String(), "the kernel chooses the source")
			}
		case "frequency":
			if s, ok := seconds(b.arg(1)); ok && s >= time.Second && s <= time.Hour {
				t.Interval = s
			} else {
				x.not(b.at, b.String(), "want seconds, 3600 at most")
			}
		case "timeout":
			if n, ok := number(b.arg(1), 10, 3_600_000); ok {
				t.Timeout = time.Duration(n) * time.Millisecond
			} else {
				x.not(b.at, b.String(), "want milliseconds, 10 at least")
			}
		default:
			x.not(b.at, b.String(), "an object has a target, interval and timeout, rise and fall")
		}
	}
	t.Timeout = min(t.Timeout, t.Interval)
	t.Rise, t.Fall = 1, 1
}

// trackDelay reads "delay up N down N", of IOS in either order.
func (x *ios) trackDelay(c *command, t *configs.Track) {
	for n := 1; n < len(c.words); n += 2 {
		d, ok := seconds(c.arg(n + 1))
		switch {
		case !ok || d > time.Hour:
			x.not(c.at, c.String(), "want seconds, 3600 at most")
		case c.arg(n) == "up":
			t.DelayUp = d
		case c.arg(n) == "down":
			t.DelayDown = d
		default:
			x.not(c.at, c.String(), "want up and down")
		}
	}
}

// trackList reads a list of objects: a group that depends on all of them depends on
// each.
func (x *ios) trackList(c *command) (names []string) {
	var members []*command
	for _, b := range c.below {
		if b.arg(0) == "object" {
			members = append(members, b)
		} else {
			x.not(b.at, b.String(), "there are no lists here: the objects of one have delays of their own")
		}
	}
	switch {
	case c.arg(3) != "boolean":
		x.not(c.at, c.String(), "there are no thresholds: a command may count")
		return nil
	case c.arg(4) != "and" && len(members) != 1:
		x.not(c.at, c.String(), "there is no object that is up while one of several is: a command may ask for all of them")
		return nil
	}
	for _, m := range members {
		switch known := x.track(m.arg(1)); {
		case len(m.words) > 2:
			x.not(m.at, m.String(), m.words[2]+": an object is down while its check fails, never the other way round")
		case len(known) == 0:
			x.not(m.at, m.String(), "there is no such object, or it was not translated")
		default:
			names = append(names, known...)
		}
	}
	return names
}

// trackRef reads how a group depends on an object: "N [decrement D | shutdown]", or,
// of old, an interface and the decrement.
func (p *port) trackRef(c *command, g *group, args []string) {
	if len(args) == 0 {
		return
	}
	if args[0] == "object" {
		args = args[1:]
	}
	names, rest := p.tracked(c, args)
	if len(names) == 0 {
		return
	}
	ref := configs.TrackRef{Decrement: 10}
	for n := range rest {
		v, ok := number(rest[n], 1, 255)
		switch {
		case rest[n] == "shutdown":
			ref = configs.TrackRef{Shutdown: true}
		case rest[n] == "decrement":
		case ok:
			ref.Decrement = v
		default:
			p.not(c.at, c.String(), fmt.Sprintf("%q was left out: fhrpd has nothing like it", rest[n]))
		}
	}
	if len(names) > 1 && !ref.Shutdown {
		p.not(c.at, c.String(), fmt.Sprintf("it is a list: each of its %d objects that is down takes %d, not one of them for all", len(names), ref.Decrement))
	}
	for _, name := range names {
		if tracks(g.common(), name) {
			p.not(c.at, c.String(), "the group depends on "+name+" already")
			continue
		}
		ref.Object = name
		g.common().Track = append(g.common().Track, ref)
	}
}

// tracked returns the objects that words begin with, and what follows them.
func (p *port) tracked(c *command, args []string) (names, rest []string) {
	if len(args) == 0 {
		return nil, nil
	}
	if _, ok := number(args[0], 1, 1000); ok {
		names := p.track(args[0])
		if len(names) == 0 {
			p.not(c.at, c.String(), "there is no such object, or it was not translated")
		}
		return names, args[1:]
	}
	name, rest := args[0], args[1:]
	if len(rest) > 0 && !strings.ContainsAny(name, "0123456789") { // "Serial 0/0 20"
		name, rest = name+rest[0], rest[1:]
	}
	return []string{p.interfaceObject(c.at, p.draft.port(c.at, name))}, rest
}
