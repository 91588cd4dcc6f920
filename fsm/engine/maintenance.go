package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// MaintenanceOrder is an operator's word on maintenance that was understood and is not
// carried out yet: what comes of it is to be stored first.
type MaintenanceOrder struct {
	On     bool
	By     Caller
	Groups []Ref       // empty: all, also those that are yet to come
	After  Maintenance // what is true when it is carried out
}

// command is the name of the order.
func (o *MaintenanceOrder) command() string {
	if o.On {
		return CommandMaintenanceOn
	}
	return CommandMaintenanceOff
}

// OrderMaintenance understands the word that groups, or all when none is named, leave
// their elections or come back to them, and changes nothing. leave is for those that
// have none yet. A group that is not configured any more may come back. The error is a
// *GroupError or a *RefusedError.
func (e *Engine) OrderMaintenance(on bool, by Caller, groups []string, leave Leave) (MaintenanceOrder, error) {
	o := MaintenanceOrder{On: on, By: by}
	for _, text := range groups {
		ref, err := e.subject(&o, text)
		if err != nil {
			return MaintenanceOrder{}, err
		}
		if !slices.Contains(o.Groups, ref) {
			o.Groups = append(o.Groups, ref)
		}
	}
	if on {
		o.After = e.maintenance.with(o.Groups, leave)
	} else {
		o.After = e.maintenance.without(o.Groups, e.electors())
	}
	return o, nil
}

// subject returns the group that an operator's text means. Who follows another group
// goes where that goes.
func (e *Engine) subject(o *MaintenanceOrder, text string) (Ref, error) {
	if !o.On {
		for ref := range e.maintenance.Groups {
			if ref.String() == text {
				return ref, nil
			}
		}
	}
	g, err := e.find(text)
	switch {
	case err != nil:
		return Ref{}, err
	case e.stopping:
		return Ref{}, refused(o.command(), g, "the daemon stops")
	case g.leader != nil:
		return Ref{}, refused(o.command(), g, "it follows %s: name that, and it comes along", g.leader.Name)
	}
	return g.Ref, nil
}

// electors are the groups that elect for themselves.
func (r *router) electors() (refs []Ref) {
	for _, g := range r.groups {
		if g.leader == nil && !g.dismissed {
			refs = append(refs, g.Ref)
		}
	}
	return refs
}

// Maintain carries out an order whose outcome is stored. Active groups hand their role
// over where another router can take it, and resign as at a stop where none can; who
// comes back begins with its initial delay. An error says that the engine stops, and
// nothing has changed then.
func (e *Engine) Maintain(now time.Time, o MaintenanceOrder) error {
	if e.stopped || e.stopping {
		return fmt.Errorf("%s: the daemon stops", o.command())
	}
	was := e.maintenance
	e.maintenance = o.After
	all := e.tellOrder(now, &o)
	for _, g := range e.groups {
		_, out := was.Of(g.Ref)
		_, goes := o.After.Of(g.Ref)
		switch {
		case g.leader != nil || g.dismissed || out == goes:
		case goes:
			g.ordered = g.order(now, &o, all)
			e.depart(now, g, o.By)
		default:
			g.ordered = g.order(now, &o, all)
			g.rejoin(now)
		}
	}
	e.Flush(now)
	e.endFarewells(now)
	return nil
}

// tellOrder tells of an order that is about all groups, or about some that are not
// configured, and returns the record of the former.
func (e *Engine) tellOrder(now time.Time, o *MaintenanceOrder) *Record {
	if len(o.Groups) == 0 {
		c := e.commanded(now, Event{}, Command{Name: o.command(), By: o.By})
		return e.record(Record{At: now, Kind: RecordCommand, Command: &c})
	}
	for _, ref := range o.Groups {
		if !slices.ContainsFunc(e.groups, func(g *group) bool { return g.Ref == ref && !g.dismissed }) {
			e.commanded(now, Event{}, Command{Name: o.command(), About: ref.String(), By: o.By})
		}
	}
	return nil
}

// order returns the record of an order: that about all groups, or one of its own.
func (g *group) order(now time.Time, o *MaintenanceOrder, all *Record) *Record {
	if all != nil {
		return all
	}
	return g.commanded(now, Command{Name: o.command(), By: o.By})
}

// depart has a group leave for maintenance: by a hand-over, at whose end it leaves, or
// by a resignation.
func (e *Engine) depart(now time.Time, g *group, by Caller) {
	g.turned()
	g.departing = g.passing.under() || e.Handover(now, by, g.Ref.String(), HandoverOptions{because: g.ordered}) == nil
	if !g.departing {
		g.reconsiderAll(now)
	}
}

// rejoin lets a group take part again, after its initial delay.
func (g *group) rejoin(now time.Time) {
	for _, m := range append([]*group{g}, g.followers...) {
		m.turned()
		if m.up { // it had not left yet
			continue
		}
		if m.last == nil { // it has taken no part since the start
			m.delay.settled = false
		}
		if why, _ := m.linkObstacle(&m.iface.link); why == "" {
			m.delay.begin(now, "maintenance", m.Delay)
		}
	}
	g.reconsiderAll(now)
}

// reconsiderAll reconsiders a group, and then those that follow it: leaders say how
// long they go on serving.
func (g *group) reconsiderAll(now time.Time) {
	g.reconsider(now)
	for _, f := range g.followers {
		f.turned()
		f.reconsider(now)
	}
}

// leave returns the operator's word that the group is out of its election, nil when
// there is none.
func (g *group) leave() *Leave {
	if l, ok := g.r.maintenance.Of(g.elector().Ref); ok {
		return &l
	}
	return nil
}

// maintained reports whether the group is out of its election, or on its way. One that
// hands over takes part until that has ended.
func (g *group) maintained() bool {
	e := g.elector()
	if e.departing && e.passing.under() {
		return false
	}
	_, out := g.r.maintenance.Of(e.Ref)
	return out
}

// comeBack ends the maintenance of a group that nobody serves meanwhile, without a
// delay.
func (g *group) comeBack(now time.Time, unserved time.Duration) {
	r, l := g.r, g.leave()
	why := "[daemon] maintenance is \"return\""
	if l.Doubtful {
		why = "what was stored of its maintenance cannot be read"
	}
	detail := fmt.Sprintf("nobody served for %v, and %s", unserved.Round(time.Millisecond), why)
	r.maintenance = r.maintenance.without([]Ref{g.Ref}, r.electors())
	r.returned(r.maintenance)
	g.ordered = r.record(Record{At: now, Kind: RecordRouter, Cause: fsm.CauseMaintenance, Detail: detail})
	g.tell(now, KindWarning, "comes back from maintenance by itself: "+detail)
	for _, m := range append([]*group{g}, g.followers...) {
		m.turned()
		m.delay = delay{able: m.delay.able, settled: true}
		m.doubt()
	}
}

// Unconfigured returns the groups in maintenance that are not configured. They stay
// so, should they be configured again.
func (e *Engine) Unconfigured() (refs []Ref) {
	for ref := range e.maintenance.Groups {
		if !slices.ContainsFunc(e.groups, func(g *group) bool { return g.Ref == ref && !g.dismissed }) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.String(), b.String()) })
	return refs
}

// Maintenance returns which groups are in maintenance.
func (e *Engine) Maintenance() Maintenance { return e.maintenance }
