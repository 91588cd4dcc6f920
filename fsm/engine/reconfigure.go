package engine

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Replaced reports whether a group cannot become c while it runs: it leaves its
// election then, and c starts as a new group.
func (g *Group) Replaced(c *Group) bool {
	return g.Version != c.Version || g.VirtualMAC() != c.VirtualMAC() || g.Follow != c.Follow ||
		g.OwnsAddress() != c.OwnsAddress() || (len(g.VirtualIPs) == 0) != (len(c.VirtualIPs) == 0)
}

// Reconfigure goes on with another configuration. A group of which nothing has
// changed, nor of what it depends on, is not touched: its role, timers and frames are
// what they would have been.
// What Replaced does not name changes while the group runs. Groups that are no longer
// configured resign as at a stop, and are forgotten when their successors are heard
// or have had their time.
//
// ports has the ports of interfaces that are new, and by is who asked for it. An error
// says that a port or a leader is missing, or that the engine stops, and nothing has
// changed then.
func (e *Engine) Reconfigure(now time.Time, c Config, ports map[string]Port, by Caller) error {
	if err := e.reconfigurable(c, ports); err != nil {
		return err
	}
	command := e.commanded(now, Event{}, Command{Name: CommandReload, By: by})
	asked := e.record(Record{At: now, Kind: RecordCommand, Command: &command})
	e.lease, e.requireForwarding, e.returns = c.Lease, c.RequireForwarding, c.Return
	e.retrack(now, c.Tracks)
	wanted := map[Ref]*Group{}
	for n := range c.Groups {
		wanted[c.Groups[n].Ref] = &c.Groups[n]
	}
	e.dismissAll(now, wanted)
	changed := map[ID]bool{}
	for _, g := range e.groups {
		if n := wanted[g.Ref]; !g.dismissed && n != nil {
			changed[g.id] = e.configure(now, g, *n, asked)
			delete(wanted, g.Ref)
		}
	}
	var joined []*group
	for n := range c.Groups {
		gc := &c.Groups[n]
		switch old := e.leaving(gc.Ref); {
		case wanted[gc.Ref] == nil:
		case old != nil:
			old.successor = gc
		default:
			g, _ := e.add(now, *gc, ports[gc.Interface]) // its port is there
			joined = append(joined, g)
		}
	}
	e.join(now, joined)
	for _, g := range e.groups { // after those that have joined: a leader stops for a follower that has not started
		if changed[g.id] || g.hinderedAnew() {
			g.doubt()
		}
	}
	e.restrainAll(now) // leaders know their followers' objects now
	e.arrange(c)
	for _, i := range e.ifaces {
		i.forwarding.doubt = true
		i.warnOutside(now)
	}
	for _, g := range e.groups {
		g.vigil.look(now, g) // whether it comes back may have changed
	}
	e.Flush(now)
	e.endFarewells(now)
	return nil
}

func (e *Engine) reconfigurable(c Config, ports map[string]Port) error {
	if e.stopped || e.stopping {
		return fmt.Errorf("the daemon stops")
	}
	for _, g := range c.Groups {
		if e.byName[g.Interface] == nil && ports[g.Interface] == nil {
			return fmt.Errorf("group %s: no port for the interface", g.Ref)
		}
		if err := g.fits(); err != nil {
			return fmt.Errorf("group %s: %w", g.Ref, err)
		}
		if g.Follow == "" {
			continue
		}
		if !slices.ContainsFunc(c.Groups, func(l Group) bool { return l.Name == g.Follow && l.Follow == "" }) {
			return fmt.Errorf("group %s follows %q, which does not exist or follows another group itself", g.Ref, g.Follow)
		}
	}
	return nil
}

// fits reports whether the keys of g can be used.
func (g *Group) fits() error {
	if g.Protocol == hello.ProtocolHSRP {
		return new(hsrpCodec).configure(g)
	}
	return new(vrrpCodec).configure(g)
}

// retrack keeps what is known of objects that go on.
func (e *Engine) retrack(now time.Time, tracks []Track) {
	var objects []*object
	for _, t := range tracks {
		objects = append(objects, e.retracked(now, t))
	}
	e.objects = objects
}

