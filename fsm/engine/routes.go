package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Route is a route that a group brings along while it has its address.
type Route struct {
	To        netip.Prefix
	Via       netip.Addr // the next hop, of To's family; invalid: none
	Interface string     // "": the kernel finds it by Via
	Table     uint32     // 0: that of the VRF of the group's interface, or main
	Metric    uint32     // 0: the kernel's own, which is 1024 in IPv6
	Src       netip.Addr // what this router's own packets come from; invalid: the kernel chooses
	Type      string     // "" is unicast; or blackhole, unreachable, prohibit
	OnLink    bool       // Via is reached through Interface, whatever its subnets
}

// Rule says by which table packets are routed while a group has its address. From or
// To is valid, and gives the family.
type Rule struct {
	From     netip.Prefix
	To       netip.Prefix
	IIF      string // the interface that they come in by; "": any
	OIF      string // the one that a socket is bound to; "": any
	FwMark   uint32 // 0: any
	Table    uint32 // 0: that of the VRF of the group's interface, or main
	Priority uint32 // the kernel asks the lowest first
}

// String says the route in the words of ip-route(8).
func (r Route) String() string {
	var b strings.Builder
	if r.Type != "" {
		b.WriteString(r.Type + " ")
	}
	b.WriteString(r.To.String())
	part(&b, "via", r.Via, r.Via.IsValid())
	part(&b, "dev", r.Interface, r.Interface != "")
	part(&b, "src", r.Src, r.Src.IsValid())
	part(&b, "metric", r.Metric, r.Metric != 0)
	part(&b, "table", r.Table, r.Table != 0)
	if r.OnLink {
		b.WriteString(" onlink")
	}
	return b.String()
}

// String says the rule in the words of ip-rule(8).
func (r Rule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule %d:", r.Priority)
	part(&b, "from", r.From, r.From.IsValid())
	part(&b, "to", r.To, r.To.IsValid())
	part(&b, "iif", r.IIF, r.IIF != "")
	part(&b, "oif", r.OIF, r.OIF != "")
	part(&b, "fwmark", r.FwMark, r.FwMark != 0)
	part(&b, "table", r.Table, r.Table != 0)
	return b.String()
}

func part(b *strings.Builder, key string, v any, given bool) {
	if given {
		fmt.Fprintf(b, " %s %v", key, v)
	}
}

// RouteOutcome is the port's word on one route or rule.
type RouteOutcome struct {
	Err      error // why the kernel does not have it; nil: it has
	Restored bool  // somebody else had removed it, and it was put back
}

// RouteReport is the port's word on the routes and then the rules of a group, in
// their order.
type RouteReport struct {
	ID       ID
	Outcomes []RouteOutcome
}

// RouteState says where a route or rule of a group is.
type RouteState string

// The states.
const (
	RouteOut    RouteState = "out"    // the group has not its address, or has it for a moment only
	RouteIn     RouteState = "in"     // in the kernel
	RouteFailed RouteState = "failed" // to be tried again
)

// RouteStatus is a route or rule of a group.
type RouteStatus struct {
	What  string // in the words of ip-route(8) or ip-rule(8)
	State RouteState
	Why   string // RouteFailed: what the kernel said
}

// RoutesReported takes the port's word on routes and rules. They decide nothing: a
// group whose way out is broken leaves its role by its tracked objects.
func (e *Engine) RoutesReported(now time.Time, list []RouteReport) {
	if e.stopped {
		return
	}
	for _, r := range list {
		if g := e.byID[r.ID]; g != nil && g.tenure.hasAddress() && len(r.Outcomes) == len(g.Routes)+len(g.Rules) {
			g.routed(now, r.Outcomes)
		}
	}
	e.Flush(now)
}

// companions names the routes and rules of the group.
func (g *group) companions() (list []string) {
	for _, r := range g.Routes {
		list = append(list, r.String())
	}
	for _, r := range g.Rules {
		list = append(list, r.String())
	}
	return list
}

// routed compares what the port says with what it said before, and tells what is new.
func (g *group) routed(now time.Time, outcomes []RouteOutcome) {
	was, names := g.routes, g.companions()
	g.routes = make([]RouteStatus, len(names))
	for n, o := range outcomes {
		st := RouteStatus{What: names[n], State: RouteIn}
		if o.Err != nil {
			st.State, st.Why = RouteFailed, o.Err.Error()
		}
		g.routes[n] = st
		before := RouteStatus{State: RouteOut}
		if n < len(was) {
			before = was[n]
		}
		switch {
		case o.Restored:
			g.iface.countRestored(now, &g.iface.restored.Routes, 1)
			g.tell(now, KindAddress, st.What+" was removed by somebody else; put back")
		case st.State == RouteFailed && (before.State != RouteFailed || before.Why != st.Why):
			g.tell(now, KindWarning, fmt.Sprintf("%s is not in: %s; tried again when that changes", st.What, st.Why))
		case st.State == RouteIn && before.State == RouteFailed:
			g.tell(now, KindNotice, st.What+" is in")
		}
	}
}

// routeStatus returns where the routes and the rules are.
func (g *group) routeStatus() (routes, rules []RouteStatus) {
	list := make([]RouteStatus, 0, len(g.Routes)+len(g.Rules))
	for n, what := range g.companions() {
		st := RouteStatus{What: what, State: RouteOut}
		if g.tenure.hasAddress() && n < len(g.routes) {
			st = g.routes[n]
		}
		list = append(list, st)
	}
	return list[:len(g.Routes)], list[len(g.Routes):]
}
