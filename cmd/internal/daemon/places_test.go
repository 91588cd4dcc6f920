package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestFollowersAreToldOfOtherPlaces(t *testing.T) {
	main, vrf := place{"eth1", unix.RT_TABLE_MAIN}, place{"eth1", 10}
	eth2 := place{"eth2", unix.RT_TABLE_MAIN}
	p := newPlaces()
	for _, step := range []struct {
		name            string
		list            []place
		gateways, moves bool
	}{
		{"the first, which they read anyway", []place{main}, false, false},
		{"the same", []place{main}, false, false},
		{"opened in a VRF", []place{vrf}, true, false},
		{"one more", []place{vrf, eth2}, true, true},
		{"one less", []place{eth2}, true, true},
	} {
		p.set(step.list)
		if diff := cmp.Diff(step.list, p.now(), cmp.AllowUnexported(place{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if told := len(p.gateways) > 0; told != step.gateways {
			t.Errorf("%s: whoever looks for gateways was told: %v", step.name, told)
		}
		if told := len(p.moves) > 0; told != step.moves {
			t.Errorf("%s: whoever follows moves was told: %v", step.name, told)
		}
		for _, n := range []nudge{p.gateways, p.moves} {
			if len(n) > 0 {
				<-n
			}
		}
	}
}

// The tables of VRFs are looked in as well, each once.
func TestTables(t *testing.T) {
	got := tables([]place{{"eth1", 10}, {"eth2", unix.RT_TABLE_MAIN}, {"eth3", 10}})
	if diff := cmp.Diff([]int{unix.RT_TABLE_MAIN, 10}, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}
