package importer

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// standby reads "standby …" of IOS: of the interface, or of a group, which is 0 when
// no number stands there.
func (p *port) standby(c *command) {
	if p.ofInterface(c) {
		return
	}
	words, id := c.rest(1), 0
	if n, ok := number(c.arg(1), 0, hello.MaxGroupV2); ok {
		words, id = c.rest(2), n
	} else if c.arg(1) != "" && c.arg(1)[0] >= '0' && c.arg(1)[0] <= '9' {
		p.not(c.at, c.String(), fmt.Sprintf("group: %s", outside(0, hello.MaxGroupV2)))
		return
	}
	p.hsrpCommand(c, id, 0, words)
}

// ofInterface reads what holds for all groups of an interface, and reports whether
// it was that.
func (p *port) ofInterface(c *command) bool {
	switch c.arg(1) {
	case "version":
		if n, ok := number(c.arg(2), 1, 2); ok {
			p.version = uint8(n)
		} else {
			p.not(c.at, c.String(), "want 1 or 2")
		}
	case "use-bia":
		p.useBIA = true
	case "delay":
		p.delays(c)
	case "redirect", "redirects":
		p.note(c.at, c.String(), "redirects of an interface with an active group are switched off, and are not sent with the virtual address")
	case "mac-refresh":
		p.not(c.at, c.String(), "hellos of the active router refresh the switches, and announce.refresh does")
	case "bfd":
		p.not(c.at, c.String(), "fhrpd does not speak BFD: hello goes down to 3ms")
	default:
		return false
	}
	return true
}

// delays reads "delay minimum N reload N".
func (p *port) delays(c *command) {
	for n := 2; n < len(c.words); n += 2 {
		t, ok := seconds(c.arg(n + 1))
		switch {
		case !ok || t > time.Hour:
			p.not(c.at, c.String(), c.words[n]+": want seconds, 3600 at most")
		case c.arg(n) == "minimum":
			p.delay.Minimum = t
		case c.arg(n) == "reload":
			p.delay.Reload = t
		default:
			p.not(c.at, c.String(), c.words[n]+": there are minimum and reload")
		}
	}
}

// hsrp reads "hsrp …" of NX-OS: of the interface, or a group with commands below.
func (p *port) hsrp(c *command) {
	if p.ofInterface(c) {
		return
	}
	id, ok := number(c.arg(1), 0, hello.MaxGroupV2)
	if !ok {
		p.not(c.at, c.String(), "fhrpd has nothing like it")
		return
	}
	family := hello.IPv4
	if c.arg(2) == "ipv6" {
		family = hello.IPv6
	}
	p.group("hsrp", id, family, c)
	for _, b := range c.below {
		p.hsrpCommand(b, id, family, b.words)
	}
}

// hsrpCommand reads one command of a group. The words are those behind its number.
func (p *port) hsrpCommand(c *command, id int, family hello.Family, words []string) {
	if len(words) == 0 {
		return
	}
	word, args := strings.ToLower(words[0]), words[1:]
	switch {
	case word == "ipv6":
		family = hello.IPv6
	case word == "ip" && family == 0:
		family = hello.IPv4
	}
	g := p.group("hsrp", id, family, c)
	h := g.hsrp
	switch word {
	case "ip", "ipv6":
		p.virtual(c, g, args)
	case "priority":
		p.priority(c, g, args)
	case "preempt":
		p.preempt(c, g, args)
	case "timers":
		p.timers(c, h, args)
	case "authentication":
		p.hsrpAuth(c, h, args)
	case "track":
		p.trackRef(c, g.group, args)
	case "name":
		if len(args) > 0 {
			g.name = strings.Join(args, "-")
		}
	case "follow":
		if len(args) > 0 {
			h.Follow = label(args[0])
		}
	case "mac-address":
		p.mac(c, h, args)
	case "bfd":
		p.not(c.at, c.String(), "fhrpd does not speak BFD: hello goes down to 3ms")
	case "no":
		if len(args) == 0 || !slices.Contains([]string{"preempt", "bfd", "shutdown"}, args[0]) {
			p.not(c.at, c.String(), "fhrpd has nothing like it")
		} else if args[0] == "preempt" {
			h.Preempt = false
		}
	default:
		p.not(c.at, c.String(), "fhrpd has nothing like it")
	}
}

