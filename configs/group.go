package configs

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Defaults that HSRP groups and VRRP routers share.
const (
	defaultDecrement    = 10
	announceCount       = 3
	announceInterval    = 2 * time.Second
	announceRefresh     = time.Minute
	bridgeAgeing        = 300 * time.Second // after which switches forget a silent MAC
	defaultHookDeadline = 500 * time.Millisecond
)

// protocol is what differs between the protocols in the common keys.
type protocol struct {
	preempt bool // default: off in HSRP as on IOS, on in VRRP (RFC 9568 section 6.1)
	realIP  bool // what real_ip = "auto" means
}

// group reads the common keys. The virtual addresses come in the order of the
// file; the family is 0 where the file has none.
func (p *parser) group(at position, r *rawGroup, proto protocol) Group {
	g := Group{
		Interface:    p.device(&r.Interface),
		Name:         p.label(&r.Name),
		Priority:     uint8(p.number(&r.Priority, hello.DefaultPriority, 1, 255, "")),
		Preempt:      r.Preempt.or(proto.preempt),
		PreemptDelay: p.duration(&r.PreemptDelay, 0, 0, time.Hour),
		Delay:        p.delay(&r.Delay.v),
		Follow:       p.label(&r.Follow),
		Announce:     p.announce(&r.Announce.v, proto.realIP),
		Hooks:        p.hooks(&r.Hooks.v),
		Install:      Install(oneOf(p, &r.Install, "address, route")),
		Understudy:   r.Understudy.or(true),
		Confirm:      r.Confirm.or(false),
	}
	g.VirtualIPs, g.Prefixes = p.virtualIPs(&r.VirtualIPs)
	g.MACMode, g.MAC = p.mac(&r.MAC)
	if len(g.VirtualIPs) > 0 {
		g.Family = hello.FamilyOf(g.VirtualIPs[0])
	}
	if g.Announce.RouterLifetime > 0 && g.Family == hello.IPv4 {
		p.fault(r.Announce.v.RouterLifetime.at, "announce.router_lifetime is for IPv6 groups")
	}
	g.Track = p.trackRefs(&r.Track)
	g.Neighbors = p.neighbors(r, g.VirtualIPs, g.Family)
	g.Routes, g.Rules = p.routes(&r.Routes, g.Family), p.routeRules(&r.Rules, g.Family)
	if g.PreemptDelay > 0 && !g.Preempt {
		p.warn(r.PreemptDelay.at, "preempt_delay has no effect without preempt = true")
	}
	return g
}

func (p *parser) delay(r *rawDelay) Delay {
	d := Delay{
		Minimum: p.duration(&r.Minimum, 0, 0, time.Hour),
		Reload:  p.duration(&r.Reload, 0, 0, time.Hour),
	}
	if d.Reload > 0 && d.Reload < d.Minimum {
		p.warn(r.Reload.at, "delay.reload %s has no effect: delay.minimum %s is longer and holds after the first start too",
			short(d.Reload), short(d.Minimum))
	}
	return d
}

func (p *parser) neighbors(r *rawGroup, vips []netip.Addr, family hello.Family) []netip.Addr {
	out := p.addresses(&r.Neighbors, family)
	for _, it := range r.Neighbors.items {
		if a, err := netip.ParseAddr(it.v); err == nil && slices.Contains(vips, a) {
			p.fault(it.at, "neighbors %s is a virtual address of the group itself", a)
		}
	}
	return out
}

func (p *parser) mac(o *opt[string]) (mode MACMode, mac hello.MAC) {
	s := o.or(string(MACVirtual))
	if mode = MACMode(s); mode == MACVirtual || mode == MACInterface {
		return mode, mac
	}
	hw, err := net.ParseMAC(s)
	switch {
	case err != nil || len(hw) != 6:
		p.fault(o.at, `mac %q must be "virtual", "interface" or an address such as "02:00:5e:10:00:01"`, s)
	case hw[0]&1 != 0:
		p.fault(o.at, "mac %s is a multicast address, unicast is wanted", hw)
	case hello.MAC(hw).IsZero():
		p.fault(o.at, "mac %s is not the address of a host", hw)
	default:
		return MACChosen, hello.MAC(hw)
	}
	o.bad = true
	return MACVirtual, mac
}

func (p *parser) trackRefs(l *list[rawTrackRef]) []TrackRef {
	var refs []TrackRef
	for _, it := range l.items {
		r := &it.v
		ref := TrackRef{Object: r.Object.v, Shutdown: r.Shutdown.v}
		switch {
		case !ref.Shutdown:
			ref.Decrement = int(p.number(&r.Decrement, defaultDecrement, 1, 255, ""))
		case r.Decrement.set:
			p.fault(r.Decrement.at, "track has both decrement and shutdown: a group that leaves the election has no priority to lower")
		}
		switch name := ref.Object; {
		case r.Object.bad:
		case !r.Object.set:
			p.fault(it.at, "track without object: the name of a [[track]]")
		case p.tracks[name].line == 0:
			p.fault(r.Object.at, "track object %q does not exist%s", name, hint(name, "known are ", slices.Sorted(maps.Keys(p.tracks))))
		case slices.ContainsFunc(refs, func(other TrackRef) bool { return other.Object == name }):
			p.fault(r.Object.at, "track object %q is used twice in the group", name)
		}
		refs = append(refs, ref)
	}
	return refs
}

func (p *parser) announce(r *rawAnnounce, auto bool) Announce {
	a := Announce{
		Count:    int(p.number(&r.Count, announceCount, 1, 60, "")),
		Interval: p.duration(&r.Interval, announceInterval, 100*time.Millisecond, time.Hour),
		Refresh:  p.refresh(&r.Refresh),
		RealIP:   auto,
		Probe:    oneOf(p, &r.Probe, "warn, off, veto"),

		RouterLifetime: p.routerLifetime(&r.RouterLifetime),
	}
	if realIP := oneOf(p, &r.RealIP, "auto, on, off"); realIP != "auto" {
		a.RealIP = realIP == "on"
	}
	return a
}

func (p *parser) refresh(o *opt[span]) time.Duration {
	d, given := p.durationOr(o, announceRefresh, time.Second, 24*time.Hour, "off")
	if given && d >= bridgeAgeing {
		p.warn(o.at, "announce.refresh %s: switches forget a silent MAC after %s", short(d), short(bridgeAgeing))
	}
	return d
}

// maxRouterLifetime is AdvDefaultLifetime's limit in RFC 4861 section 6.2.1.
const maxRouterLifetime = 9000 * time.Second

func (p *parser) routerLifetime(o *opt[span]) time.Duration {
	d, given := p.durationOr(o, 0, time.Second, maxRouterLifetime, "off")
	if given && d%time.Second != 0 {
		p.fault(o.at, "announce.router_lifetime %s: whole seconds are wanted", d)
	}
	return d
}

func (p *parser) hooks(r *rawHooks) Hooks {
	h := Hooks{Active: p.argv(&r.Active), Standby: p.argv(&r.Standby)}
	pre := &r.PreActive
	if !pre.given() {
		return h
	}
	h.PreActive.Command = p.argv(&pre.v.Command)
	deadline := p.duration(&pre.v.Deadline, defaultHookDeadline, 10*time.Millisecond, time.Minute)
	if len(h.PreActive.Command) > 0 {
		h.PreActive.Deadline = deadline
	} else if !pre.v.Command.bad {
		p.fault(pre.at, "hooks.pre_active without command: the program that is waited for")
	}
	return h
}
