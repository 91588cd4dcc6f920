package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func checkRights(e *exam) {
	switch {
	case e.NetAdmin && e.NetRaw:
		e.fine("rights", "this user", "has CAP_NET_ADMIN and CAP_NET_RAW")
	case e.NetAdmin:
		e.wrong("rights", "this user", "lacks CAP_NET_RAW")
	case e.NetRaw:
		e.wrong("rights", "this user", "lacks CAP_NET_ADMIN")
	default:
		e.wrong("rights", "this user", "lacks CAP_NET_ADMIN and CAP_NET_RAW")
	}
	switch {
	case !e.config.Daemon.Realtime:
	case e.Realtime:
		e.fine("realtime", "this user", "may use SCHED_FIFO")
	default:
		e.wrong("realtime", "this user", "may not use SCHED_FIFO")
	}
}

// checkClock looks at the clock where it is compared with those of others.
func checkClock(e *exam) {
	for _, g := range e.groups {
		if !g.TimeMatters() {
			continue
		}
		if e.Unsynced {
			e.wrong("clock", "this host", "is not synchronised, "+g.Ref.String()+" compares times", "GROUP", g.Ref.String())
		} else {
			e.fine("clock", "this host", "is synchronised")
		}
		return
	}
}

// checkForwarding looks at IPv4 even without a group: every gateway has to
// forward.
func checkForwarding(e *exam) {
	if e.has("", hello.IPv4) || len(e.groups) == 0 {
		e.switchedOn("forwarding", "ipv4/ip_forward")
	}
	if e.has("", hello.IPv6) {
		e.switchedOn("forwarding", "ipv6/conf/all/forwarding")
	}
	for _, dev := range e.devices() {
		if e.has(dev, hello.IPv4) && e.Sysctls["ipv4/ip_forward"] == "1" {
			e.switchedOn("forwarding", "ipv4/conf/"+dev+"/forwarding")
		}
		if e.has(dev, hello.IPv6) && e.Sysctls["ipv6/conf/all/forwarding"] == "1" {
			e.switchedOn("forwarding-host", "ipv6/conf/"+dev+"/forwarding")
		}
	}
}

// switchedOn reports a setting that has to be 1.
func (e *exam) switchedOn(id, path string) {
	switch value, ok := e.Sysctls[path]; {
	case !ok: // the interface is missing, which another rule says
	case value == "1":
		e.fine(id, "net/"+path, "1")
	default:
		e.wrong(id, "net/"+path, value, "SETTING", "net/"+path)
	}
}

func checkARP(e *exam) {
	for _, dev := range e.devices() {
		if !e.has(dev, hello.IPv4) {
			continue
		}
		e.unwanted("arp-ignore", dev, "arp_ignore", "8")
		e.unwanted("drop-gratuitous-arp", dev, "drop_gratuitous_arp", "1")
		if e.hasVirtual(dev) {
			e.unwanted("arp-notify", dev, "arp_notify", "1")
		}
	}
}

// checkProxies looks for answers of the kernel for the addresses of others. The
// daemon sees to those of proxy_arp where it can.
func checkProxies(e *exam) {
	for _, dev := range e.devices() {
		i, ok := e.byName(dev)
		if !ok {
			continue
		}
		if e.has(dev, hello.IPv4) {
			if e.NoEgress || !e.answersARP(dev) {
				e.unwanted("proxy-arp", dev, "proxy_arp", "1")
			}
			e.unwanted("proxy-arp-pvlan", dev, "proxy_arp_pvlan", "1")
		}
		for _, a := range i.Proxied {
			if e.has(dev, hello.FamilyOf(a)) {
				e.wrong("proxy-neighbor", dev, "answers for "+a.String(), "ADDRESS", a.String(), "INTERFACE", dev)
			}
		}
	}
}

// answersARP reports whether an IPv4 group on an interface has a virtual MAC, which
// the kernel's answers for others can have as well.
func (e *exam) answersARP(dev string) bool {
	return slices.ContainsFunc(e.on(dev), func(g *engine.Group) bool {
		return g.Family == hello.IPv4 && !g.VirtualMAC().IsZero()
	})
}

// unwanted reports a setting of IPv4 that has a bad value for the interface or
// for all; the greater of the two counts.
func (e *exam) unwanted(id, dev, name, bad string) {
	for _, scope := range []string{"all", dev} {
		path := "ipv4/conf/" + scope + "/" + name
		if e.Sysctls[path] == bad {
			e.wrong(id, "net/"+path, bad, "SETTING", "net/"+path)
			return
		}
	}
}

// hasVirtual reports whether an interface has a virtual address of its groups
// as its own.
func (e *exam) hasVirtual(dev string) bool {
	i, _ := e.byName(dev)
	return slices.ContainsFunc(e.on(dev), func(g *engine.Group) bool {
		return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return contains(g.VirtualIPs, p.Addr()) })
	})
}

