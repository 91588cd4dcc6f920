package engine_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

var routedConfig = strings.Replace(vrrpConfig, "priority", `routes = [{ to = "0.0.0.0/0", via = "203.0.113.1", interface = "eth7", metric = 10 }]
rules = [{ from = "192.0.2.0/24", table = 100, priority = 1000 }]
priority`, 1)

const (
	theRoute = "0.0.0.0/0 via 203.0.113.1 dev eth7 metric 10"
	theRule  = "rule 1000: from 192.0.2.0/24 table 100"
)

// routesAre compares where the route and the rule are.
func (h *host) routesAre(when string, route, rule engine.RouteStatus) {
	h.t.Helper()
	route.What, rule.What = theRoute, theRule
	g := h.group("eth0:10")
	if diff := cmp.Diff([][]engine.RouteStatus{{route}, {rule}}, [][]engine.RouteStatus{g.RouteStates, g.RuleStates}); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func (h *host) tellRoutes(route, rule engine.RouteOutcome) {
	h.e.RoutesReported(h.now, []engine.RouteReport{{ID: 1, Outcomes: []engine.RouteOutcome{route, rule}}})
}

func TestRoutesAreWhereThePortSays(t *testing.T) {
	h := newHost(t, routedConfig).up("eth0")
	out, in := engine.RouteStatus{State: engine.RouteOut}, engine.RouteStatus{State: engine.RouteIn}
	if v := h.port.added[1]; len(v.Routes) != 1 || len(v.Rules) != 1 {
		t.Errorf("the port got %+v", v)
	}
	h.tellRoutes(engine.RouteOutcome{}, engine.RouteOutcome{}) // of an earlier role
	h.routesAre("before", out, out)
	h.until("eth0:10", "Active")
	h.routesAre("not told yet", out, out)
	down := engine.RouteOutcome{Err: errors.New("eth7 is down")}
	h.clear().tellRoutes(down, engine.RouteOutcome{})
	h.tellRoutes(down, engine.RouteOutcome{})
	h.routesAre("down", engine.RouteStatus{State: engine.RouteFailed, Why: "eth7 is down"}, in)
	if diff := cmp.Diff([]string{theRoute + " is not in: eth7 is down; tried again when that changes"}, h.told(engine.KindWarning)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.tellRoutes(engine.RouteOutcome{}, engine.RouteOutcome{Restored: true})
	h.routesAre("up", in, in)
	if diff := cmp.Diff([]string{theRoute + " is in"}, h.told(engine.KindNotice)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{theRule + " was removed by somebody else; put back"}, h.told(engine.KindAddress)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := h.e.Status(h.now).Interfaces[0].Restored.Routes; got != 1 {
		t.Errorf("%d counted as put back, want 1", got)
	}
	h.state("eth0:10", "Active")
	h.heard(vrrpFrame(200))
	h.state("eth0:10", "Backup")
	h.routesAre("the role is lost", out, out)
}

func TestRoutesChangeInPlace(t *testing.T) {
	h := newHost(t, routedConfig).up("eth0").until("eth0:10", "Active").clear()
	h.tellRoutes(engine.RouteOutcome{}, engine.RouteOutcome{})
	c := parsed(t, strings.Replace(routedConfig, "metric = 10", "metric = 11", 1))
	if err := h.e.Reconfigure(h.now, c, nil, engine.Caller{}); err != nil {
		t.Fatal(err)
	}
	h.state("eth0:10", "Active")
	if got := h.port.added[1].Routes[0].Metric; got != 11 {
		t.Errorf("the port has metric %d", got)
	}
	if g := h.group("eth0:10"); g.RouteStates[0].State != engine.RouteOut {
		t.Errorf("the new one is %+v before the port says so", g.RouteStates[0])
	}
}

func TestVirtualsWithOtherRoutesDiffer(t *testing.T) {
	v := engine.Virtual{Routes: []engine.Route{{To: netip.MustParsePrefix("0.0.0.0/0")}}, Rules: []engine.Rule{{Priority: 1}}}
	if !v.Equal(v) || v.Equal(engine.Virtual{Rules: v.Rules}) || v.Equal(engine.Virtual{Routes: v.Routes}) {
		t.Error("routes and rules do not count")
	}
}