// virtual reads the address of a group: none learns it, "autoconfig" is the link-local
// of the virtual MAC.
func (p *port) virtual(c *command, g *portGroup, args []string) {
	g.enabled = true
	if len(args) == 0 || args[0] == "autoconfig" {
		if g.hsrp != nil && g.family == hello.IPv6 {
			a := hello.VirtualLinkLocal(hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv6, g.hsrp.ID))
			g.address(netip.PrefixFrom(a, a.BitLen()))
		}
		return
	}
	pfx, ok := hostPrefix(args[0])
	if !ok {
		p.not(c.at, c.String(), fmt.Sprintf("%q is not an address", args[0]))
		return
	}
	for _, w := range args[1:] {
		if w != "secondary" && w != "primary" {
			p.not(c.at, c.String(), fmt.Sprintf("%q was left out: fhrpd has nothing like it", w))
		}
	}
	a := netip.PrefixFrom(pfx.Addr(), pfx.Addr().BitLen())
	vips := &g.common().VirtualIPs
	g.address(a)
	if !slices.Contains(args, "secondary") && len(*vips) > 1 && a.Addr().Is4() { // the primary is first, wherever it stands
		n := slices.Index(*vips, a.Addr())
		*vips = slices.Insert(slices.Delete(*vips, n, n+1), 0, a.Addr())
	}
}

func (p *port) priority(c *command, g *portGroup, args []string) {
	if len(args) == 0 {
		return
	}
	n, ok := number(args[0], 0, 255)
	switch {
	case !ok:
		p.not(c.at, c.String(), outside(1, 255))
		return
	case n == 0:
		p.not(c.at, c.String(), "the lowest priority is 1: it is that")
		n = 1
	}
	g.common().Priority = uint8(n)
	switch rest := args[1:]; {
	case len(rest) == 0:
	case rest[0] == "preempt":
		p.preempt(c, g, rest[1:])
	default:
		p.not(c.at, c.String(), strings.Join(rest, " ")+" was left out: fhrpd has nothing like it")
	}
}

// preempt reads "preempt [delay [minimum] N] [reload N] [sync N]".
func (p *port) preempt(c *command, g *portGroup, args []string) {
	g.common().Preempt = true
	for n := 0; n < len(args); n++ {
		switch args[n] {
		case "delay":
		case "minimum", "reload", "sync":
			if n++; n >= len(args) {
				return
			}
			t, ok := seconds(args[n])
			switch {
			case !ok:
				p.not(c.at, c.String(), "want a number of seconds")
			case args[n-1] == "minimum":
				g.delay = t
			default:
				p.not(c.at, c.String(), args[n-1]+" was left out: preempt_delay is there always, delay = { reload = … } is for the first start")
			}
		default:
			if t, ok := seconds(args[n]); ok {
				g.delay = t
			} else {
				p.not(c.at, c.String(), fmt.Sprintf("%q was left out: fhrpd has nothing like it", args[n]))
			}
		}
	}
}

// timers reads "[msec] HELLO [msec] HOLD".
func (p *port) timers(c *command, h *configs.HSRP, args []string) {
	var times []time.Duration
	for n := 0; n < len(args); n++ {
		unit := time.Second
		if args[n] == "msec" && n+1 < len(args) {
			unit = time.Millisecond
			n++
		}
		t, ok := number(args[n], 0, 255000)
		if !ok {
			break
		}
		times = append(times, time.Duration(t)*unit)
	}
	if len(times) != 2 {
		p.not(c.at, c.String(), "want hello and hold")
		return
	}
	h.Learn, h.Hello, h.Hold = false, times[0], times[1]
}

// hsrpAuth reads the authentication of a group.
func (p *port) hsrpAuth(c *command, h *configs.HSRP, args []string) {
	s := &statement{at: c.at, words: []string{c.String()}}
	switch {
	case len(args) == 0:
	case args[0] == "md5" && len(args) > 2 && args[1] == "key-chain":
		p.useChain(c, h, args[2])
	case args[0] == "md5" && len(args) > 2 && args[1] == "key-string":
		key, why := keyString(args[2:])
		if why != "" {
			p.not(c.at, c.String(), why)
			return
		}
		h.Auth = configs.Auth{MD5: key}
		if slices.Contains(args[3:], "timeout") {
			p.not(c.at, c.String(), "timeout was left out: a keychain has two keys at a time")
		}
	case args[0] == "text" && len(args) > 1:
		h.Auth = configs.Auth{Text: p.text(s, args[1])}
	case args[0] == "mode" && len(args) > 2:
		h.Auth = configs.Auth{Text: p.text(s, args[2])}
	case args[0] != "md5":
		h.Auth = configs.Auth{Text: p.text(s, args[0])}
	default:
		p.not(c.at, c.String(), "want md5 key-string or key-chain, or a text")
	}
}

// mac reads a MAC in the form of IOS, 0000.0c07.ac0a.
func (p *port) mac(c *command, h *configs.HSRP, args []string) {
	if len(args) > 0 {
		if hw, err := net.ParseMAC(args[0]); err == nil && len(hw) == 6 {
			h.MACMode, h.MAC = configs.MACChosen, hello.MAC(hw)
			return
		}
	}
	p.not(c.at, c.String(), "want a MAC such as 0000.0c07.ac0a")
}
