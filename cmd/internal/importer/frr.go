package importer

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// frr is a configuration of FRR on its way. One virtual router there is one for each
// family here.
type frr struct {
	*draft
	base    frrRouter // "vrrp default …"
	routers []*frrRouter
	lines   int
}

// frrRouter is a virtual router while its commands come in any order.
type frrRouter struct {
	at       position
	iface    string
	vrid     int
	version  int
	priority int
	interval time.Duration
	preempt  bool
	pseudo   bool // checksum with pseudo-header
	off      bool
	said     *command // what gave the interval
	vips     []*command
}

func readFRR(d *draft, file string, text []byte) error {
	top := commands(file, text)
	if len(top) == 0 {
		return fmt.Errorf("%s has no command", file)
	}
	x := &frr{draft: d, base: frrRouter{version: 3, priority: hello.DefaultPriority, interval: time.Second, preempt: true, pseudo: true}}
	for _, c := range top {
		if c.arg(0) == "vrrp" || c.arg(0) == "no" && c.arg(1) == "vrrp" {
			x.global(c)
		}
	}
	for _, c := range top {
		switch {
		case c.arg(0) == "interface":
			for _, b := range c.below {
				x.command(b, c.rest(1))
			}
		case c.arg(0) != "vrrp" && !(c.arg(0) == "no" && c.arg(1) == "vrrp"):
			x.lines += 1 + len(c.below)
		}
	}
	for _, r := range x.routers {
		x.add(r)
	}
	if x.lines > 0 {
		d.note(position{file: file}, "", fmt.Sprintf("lines about other things than VRRP, left alone: %d", x.lines))
	}
	return nil
}

// global reads "vrrp default …" and "vrrp autoconfigure", which are of all routers.
func (x *frr) global(c *command) {
	words, on := c.words, true
	if c.arg(0) == "no" {
		words, on = words[1:], false
	}
	switch {
	case len(words) > 2 && words[1] == "default":
		if words[2] == "advertisement-interval" {
			x.base.said = c
		}
		x.setting(&x.base, c, words[2:], on)
	case len(words) > 1 && words[1] == "autoconfigure" && on:
		x.not(c.at, c.String(), "no router is made of the macvlans that this host happens to have: write a [[vrrp]] for each")
	case len(words) > 1 && words[1] == "autoconfigure":
	default:
		x.not(c.at, c.String(), "fhrpd has nothing like it")
	}
}

// command reads a command of an interface.
func (x *frr) command(c *command, iface []string) {
	words, on := c.words, true
	if c.arg(0) == "no" {
		words, on = words[1:], false
	}
	if len(words) == 0 || words[0] != "vrrp" || len(iface) == 0 {
		x.lines++
		return
	}
	vrid, ok := 0, false
	if len(words) > 1 {
		vrid, ok = number(words[1], 1, hello.MaxVRID)
	}
	switch {
	case !ok:
		x.not(c.at, c.String(), "VRID: "+outside(1, hello.MaxVRID))
	case len(words) == 2 && !on:
		x.routers = slices.DeleteFunc(x.routers, func(r *frrRouter) bool { return r.iface == iface[0] && r.vrid == vrid })
	default:
		x.setting(x.router(c, iface[0], vrid), c, words[2:], on)
	}
}

// router returns the one with a number, a new one with the defaults at its first
// command.
func (x *frr) router(c *command, iface string, vrid int) *frrRouter {
	for _, r := range x.routers {
		if r.iface == iface && r.vrid == vrid {
			return r
		}
	}
	r := x.base
	r.at, r.iface, r.vrid = c.at, iface, vrid
	x.routers = append(x.routers, &r)
	return &r
}

// setting reads what stands behind the number of a router, or behind "default".
func (x *frr) setting(r *frrRouter, c *command, words []string, on bool) {
	if len(words) == 0 {
		return
	}
	value := ""
	if len(words) > 1 {
		value = words[1]
	}
	n, ok := 0, true
	switch words[0] {
	case "version":
		if n, ok = number(value, 2, 3); ok {
			r.version = n
		}
	case "priority":
		if n, ok = number(value, 1, 254); ok {
			r.priority = n
		}
	case "advertisement-interval":
		if n, ok = number(value, 10, 40950); ok {
			r.interval, r.said = time.Duration(n)*time.Millisecond, c
		}
	case "ip", "ipv6":
		if !on {
			x.not(c.at, c.String(), "a configuration that FRR writes has no such line")
			return
		}
		r.vips = append(r.vips, c)
	case "preempt":
		r.preempt = on
	case "shutdown":
		r.off = on
	case "checksum-with-ipv4-pseudoheader":
		r.pseudo = on
	default:
		x.not(c.at, c.String(), "fhrpd has nothing like it")
	}
	if !ok && on {
		x.not(c.at, c.String(), "the value is not one that FRR takes")
	}
}

// add makes a router here of each family that one has addresses of.
func (x *frr) add(r *frrRouter) {
	what := fmt.Sprintf("vrrp %d of %s", r.vrid, r.iface)
	switch {
	case r.off:
		x.not(r.at, what, "it is shut down there")
		return
	case len(r.vips) == 0:
		x.not(r.at, what, "it has no address: such a router does not run")
		return
	}
	for _, family := range []hello.Family{hello.IPv4, hello.IPv6} {
		g := newVRRP(r.at, what)
		for _, c := range r.vips {
			pfx, ok := hostPrefix(c.words[len(c.words)-1])
			switch {
			case !ok && family == hello.IPv4:
				x.not(c.at, c.String(), "it is not an address")
			case ok && hello.FamilyOf(pfx.Addr()) == family:
				g.address(pfx)
			}
		}
		if len(g.vrrp.VirtualIPs) > 0 {
			x.complete(r, g, family)
		}
	}
}

func (x *frr) complete(r *frrRouter, g *group, family hello.Family) {
	v := g.vrrp
	v.Interface, v.VRID = x.iface(r.iface), uint8(r.vrid)
	v.Version, v.Priority, v.Preempt = uint8(r.version), uint8(r.priority), r.preempt
	if family == hello.IPv4 && r.version == 3 {
		v.Checksum = map[bool]string{true: "pseudo-header", false: "rfc9568"}[r.pseudo]
	}
	switch {
	case hello.ValidAdverInterval(v.Version, r.interval):
		v.Advertise = r.interval
	case r.said != nil:
		x.not(r.said.at, r.said.String(), fmt.Sprintf("%s: version %d has no interval of %s: it is %s", g.what, v.Version, r.interval, v.Advertise))
	}
	x.draft.add(g)
	x.linkLocal(g)
	if len(x.groups) == 1 {
		x.note(g.at, g.what, "no macvlan is needed: remove those that were made for FRR")
	}
}
