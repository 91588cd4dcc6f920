package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/google/go-cmp/cmp"
)

// roleLine returns the roles of a gateway with their beginnings.
func roleLine(r record, node string) string {
	var parts []string
	for _, s := range roles(story(r), node, r.end) {
		parts = append(parts, fmt.Sprintf("%s %s", s.name, signed(ms(s.from.Sub(r.fault)))))
	}
	return strings.Join(parts, ", ")
}

func TestTheStoryTellsWhoServes(t *testing.T) {
	frozen := sample("freeze")
	frozen.second = at(650)
	frozen.transitions[nodeGW1] = []status.Transition{{Group: 1, From: "Active", To: "Listen", At: at(650.2), Cause: "stalled"}}
	stopped := sample("stop")
	stopped.ended = map[string]time.Time{nodeGW1: at(560)}
	early := sample("stop")
	early.ended = map[string]time.Time{nodeGW1: at(20)}
	unclaimed := sample("kill")
	unclaimed.arrivals = unclaimed.arrivals[:990]
	quick := sample("stop")
	for i := range quick.arrivals[1000:] {
		quick.arrivals[1000+i].via, quick.arrivals[1000+i].at = nodeGW2, quick.arrivals[1000+i].at.Add(500*time.Microsecond)
	}
	crashed := sample("priority")
	crashed.ended = map[string]time.Time{nodeGW2: at(900)}
	for name, tc := range map[string]struct {
		r        record
		gw1, gw2 string
	}{
		"killed, its kernel forwards on the lease":    {sample("kill"), "active −1000.0, serving 0.0, dead +551.1", "standby −1000.0, active +549.9"},
		"killed, and nothing is forwarded":            {unclaimed, "active −1000.0, dead 0.0", "standby −1000.0, active +549.9"},
		"frozen, and woken":                           {frozen, "active −1000.0, serving 0.0, frozen +551.1, other +650.2", "standby −1000.0, active +549.9"},
		"stopped, serves until relieved, then ends":   {stopped, "active −1000.0, serving 0.0, other +551.1, dead +560.0", "standby −1000.0, active +549.9"},
		"stopped, its kernel goes on after its end":   {early, "active −1000.0, serving 0.0, dead +551.1", "standby −1000.0, active +549.9"},
		"stopped between two datagrams":               {quick, "active −1000.0, serving 0.0, other +0.6", "standby −1000.0, active +549.9"},
		"a daemon that ended although nobody told it": {crashed, "active −1000.0", "standby −1000.0, active +549.9, dead +900.0"},
	} {
		if d := cmp.Diff([]string{tc.gw1, tc.gw2}, []string{roleLine(tc.r, nodeGW1), roleLine(tc.r, nodeGW2)}); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestTheVerdictTellsWhoServed(t *testing.T) {
	dispute := []stretch{{"gw1", -1000, 5}, {"gw2", 6, 7}, {"gw1", 8, 9}, {"gw2", 10, 11}, {"gw1", 12, 2000}}
	for want, tc := range map[string]struct {
		fault string
		list  []stretch
	}{
		"nobody": {"kill", nil},
		"gw1 (its kernel, on the lease), then gw2 from +506.0 ms":    {"freeze", []stretch{{"gw1", -1000, 505}, {"gw2", 506, 1999}}},
		"gw1 (until its successor is heard), then gw2 from +0.9 ms":  {"stop", []stretch{{"gw1", -1000, 0.5}, {"gw2", 0.9, 1999}}},
		"gw1 until 0.0 ms, then gw2 from +50.0 ms":                   {"link", []stretch{{"gw1", -1000, -0.04}, {"gw2", 50, 1999}}},
		"gw1, then gw2 from +0.9 ms":                                 {"stop", []stretch{{"gw1", -1000, -0.1}, {"gw2", 0.9, 1999}}},
		"gw1 until −3.0 ms, then gw2 from +506.0 ms until +900.0 ms": {"kill", []stretch{{"gw1", -1000, -3}, {"gw2", 506, 900}}},
		"gw1": {"partition", []stretch{{"gw1", -1000, 1999}}},
		"both in turns, 5 times in all; gw1 in the end": {"partition", dispute},
	} {
		if got := servedText(plan{rate: time.Millisecond, fault: findFault(tc.fault)}, tc.list, 2000); got != want {
			t.Errorf("have %q\nwant %q", got, want)
		}
	}
	if d := cmp.Diff([]stretch{{"gw1", -999.9, 550.1}, {"gw2", 551.1, 1999.1}}, judge(sample("kill")).Served); d != "" {
		t.Error(d)
	}
}

func TestNoRowForWhatDidNotHappen(t *testing.T) {
	nobody := sample("kill")
	nobody.sightings = slices.DeleteFunc(nobody.sightings, func(s sighting) bool { return s.Node == nodeGW2 && s.At.After(at(200)) })
	delete(nobody.transitions, nodeGW2)
	nobody.arrivals = nobody.arrivals[:1800]
	silent := sample("kill")
	silent.arrivals = nil
	split := sample("partition")
	for ms := 150.0; ms < 2000; ms += 200 {
		split.see(claim(nodeGW1, ms))
	}
	for name, tc := range map[string]struct {
		r     record
		not   []string
		wants []string
	}{
		"nobody took over, nothing arrives any more": {nobody,
			[]string{"arrives again", "ms after the fault", "Hello Active from"},
			[]string{"the first datagram that is lost; none arrives after it", "outage            at least 1200.0 ms, to the end", "none by gw2 of 1 of 1 groups"}},
		"nothing ever arrived":         {silent, []string{"the slowest took", "carries the traffic", "forwards on"}, []string{"served by         nobody"}},
		"a router that goes on":        {split, []string{"its last Hello", "after the partition"}, nil},
		"there is no standby":          {sample("preempt"), []string{"    standby  "}, nil},
		"a run in which all went well": {sample("kill"), []string{"at least", "none by"}, []string{"its last Hello Active", "takeover          550.0 ms after the fault", "    standby  "}},
	} {
		got := text(tc.r.plan, story(tc.r), judge(tc.r), ink{})
		for _, s := range tc.not {
			if strings.Contains(got, s) {
				t.Errorf("%s: %q is told:\n%s", name, s, got)
			}
		}
		for _, s := range tc.wants {
			if !strings.Contains(got, s) {
				t.Errorf("%s: %q is not told:\n%s", name, s, got)
			}
		}
	}
}

func TestARouterThatClaimsAgainIsTold(t *testing.T) {
	r := sample("freeze")
	r.see(claim(nodeGW1, 1200))
	got := text(r.plan, story(r), judge(r), ink{})
	if !strings.Contains(got, "+1200.0   ┃   ┃   gw1    Hello Active from") {
		t.Errorf("a claim after a silence is not told:\n%s", got)
	}
}
