package engine

import (
	"maps"
	"slices"
	"time"
)

// Status returns what there is to know at now.
func (e *Engine) Status(now time.Time) Status {
	st := Status{Leave: e.maintenance.All, Maintenance: e.maintenance.All != nil || len(e.groups) > 0}
	for _, g := range e.groups {
		st.Groups = append(st.Groups, g.status(now))
		st.Maintenance = st.Maintenance && g.leave() != nil
	}
	for _, i := range e.ifaces {
		st.Interfaces = append(st.Interfaces, InterfaceStatus{
			Link: i.link, Advertises: i.advertises, Rejected: maps.Clone(i.rejected), Duplicate: i.duplicate, Restored: i.restored, Unsent: i.unsent, LastError: i.lastError,
		})
	}
	for _, o := range e.objects {
		t := TrackStatus{Name: o.Name, Known: o.known, Up: o.up, Since: o.since, Changes: o.changes, Detail: o.detail}
		for _, g := range e.groups {
			if slices.ContainsFunc(g.uses, func(u use) bool { return u.object == o }) {
				t.UsedBy = append(t.UsedBy, g.Ref)
			}
		}
		st.Tracks = append(st.Tracks, t)
	}
	return st
}

func (g *group) status(now time.Time) GroupStatus {
	st := GroupStatus{
		Group: g.Group, Machine: g.machine.Status(), Since: g.changed(),
		InForce: g.priority.inForce, SetPriority: g.priority.override,
		DelayLeft: g.delay.left(now), ForwardingOff: g.iface.link.Off(g.Family),
		Outside: g.outside(), MAC: g.mac, Address: g.iface.link.Addr(g.Family), DownTracks: g.downTracks(),
		Transitions: g.transitions, Last: g.last, Counters: g.counters, Refreshes: g.announcer.Refreshes(),
		Proofs: g.proof.Results(),
		Serves: g.story.holder, ServesSince: g.story.since, Contested: g.story.contested, Unheard: g.unheard(now.Add(-2 * g.story.hold)),
	}
	st.Counters.Rejected, st.Counters.Handovers = maps.Clone(g.counters.Rejected), maps.Clone(g.counters.Handovers)
	st.LastRefresh, _ = g.announcer.LastRefresh()
	st.NextRefresh, _ = g.announcer.NextRefresh()
	if !g.up {
		_, st.Obstacle = g.obstacles()
	}
	if c, ok := g.codec.(*vrrpCodec); ok {
		st.Signed = c.signed.status(now, g)
	}
	if d := g.iface.duplicate; d.Address == st.Address {
		st.Duplicate = d
	}
	if g.story.change != nil {
		st.Change = g.outcome(g.story.change)
	}
	switch {
	case g.tenure == waiting:
		st.Wait = g.waitStatus(now)
	case g.lastWait != nil:
		st.Wait = *g.lastWait
	}
	if g.conflict != nil {
		st.Conflict = *g.conflict
	}
	if g.rival != nil {
		st.Rival = *g.rival
	}
	st.RouteStates, st.RuleStates = g.routeStatus()
	st.Leave = g.leave()
	if v := g.elector().vigil; v != nil {
		st.Unserved, st.StandIn = v.unserved, v.standIn()
	}
	st.Departing = st.Leave != nil && (!g.maintained() || g.tenure != absent)
	st.Covers, st.Stint = g.understudyStatus(), g.understudy.last
	st.Yielded, st.Handover, st.Heirs = g.yielded(), g.passing.handover(), g.heirs.addrs(now, g)
	st.BothActive = g.tenure.claims() && g.rivalCurrent(now, g.elector().machine.Status().HoldTime)
	return st
}

// Changes returns the last changes of who serves, of all groups, oldest first: those
// that follow the one with this ID, or all for 0.
func (e *Engine) Changes(after int) (list []*Change) {
	if e.changes.made <= after {
		return nil
	}
	current := map[*Change]*group{}
	for _, g := range e.groups {
		current[g.story.change] = g
	}
	e.changes.each(func(c *Change) {
		if c.ID <= after {
			return
		}
		if g := current[c]; g != nil {
			c = g.outcome(c)
		}
		list = append(list, c)
	})
	return list
}

// Commands returns the last commands of all groups, oldest first.
func (e *Engine) Commands() []Event { return slices.Clone(e.commands) }

// Transitions returns the recent transitions of all groups, oldest first.
func (e *Engine) Transitions() []Transition { return e.history.list() }