// retracked returns the object that t is about. One that is about something else now
// counts as it did until its first result, unless that is known already.
func (e *Engine) retracked(now time.Time, t Track) *object {
	o := e.object(t.Name)
	if o != nil && o.Interface == t.Interface {
		o.Track = t
		return o
	}
	n := newObject(now, t)
	if o != nil {
		*n = *o // not o itself, by which linkOf still tells of the other interface
		n.Track = t
	}
	if l := e.linkOf(t.Interface); l != nil {
		n.known, n.up, n.since, n.detail = true, l.Up, now, "line protocol "+upDown(l.Up)
	}
	return n
}

// linkOf returns what is known of an interface that is tracked.
func (e *Engine) linkOf(name string) *Link {
	if i := e.byName[name]; i != nil {
		return &i.link
	}
	for _, o := range e.objects {
		if name != "" && o.Interface == name && o.known {
			return &Link{Name: name, Up: o.up}
		}
	}
	return nil
}

// dismissAll has those groups leave that are not wanted, or not as they are. Who
// follows such a group goes with it.
func (e *Engine) dismissAll(now time.Time, wanted map[Ref]*Group) {
	goes := func(g *group) bool {
		n := wanted[g.Ref]
		return n == nil || g.Group.Replaced(n)
	}
	for _, g := range slices.Clone(e.groups) { // leaders first: they say how long
		if g.leader == nil && !g.dismissed && goes(g) {
			g.dismiss(now)
		}
	}
	for _, g := range slices.Clone(e.groups) {
		if g.leader != nil && !g.dismissed && (goes(g) || g.leader.dismissed) {
			g.dismiss(now)
		}
	}
}

// dismiss has a group leave its election for good.
func (g *group) dismiss(now time.Time) {
	g.dismissed, g.successor = true, nil
	g.r.dismissed = append(g.r.dismissed, g)
	g.turned()
	g.reconsider(now)
}

// leaving returns the group that is on its way out under a reference, or nil.
func (e *Engine) leaving(ref Ref) *group {
	for _, g := range e.dismissed {
		if g.Ref == ref {
			return g
		}
	}
	return nil
}

// bury forgets the groups that have left and have nothing more to announce, and
// starts those that take their places.
func (e *Engine) bury(now time.Time) {
	var joined []*group
	e.settle()
	e.dismissed = slices.DeleteFunc(e.dismissed, func(g *group) bool {
		if g.tenure != absent || !g.announcer.deadline().IsZero() {
			return false
		}
		e.forget(g)
		if g.successor != nil {
			n, _ := e.add(now, *g.successor, g.iface.port)
			joined = append(joined, n)
		}
		return true
	})
	if len(joined) > 0 {
		e.join(now, joined)
		e.Flush(now)
	}
}

// forget removes every trace of a group. An interface without groups goes as well.
func (e *Engine) forget(g *group) {
	i := g.iface
	i.setVirtualIPs(g, nil)
	i.setNeighbors(g, nil)
	if i.byWire[g.wire] == g {
		delete(i.byWire, g.wire)
	}
	other := func(o *group) bool { return o == g }
	i.groups = slices.DeleteFunc(i.groups, other)
	e.groups = slices.DeleteFunc(e.groups, other)
	if g.leader != nil {
		g.leader.followers = slices.DeleteFunc(g.leader.followers, other)
	}
	delete(e.byID, g.id)
	e.silent.file(&g.machineTask, time.Time{}, false)
	e.chores.file(&g.choreTask, time.Time{}, false)
	i.port.Remove(g.id)
	if len(i.groups) == 0 && g.successor == nil {
		delete(e.byName, i.name)
		e.ifaces = slices.DeleteFunc(e.ifaces, func(o *iface) bool { return o == i })
	}
}

// join starts groups that were added while the engine runs. An interface that could
// carry them before has not come up for them: there is no initial delay.
func (e *Engine) join(now time.Time, groups []*group) {
	for _, g := range groups {
		if g.Follow != "" {
			_ = g.followLeader() // which is there
			st := g.leader.machine.Status()
			g.step(now, fsm.Leader{Active: st.Role == fsm.Active, Standby: st.Role == fsm.Standby, Cause: fsm.CauseStarted})
		}
		g.noteOwned(now, g.onLink())
		if g.InterfaceMAC {
			g.mac = g.iface.link.MAC
		}
		why, _ := g.linkObstacle(&g.iface.link)
		g.delay.able, g.delay.settled = why == "", true
	}
	for _, g := range groups {
		g.prepared(now, g.prepare())
		g.prioritize(now, nil)
		g.turned()
		g.doubt()
	}
}

