package importer

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// ios is a configuration of IOS, IOS XE or NX-OS on its way.
type ios struct {
	*draft
	top     []*command
	nexus   bool
	v3      bool                // "fhrp version vrrp v3"
	chains  map[string]*command // key chains, of which a router has others than HSRP's
	tracks  map[string]*command // by number
	objects map[string][]string // those that were asked for, of a list several: the names here
	probes  map[string]*command // "ip sla", by number
	probed  map[string]bool     // those that an object is about
	others  []string            // words of commands that are about something else
	lines   int                 // how many there are
}

func readIOS(d *draft, file string, text []byte) error {
	x := &ios{draft: d, top: commands(file, text), chains: map[string]*command{}, tracks: map[string]*command{}, objects: map[string][]string{}, probes: map[string]*command{}, probed: map[string]bool{}}
	if len(x.top) == 0 {
		return fmt.Errorf("%s has no command", file)
	}
	for _, c := range x.top {
		x.global(c)
	}
	for _, c := range x.top {
		if c.arg(0) == "interface" {
			x.interfaceBlock(c)
		}
	}
	for _, g := range d.groups {
		d.linkLocal(g)
	}
	x.sayUnused()
	x.sayOthers(file)
	return nil
}

// global reads a command of the top level that groups depend on.
func (x *ios) global(c *command) {
	switch {
	case c.arg(0) == "interface":
	case probeID(c) != "":
		x.probes[probeID(c)] = c
	case c.arg(0) == "track":
		x.tracks[c.arg(1)] = c
	case c.arg(0) == "key" && c.arg(1) == "chain":
		x.chains[strings.Join(c.rest(2), " ")] = c
	case c.arg(0) == "router" && (c.arg(1) == "hsrp" || c.arg(1) == "vrrp"):
		x.not(c.at, c.String(), "it is the form of IOS XR, which is not read")
	case c.arg(0) == "feature":
		x.nexus = true
	case c.arg(0) == "fhrp" && c.arg(1) == "version" && c.arg(2) == "vrrp":
		x.v3 = c.arg(3) == "v3"
	case c.arg(0) == "fhrp" && c.arg(1) == "delay":
		x.not(c.at, c.String(), "write delay into each group")
	case c.arg(0) == "fhrp", c.arg(0) == "standby", c.arg(0) == "hsrp", c.arg(0) == "vrrp":
		x.not(c.at, c.String(), "fhrpd has nothing like it")
	default:
		x.other(c)
	}
}

// other counts a command that is about something else.
func (x *ios) other(c *command) {
	x.lines += 1 + len(c.below)
	word := c.arg(0)
	if word == "no" {
		word += " " + c.arg(1)
	}
	if !slices.Contains(x.others, word) {
		x.others = append(x.others, word)
	}
}

// mostOthers is how many words say what else there was.
const mostOthers = 12

func (x *ios) sayOthers(file string) {
	for _, c := range x.top {
		if id := probeID(c); id != "" && !x.probed[id] {
			x.other(c)
		}
	}
	if x.lines == 0 {
		return
	}
	words := x.others
	more := ""
	if len(words) > mostOthers {
		words, more = words[:mostOthers], ", …"
	}
	x.note(position{file: file}, "", fmt.Sprintf("lines about other things than first-hop redundancy, left alone: %d (%s%s)", x.lines, strings.Join(words, ", "), more))
}

// port is an interface of a router on its way: what holds for all of its groups, and
// the groups in the order of their first command.
type port struct {
	*ios
	at      position
	name    string // in the source
	version uint8  // of HSRP
	useBIA  bool
	delay   configs.Delay
	own     []netip.Prefix // addresses
	groups  []*portGroup
	down    *command
}

// portGroup is a group while its commands come in any order.
type portGroup struct {
	*group
	protocol string
	id       int
	family   hello.Family // 0 = not said
	enabled  bool         // it has an address, or learns one
	off      *command     // shutdown
	name     string
	delay    time.Duration // of preemption
}

func (x *ios) interfaceBlock(c *command) {
	p := &port{ios: x, at: c.at, name: strings.Join(c.rest(1), " "), version: 1}
	for _, b := range c.below {
		p.command(b)
	}
	for _, g := range p.groups {
		p.add(g)
	}
}

