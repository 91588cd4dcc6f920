package daemon

import (
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// routesAgain is when a route that could not be made is tried again without news of
// its interface: what is in its way may be a route of somebody else.
const routesAgain = 10 * time.Second

// tellRoutes tells the loop, from the worker, what has become of the routes of
// groups.
func (p *port) tellRoutes(o *opened, list []vip.RouterRoutes) {
	if p.routed != nil && len(list) > 0 {
		p.routed(o, list)
	}
}

// checkRoutes has the worker look at the routes of the groups with an address.
func (p *port) checkRoutes() {
	o := p.opened
	if o == nil || o.iface == nil {
		return
	}
	p.work.do(func() {
		list, err := o.iface.RestoreRoutes()
		if err != nil {
			p.log.Warn("routes", "interface", p.name, "error", err)
		}
		p.tellRoutes(o, list)
	})
}

// routed brings the word of a port's worker to the engine.
func (d *Daemon) routed(o *opened, list []vip.RouterRoutes) {
	d.loop.Post(func() {
		reports, failed := o.forms.reports(list)
		d.engine.RoutesReported(time.Now(), reports)
		if failed && !d.routesDue {
			d.routesDue = true
			d.after(routesAgain, func() {
				d.routesDue = false
				d.checkRoutes()
			})
		}
	})
}

// checkRoutes looks after routes and rules everywhere.
func (d *Daemon) checkRoutes() {
	for _, p := range d.ports {
		p.checkRoutes()
	}
}

// reports translates the data plane's word on the present forms of groups.
func (f *forms) reports(list []vip.RouterRoutes) (out []engine.RouteReport, failed bool) {
	for _, r := range list {
		id, known := f.owner[r.ID]
		if !known || f.of(id) != r.ID {
			continue
		}
		report := engine.RouteReport{ID: id}
		for _, s := range slices.Concat(r.Routes, r.Rules) {
			failed = failed || s.Err != nil
			report.Outcomes = append(report.Outcomes, engine.RouteOutcome(s))
		}
		out = append(out, report)
	}
	return out, failed
}

// routeInterfaces are those that routes of groups go through.
func routeInterfaces(groups []engine.Group) (names []string) {
	for _, g := range groups {
		for _, r := range g.Routes {
			if r.Interface != "" && !slices.Contains(names, r.Interface) {
				names = append(names, r.Interface)
			}
		}
	}
	return names
}

// viaRoutes converts what the engine knows to what the data plane knows.
func viaRoutes(list []engine.Route) (out []vip.Route) {
	for _, r := range list {
		out = append(out, vip.Route(r))
	}
	return out
}

func viaRules(list []engine.Rule) (out []vip.Rule) {
	for _, r := range list {
		out = append(out, vip.Rule(r))
	}
	return out
}
