package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// A process that does not read its disk when it starts is found in both of its ways: it
// goes by something else, and it takes a role that it was to stay away from.
func TestCheckerFindsAForgottenMaintenance(t *testing.T) {
	for seed := uint64(1); seed <= 400; seed++ {
		p := Random(seed)
		if !slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == Away }) {
			continue
		}
		res, err := run(p, func(port engine.Port) engine.Port { return port }, func(r *router) { r.forgets = true })
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(res.Broken, func(s string) bool { return strings.Contains(s, "in maintenance: false, and on its disk: true") }) {
			return
		}
	}
	t.Error("400 seeds did not find it")
}

// Every maintenance is followed by a fault of the other router, or of the one that is
// away, while it lasts.
func TestMaintenanceAndAnotherFault(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds /= 10
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		p := Random(seed)
		a := int(seed) % len(p.Routers)
		away := Fault{At: 15e9, Kind: Away, A: a, For: 15e9, N: int(seed) % aways}
		kinds := []FaultKind{Crash, Stop, Link, Stall}
		other := Fault{At: 15e9 + 1e6*(1<<(seed%14)), Kind: kinds[seed/7%4], A: (a + int(seed/3)%2) % len(p.Routers), For: 6e9}
		p.Faults = []Fault{away, other}
		res, err := Run(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Broken) > 0 {
			t.Fatalf("seed %d:\n%s\nplan:\n%s\nstory:\n%s", seed, strings.Join(res.Broken, "\n"), p, strings.Join(res.Story, "\n"))
		}
	}
}

func TestScenariosOfMaintenance(t *testing.T) {
	for name, want := range map[string]string{
		"maintenance-peer-dies": "a warning: nobody serves for ",
		"maintenance-returns":   "a warning: comes back from maintenance by itself: nobody served for ",
	} {
		story := play(t, "testdata/"+name+".txt")
		if !slices.ContainsFunc(story, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("%s has no %q in\n%s", name, want, strings.Join(story, "\n"))
		}
	}
}
