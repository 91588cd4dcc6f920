package sim

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The invariants let both routers be active while a port does not forward. A
// router that is silent meanwhile does not become active at all, and takes the
// role from nobody.
func TestRouterWithALatePortIsNeverActiveAlone(t *testing.T) {
	text, err := os.ReadFile("testdata/late-port.txt")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	returns := p.Faults[0].At + p.Faults[0].For
	groups := []string{"HSRP-5 10", "HSRP-5 11", "VRRP-6 12"}
	for _, tt := range []struct {
		delay time.Duration
		want  []string // groups in which the router that returns becomes active
	}{
		{20 * time.Second, nil},
		{5 * time.Second, groups}, // too short
		{0, groups},
	} {
		p.Routers[0].Delay = tt.delay
		res, err := Run(p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, becameActive(t, res.Story, "a", returns)); diff != "" || len(res.Broken) > 0 {
			t.Errorf("delay %v: %q; active (-want +got):\n%s\nstory:\n%s", tt.delay, res.Broken, diff, strings.Join(res.Story, "\n"))
		}
	}
}

var move = regexp.MustCompile(`^ *(\S+) (\w) transition: %(\S+)-STATECHANGE: \S+ Grp (\d+) state \S+ -> (\S+) `)

// becameActive returns the groups in which a router has become active after some
// time, in the order of their numbers.
func becameActive(t *testing.T, story []string, router string, after time.Duration) (groups []string) {
	t.Helper()
	found := map[string]bool{}
	for _, line := range story {
		m := move.FindStringSubmatch(line)
		if m == nil || m[2] != router || m[5] != "Active" {
			continue
		}
		at, err := time.ParseDuration(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if at > after {
			found[m[3]+" "+m[4]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