// checkReversePath warns of the one case in which a strict filter hurts: the
// route back to the hosts leads through another interface of the same network.
func checkReversePath(e *exam) {
	for _, dev := range e.devices() {
		setting := "ipv4/conf/" + dev + "/rp_filter"
		value := max(e.Sysctls["ipv4/conf/all/rp_filter"], e.Sysctls[setting]) // the greater one counts
		other := e.sameNetwork(dev)
		_, here := e.byName(dev)
		switch {
		case !here || value == "" || !e.has(dev, hello.IPv4):
		case value == "1" && other != "":
			e.wrong("rp-filter", dev, fmt.Sprintf("rp_filter is 1 (strict), and %s is in the same network", other),
				"INTERFACE", dev, "OTHER", other, "SETTING", "net/"+setting)
		default:
			e.fine("rp-filter", dev, "rp_filter is "+value)
		}
	}
}

// checkBeside looks for interfaces that answer ARP for the addresses of another one
// on the same segment.
func checkBeside(e *exam) {
	for _, g := range e.groups {
		for _, i := range e.Interfaces {
			if g.Family == hello.IPv4 && e.beside(g, i) && e.answersForAll(i.Name) {
				e.answersBeside(g.VirtualIPs[0], i, "is on the segment of "+g.Interface)
			}
		}
	}
}

func (e *exam) answersBeside(a netip.Addr, i Interface, found string) {
	e.wrong("arp-beside", i.Name, found, "OTHER", i.Name, "ADDRESS", a.String(), "SETTING", "net/ipv4/conf/"+i.Name+"/arp_ignore")
}

// beside reports whether an interface is known to hear the ARP of a group's segment.
// What it hears of a macvlan above the group's interface, the daemon's table drops.
func (e *exam) beside(g *engine.Group, i Interface) bool {
	own, ok := e.byName(g.Interface)
	switch {
	case !ok || i.Index == own.Index || !i.Up || len(g.VirtualIPs) == 0:
		return false
	case i.Kind == "macvlan" && i.Parent == own.Index:
		return false
	case own.Kind == "macvlan" && (i.Index == own.Parent || i.Kind == "macvlan" && i.Parent == own.Parent):
		return true
	}
	return i.Master == own.Master && i.covers(g.VirtualIPs)
}

// answersForAll reports whether the kernel answers ARP on an interface for the
// addresses of others. A strict rp_filter drops the questions there, or else those of
// the other one: see checkReversePath.
func (e *exam) answersForAll(dev string) bool {
	value := func(name string) string {
		return max(e.Sysctls["ipv4/conf/all/"+name], e.Sysctls["ipv4/conf/"+dev+"/"+name]) // the greater one counts
	}
	return value("arp_ignore") == "0" && value("arp_filter") != "1" && value("rp_filter") != "1"
}

// sameNetwork returns another interface that is up and has the network of one
// of the virtual addresses of dev, "" when there is none.
func (e *exam) sameNetwork(dev string) string {
	for _, g := range e.on(dev) {
		for _, i := range e.Interfaces {
			if g.Family == hello.IPv4 && i.Name != dev && i.Up && i.covers(g.VirtualIPs) {
				return i.Name
			}
		}
	}
	return ""
}

// wanted are the settings that the daemon makes while it runs. Greater values
// of arp_ignore do as well.
var wanted = []struct{ name, value string }{{"arp_ignore", "1"}, {"arp_announce", "2"}, {"send_redirects", "0"}}

func checkSysctls(e *exam) {
	for _, dev := range e.devices() {
		for _, w := range wanted {
			path := "ipv4/conf/" + dev + "/" + w.name
			switch value, ok := e.Sysctls[path]; {
			case !ok:
			case value == w.value:
				e.fine("sysctls", "net/"+path, value)
			case e.ReadOnly:
				e.wrong("sysctls", "net/"+path, value+", and it cannot be written", "SETTING", "net/"+path, "VALUE", w.value)
			default:
				e.fine("sysctls", "net/"+path, value+"; the daemon sets "+w.value+" while it runs")
			}
		}
	}
}

// recently is how long a change of the host is worth a warning.
const recently = time.Hour

// checkRestored tells of somebody who undoes what the daemon needs.
func checkRestored(e *exam) {
	for _, r := range e.Restored {
		found := fmt.Sprintf("changes by somebody else that were put back: %d, the last %s ago", r.Times, short(r.Ago.Round(time.Second)))
		if r.Ago < recently {
			e.wrong("restored", r.Interface, found, "INTERFACE", r.Interface)
		} else {
			e.fine("restored", r.Interface, found)
		}
	}
}

func checkConntrack(e *exam) {
	const path = "netfilter/nf_conntrack_tcp_loose"
	switch value, ok := e.Sysctls[path]; {
	case !ok: // connections are not tracked
	case value == "0":
		e.wrong("conntrack-loose", "net/"+path, value)
	default:
		e.fine("conntrack-loose", "net/"+path, value+": connections of the other router are taken over")
	}
	if e.Sysctls["ipv6/ip_nonlocal_bind"] == "0" && e.has("", hello.IPv6) {
		e.fine("nonlocal-bind", "net/ipv6/ip_nonlocal_bind", "0: programs that bind to a virtual IPv6 address before the group is active need 1, fhrpd does not")
	}
}