// command reads a command of an interface.
func (p *port) command(c *command) {
	switch word := c.arg(0); {
	case word == "standby":
		p.standby(c)
	case word == "hsrp":
		p.hsrp(c)
	case word == "vrrp", word == "vrrpv3":
		p.vrrp(c)
	case word == "glbp":
		p.not(c.at, c.String(), "fhrpd does not speak GLBP: an HSRP group for each half of the hosts shares the load")
	case word == "no" && slices.Contains([]string{"standby", "hsrp", "vrrp", "vrrpv3"}, c.arg(1)):
		p.no(c)
	case (word == "ip" || word == "ipv6") && c.arg(1) == "address":
		p.address(c)
	case word == "shutdown":
		p.down = c
	default:
		p.other(c)
	}
}

// no is a command that takes back what is the default here, or something else.
func (p *port) no(c *command) {
	if slices.Contains(c.words, "preempt") || slices.Contains(c.words, "redirect") || slices.Contains(c.words, "redirects") {
		if c.arg(1) == "vrrp" {
			if id, ok := number(c.arg(2), 1, 255); ok {
				p.group("vrrp", id, 0, c).common().Preempt = false
				return
			}
		}
		return
	}
	p.not(c.at, c.String(), "fhrpd has nothing like it")
}

// address remembers the interface's own addresses: a virtual one that is among them
// makes a VRRP router the owner.
func (p *port) address(c *command) {
	if pfx, ok := hostPrefix(c.arg(2)); ok {
		p.own = append(p.own, pfx)
	}
	p.other(c)
}

// group returns the group with a number, a new one at its first command.
func (p *port) group(protocol string, id int, family hello.Family, c *command) *portGroup {
	for _, g := range p.groups {
		if g.protocol == protocol && g.id == id && (g.family == family || family == 0 || g.family == 0) {
			if g.family == 0 {
				g.family = family
			}
			return g
		}
	}
	what := fmt.Sprintf("%s %d of %s", c.arg(0), id, p.name)
	g := &portGroup{protocol: protocol, id: id, family: family}
	if protocol == "vrrp" {
		g.group = newVRRP(c.at, what)
		g.vrrp.VRID, g.vrrp.Version = uint8(id), 2
		if p.v3 || c.arg(0) == "vrrpv3" {
			g.vrrp.Version = 3
		}
		g.off = nil
		if p.nexus && c.arg(0) == "vrrp" {
			g.off = c // until "no shutdown"
		}
	} else {
		g.group = newHSRP(c.at, what)
		g.hsrp.ID = uint16(id)
	}
	p.groups = append(p.groups, g)
	return g
}

// add gives the draft a group that is complete.
func (p *port) add(g *portGroup) {
	c := g.common()
	switch {
	case !g.enabled:
		p.not(g.at, g.what, "it has no address, and no command that would learn one: such a group does not run")
		return
	case g.off != nil:
		p.not(g.at, g.what, "it is shut down there")
		return
	case p.down != nil:
		p.note(p.down.at, "interface "+p.name, "it is shut down there: its groups run here as soon as the interface is up")
	}
	c.Interface = p.draft.port(p.at, p.name)
	c.Delay = p.delay
	if g.hsrp != nil {
		g.hsrp.Version = p.version
		if p.useBIA && c.MACMode == configs.MACVirtual {
			c.MACMode = configs.MACInterface
		}
	} else {
		p.owner(g)
	}
	if g.delay > 0 && c.Preempt {
		p.preemptDelay(g.at, g.what, g.group, g.delay)
	}
	p.draft.add(g.group)
	if g.name != "" {
		p.draft.name(g.group, g.name)
	}
}

// owner gives the router of an interface's own address the priority of RFC 9568
// section 5.2.4, as IOS does without a command.
func (p *port) owner(g *portGroup) {
	for _, own := range p.own {
		if slices.Contains(g.vrrp.VirtualIPs, own.Addr()) {
			g.vrrp.Priority = hello.OwnerPriority
			p.note(g.at, g.what, fmt.Sprintf("%s is the interface's own address: the router owns it, with priority 255", own.Addr()))
		}
	}
}
