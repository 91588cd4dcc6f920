package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSinceClearLeavesTheCountersAlone(t *testing.T) {
	now := Counters{Sent: 10, Received: 9, Rejected: map[string]uint64{"auth": 5, "ttl": 2}, Announced: 8, Answered: 7, Conflicts: 6}
	g := Group{Counters: now}
	if diff := cmp.Diff(now, g.SinceClear()); diff != "" {
		t.Errorf("never cleared (-want +got):\n%s", diff)
	}
	g.Cleared = &Cleared{Counters: Counters{Sent: 1, Received: 2, Rejected: map[string]uint64{"auth": 3}, Announced: 4, Answered: 5, Conflicts: 6}}
	want := Counters{Sent: 9, Received: 7, Rejected: map[string]uint64{"auth": 2, "ttl": 2}, Announced: 4, Answered: 2}
	if diff := cmp.Diff(want, g.SinceClear()); diff != "" {
		t.Errorf("cleared (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(uint64(5), g.Counters.Rejected["auth"]); diff != "" {
		t.Errorf("the counter itself (-want +got):\n%s", diff)
	}
	i := Interface{Rejected: map[string]uint64{"ttl": 4}, Cleared: &ClearedInterface{Rejected: map[string]uint64{"ttl": 3}}}
	if diff := cmp.Diff(map[string]uint64{"ttl": 1}, i.SinceClear()); diff != "" {
		t.Errorf("interface (-want +got):\n%s", diff)
	}
}
