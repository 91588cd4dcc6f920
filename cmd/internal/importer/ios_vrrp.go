package importer

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// vrrp reads "vrrp N …" of IOS, or a group with commands below: "vrrp N
// address-family F" of IOS XE, "vrrp N" and "vrrpv3 N address-family F" of NX-OS.
func (p *port) vrrp(c *command) {
	id, ok := number(c.arg(1), 1, hello.MaxVRID)
	if !ok {
		p.not(c.at, c.String(), "group: "+outside(1, hello.MaxVRID))
		return
	}
	switch {
	case c.arg(2) == "address-family":
		family := hello.IPv4
		if c.arg(3) == "ipv6" {
			family = hello.IPv6
		}
		g := p.group("vrrp", id, family, c)
		g.vrrp.Version = 3
		for _, b := range c.below {
			p.vrrpCommand(b, g, b.words, time.Millisecond)
		}
	case len(c.words) == 2:
		g := p.group("vrrp", id, hello.IPv4, c)
		for _, b := range c.below {
			p.vrrpCommand(b, g, b.words, time.Second)
		}
	default:
		p.vrrpCommand(c, p.group("vrrp", id, 0, c), c.rest(2), time.Second)
	}
}

// vrrpCommand reads one command of a group. unit is that of its intervals.
func (p *port) vrrpCommand(c *command, g *portGroup, words []string, unit time.Duration) {
	word, args := strings.ToLower(words[0]), words[1:]
	v := g.vrrp
	switch word {
	case "ip", "address", "ipv6":
		p.virtual(c, g, args)
	case "priority":
		p.priority(c, g, args)
	case "preempt":
		p.preempt(c, g, args)
	case "timers":
		p.advertise(c, v, args, unit)
	case "advertisement-interval":
		p.advertise(c, v, append([]string{"advertise"}, args...), unit)
	case "authentication":
		p.vrrpAuth(c, v, args)
	case "track":
		p.trackRef(c, g.group, args)
	case "name":
		g.name = strings.Join(args, "-")
	case "shutdown":
		g.off = c
	case "no":
		switch {
		case len(args) == 1 && args[0] == "shutdown":
			g.off = nil
		case len(args) > 0 && args[0] == "preempt":
			v.Preempt = false
		default:
			p.not(c.at, c.String(), "fhrpd has nothing like it")
		}
	case "description":
		p.note(c.at, c.String(), "there are comments for that")
	case "vrrpv2":
		p.not(c.at, c.String(), "a router speaks one version: write version = 2 where other routers know no other")
	case "bfd":
		p.not(c.at, c.String(), "fhrpd does not speak BFD: advertise goes down to 10ms")
	default:
		p.not(c.at, c.String(), "fhrpd has nothing like it")
	}
}

// advertise reads "advertise [msec] N".
func (p *port) advertise(c *command, v *configs.VRRP, args []string, unit time.Duration) {
	switch {
	case len(args) > 0 && args[0] == "learn":
		if v.Version != 3 {
			p.not(c.at, c.String(), "version 2 does not learn an interval: write advertise")
		}
		return
	case len(args) == 3 && args[1] == "msec":
		unit, args = time.Millisecond, []string{args[0], args[2]}
	}
	n, ok := 0, false
	if len(args) == 2 {
		n, ok = number(args[1], 1, 65535)
	}
	t := time.Duration(n) * unit
	switch {
	case !ok:
		p.not(c.at, c.String(), "want an interval")
	case !hello.ValidAdverInterval(v.Version, t):
		p.not(c.at, c.String(), fmt.Sprintf("version %d has no interval of %s: it is %s", v.Version, t, v.Advertise))
	default:
		v.Advertise = t
	}
}

func (p *port) vrrpAuth(c *command, v *configs.VRRP, args []string) {
	s := &statement{at: c.at, words: []string{c.String()}}
	if len(args) > 1 && args[0] == "text" {
		args = args[1:]
	}
	switch {
	case len(args) == 0:
	case args[0] == "md5":
		p.not(c.at, c.String(), "MD5 in VRRP is Cisco's own: the other routers do not believe this one before they do without")
	case v.Version == 3:
		p.not(c.at, c.String(), "version 3 has no passwords")
	default:
		v.Auth = configs.Auth{Text: p.text(s, args[len(args)-1])}
	}
}