// arrange puts the groups into the order of the configuration.
func (e *Engine) arrange(c Config) {
	place := map[Ref]int{}
	for n, g := range c.Groups {
		place[g.Ref] = n
	}
	at := func(g *group) int {
		if n, found := place[g.Ref]; found {
			return n
		}
		return len(c.Groups)
	}
	slices.SortStableFunc(e.groups, func(a, b *group) int { return at(a) - at(b) })
}

// configure makes a running group another one that does not replace it. It reports
// whether there is a difference.
func (e *Engine) configure(now time.Time, g *group, c Group, asked *Record) (changed bool) {
	was := g.Group
	same := reflect.DeepEqual(was, c)
	g.Group = c
	e.useObjects(g)
	g.prioritize(now, asked)
	g.regrant(now)
	if same {
		return false
	}
	g.turned()
	if g.codec != nil {
		_ = g.codec.configure(&g.Group) // which was tried before
	}
	if ev := c.configured(); !reflect.DeepEqual(ev, was.configured()) {
		g.step(now, ev)
	}
	g.readdress(now, &was)
	g.findNeighbors(now)
	g.reannounce(now, was.Announce)
	g.regrant(now)
	return true
}

// hinderedAnew reports whether something keeps the group from running and did not, or
// the other way round: what the daemon requires, or the interface that an object is
// about. A leader's followers say so themselves.
func (g *group) hinderedAnew() bool {
	why, _ := g.ownObstacle()
	return (why != "") == g.up
}

// configured is what the machine has to know of c.
func (g *Group) configured() fsm.Configured {
	return fsm.Configured{
		Preempt: g.Preempt, PreemptDelay: g.PreemptDelay, HelloTime: g.HelloTime, HoldTime: g.HoldTime,
		VirtualIPs: g.VirtualIPs, Accept: g.Accept,
	}
}

// readdress changes what the kernel has of the group, whose gate stays open.
func (g *group) readdress(now time.Time, was *Group) {
	moved := !slices.Equal(was.VirtualIPs, g.VirtualIPs)
	if moved {
		g.iface.setVirtualIPs(g, slices.Clone(g.VirtualIPs))
		g.noteOwned(now, g.onLink())
	}
	same := slices.Equal(was.Routes, g.Routes) && slices.Equal(was.Rules, g.Rules)
	if !same {
		g.routes = nil
	}
	if !moved && same && slices.Equal(was.Prefixes, g.Prefixes) && was.RouteOnly == g.RouteOnly && was.Accepts() == g.Accepts() {
		return
	}
	g.prepared(now, g.prepare())
	if !g.tenure.hasAddress() {
		return
	}
	g.askAddresses()
	if moved {
		g.announce(now, fsm.Claim)
	}
}

// reannounce goes on with another schedule. Bursts that are under way keep theirs.
func (g *group) reannounce(now time.Time, was Announce) {
	if g.tenure != serving {
		return
	}
	if was.Timing != g.Group.Announce.Timing {
		g.announcer.Retime(now, g.Group.Announce.Timing)
	}
	if was.RouterLifetime != g.Group.Announce.RouterLifetime {
		g.advertiser = newAdvertiser(now, g.Group.Announce.RouterLifetime)
	}
}

// regranted ends the change of a lease. It reports whether there was one: a gate that
// is open stays so under the lease that it has when the kernel refuses another.
func (g *group) regranted(now time.Time, err error) bool {
	was := g.earlier
	g.earlier = nil
	if was == nil || err == nil {
		return was != nil
	}
	g.iface.leases.remove(g.grant.term)
	g.grant = *was
	g.iface.leases.add(now, was.term)
	g.tell(now, KindLease, fmt.Sprintf("the lease stays %v: %v", was.lease, err))
	return true
}

// regrant asks for another lease when the open gate should have one.
func (g *group) regrant(now time.Time) {
	t := g.term()
	if !g.tenure.hasAddress() || t == g.grant.term {
		return
	}
	if g.earlier == nil {
		was := g.grant
		g.earlier = &was
	}
	g.iface.leases.remove(g.grant.term)
	g.grant = grant{t, now}
	g.iface.leases.add(now, t)
	g.iface.out.open = append(g.iface.out.open, Claim{ID: g.id, Lease: t.lease})
	g.iface.out.add = append(g.iface.out.add, g.id)
}
