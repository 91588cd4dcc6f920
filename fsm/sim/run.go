package sim

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Result is what became of a plan.
type Result struct {
	Broken []string // invariants that did not hold, with their time; none is success
	Story  []string // every event of every router, one line each
}

// Run plays a plan: faults, then everything mended, then twice the bound in
// peace. It stops at the first broken invariant.
func Run(p Plan) (*Result, error) {
	return run(p, func(port engine.Port) engine.Port { return port })
}

// run is Run with something between the engines and their ports, and with changed
// routers.
func run(p Plan, between func(engine.Port) engine.Port, change ...func(*router)) (*Result, error) {
	w := newWorld(p.Seed)
	l := newLAN(w, nic)
	if p.Routers[0].Tied {
		l.second = newLAN(w, nic2)
	}
	res := &Result{}
	c := &checker{lan: l, groups: p.Routers[0].count(), bound: p.bound(), calm: w.now, still: w.now}
	if p.hands() {
		l.station = &neighbor{}
	}
	for i, spec := range p.Routers {
		config, err := spec.config()
		if err != nil {
			return nil, fmt.Errorf("router %d: %w", i, err)
		}
		for n := range config.Groups {
			if g := &config.Groups[n]; l.station != nil && g.Family == hello.IPv4 && g.Follow == "" {
				g.Neighbors = []netip.Addr{neighborIP}
			}
		}
		r := &router{w: w, lan: l, id: i, config: config, first: config, up: true, up2: true, buffer: maxBacklog, preActive: spec.PreActive, forwards: spec.Forwards, clock: spec.Clock, checks: spec.Checks,
			port:   between,
			report: func(s string) { res.Story = append(res.Story, s) },
			broken: func(s string) { c.fail(w.now, "%s", s) },

			disturbs: func() { c.calm, c.still = w.now, w.now },
		}
		r.link = linkOf(r)
		for _, fn := range change {
			fn(r)
		}
		l.routers = append(l.routers, r)
		if l.second != nil {
			l.second.routers = append(l.second.routers, r)
		}
	}
	disturb := func(at time.Duration, fn func()) {
		w.at(epoch.Add(at), func() { c.calm, c.still = w.now, w.now; fn() })
	}
	for _, r := range l.routers {
		// Hosts do not boot at the same instant.
		disturb(time.Duration(w.random.Float64()*float64(time.Second)), r.start)
	}
	for _, f := range p.Faults {
		if f.Kind == Handover && p.gapless() { // at no time nobody serves
			w.at(epoch.Add(f.At), func() { c.calm = w.now; l.inject(f, false) })
			w.at(epoch.Add(min(f.At+f.For, p.Length)), func() { c.calm = w.now; l.inject(f, true) })
			continue
		}
		disturb(f.At, func() { l.inject(f, false) })
		disturb(min(f.At+f.For, p.Length), func() { l.inject(f, true) })
	}
	disturb(p.Length, l.mend)
	w.run(epoch.Add(p.Length+2*c.bound), func() { c.check(w.now) })
	c.check(w.now)
	res.Broken = c.faults
	return res, nil
}

// bound is how long after the last disturbance a plan's routers may need until
// exactly one of them owns the address: a port that does not forward yet, an
// initial delay, a lease that runs out, the way through Speak and Standby, a
// preempt delay, a hello to settle who is better, and what the address may wait
// for. All that may begin only when another router finds that it is less fit.
func (p Plan) bound() time.Duration {
	var longest, found time.Duration
	for _, r := range p.Routers {
		hold := r.Hold
		if strings.Contains(r.Protocol, "vrrp") {
			hold = max(hold, 4*r.Hello)
		}
		longest = max(longest, 3*hold+3*r.Hello+max(r.PreemptDelay, p.reloadedDelay())+r.Deadline+r.Lease+r.Forwards+r.Delay)
		found = max(found, r.Checks)
	}
	if p.hands() {
		longest += handoverBound
	}
	return longest + found + time.Second
}

// reloadedDelay is the preempt delay of another file that the plan gives a router.
func (p Plan) reloadedDelay() time.Duration {
	if slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == Reload }) {
		return reloadedDelay
	}
	return 0
}

// handoverBound is how long a hand-over takes: to be asked for, to pass, to be proven
// for the usual time, and to be given back.
const handoverBound = 12 * time.Second

func linkOf(r *router) engine.Link {
	four := netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + r.id)})
	six := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 15: byte(10 + r.id)})
	return engine.Link{
		Name: nic, Index: 1, MAC: r.mac(), Up: true, Addr4: four, LinkLocal: six,
		Addrs: []netip.Prefix{netip.PrefixFrom(four, 24), netip.PrefixFrom(six, 64)},
	}
}

// groups are the router's groups in the order in which the engine numbers
// them, HSRP first.
func (r Router) groups() []string {
	names := strings.Split(r.Protocol, "+")
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(a[:4], b[:4]) })
	return names
}

// protocols are what the words of a plan stand for.
var protocols = map[string]engine.Group{
	"hsrp1": {Ref: engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4}, Version: 1},
	"hsrp2": {Ref: engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4}, Version: 2},
	"hsrp6": {Ref: engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv6}, Version: 2},
	"vrrp2": {Ref: engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv4}, Version: 2},
	"vrrp3": {Ref: engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv4}, Version: 3},
	"vrrp6": {Ref: engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv6}, Version: 3},
}

// config is that of the router's engine. Every group has its own number and its
// own virtual address.
func (r Router) config() (engine.Config, error) {
	c := engine.Config{Lease: r.Lease}
	for i, name := range r.groups() {
		g, ok := protocols[name]
		if !ok {
			return c, fmt.Errorf("protocol %q: want one of %v joined by +", name, slices.Sorted(maps.Keys(protocols)))
		}
		g.Interface, g.Number = nic, uint16(10+i)
		g.VirtualIPs = []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + i)})}
		if g.Family == hello.IPv6 {
			g.VirtualIPs[0] = netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: 1, 15: byte(i)})
		}
		g.Priority, g.Preempt, g.PreemptDelay = uint8(r.Priority), r.Preempt, r.PreemptDelay
		g.Delay.Minimum = r.Delay
		g.HelloTime, g.Accept = r.Hello, true
		if g.Protocol == hello.ProtocolHSRP {
			g.HoldTime, g.Announce.RealIP = r.Hold, true
		}
		g.Announce.Timing = garp.Timing{Count: 3, Interval: 2 * time.Second, Refresh: time.Minute}
		g.Announce.Probe = engine.ProbeWarn
		if r.PreActive > 0 {
			g.PreActive = r.Deadline
		}
		r.sign(&g)
		c.Groups = append(c.Groups, g)
	}
	if r.Tied {
		tie(&c)
	}
	if r.Checks > 0 {
		track(&c)
	}
	return c, nil
}

// inject does a fault, or undoes it.
func (l *lan) inject(f Fault, undo bool) {
	a, n := l.routers[f.A], f.N
	if undo {
		n = 0
	}
	switch f.Kind {
	case Loss:
		l.loss = float64(n) / 100
	case Dup:
		l.dup = float64(n) / 100
	case Delay:
		l.jitter = max(usualJitter, time.Duration(n)*time.Millisecond)
	case OneWay:
		l.block(f.A, f.B, undo)
	case Partition:
		l.block(f.A, f.B, undo)
		l.block(f.B, f.A, undo)
	case Link:
		a.setLink(undo)
	case Link2:
		a.up2 = undo
		a.linkChanged()
	case Stall:
		if undo {
			a.resume()
		} else {
			a.stall()
		}
	case Priority:
		if undo {
			n = -1
		}
		a.setPriority(n)
	case Refuse:
		a.refuses = !undo
	case Reload:
		a.reload(f.N, undo)
	case Upgrade:
		if undo {
			a.restarted()
		} else {
			a.upgrade(f.N)
		}
	case Handover:
		l.station.pinned, l.station.to = f.N > 0 && !undo, f.A
		if !undo {
			a.handOver()
		}
	case Away:
		a.away(f.N, undo)
	case Bare:
		a.bare = !undo
		a.linkChanged()
	case Crash, Stop:
		switch {
		case undo:
			a.start()
		case f.Kind == Crash:
			a.crash()
		default:
			a.stop()
		}
	}
}

// mend undoes whatever was done.
func (l *lan) mend() {
	l.loss, l.dup, l.jitter = 0, 0, usualJitter
	clear(l.blocked)
	for _, r := range l.routers {
		r.refuses, r.bare = false, false
		r.reload(0, true)
		r.start()
		r.resume()
		r.away(awayAll, true)
		r.prepared()
		r.up2 = true
		r.setLink(true)
		r.setPriority(-1)
	}
}
func (r *router) setPriority(n int) {
	if r.engine == nil || r.stalled {
		return
	}
	for _, g := range r.engine.Status(r.w.now).Groups {
		if g.Follow != "" {
			continue
		}
		if err := r.engine.SetPriority(r.w.now, engine.Caller{}, g.Ref.String(), n); err != nil {
			panic(err) // the plan's priorities are in range
		}
	}
	r.rearm()
}

// Shrink drops faults from a plan that breaks an invariant as long as it goes
// on breaking one, and returns what is left.
func Shrink(p Plan) Plan {
	for i := 0; i < len(p.Faults); i++ {
		less := p
		less.Faults = slices.Delete(slices.Clone(p.Faults), i, i+1)
		if res, err := Run(less); err == nil && len(res.Broken) > 0 {
			p, i = less, -1 // one that was needed before may not be any more
		}
	}
	return p
}
