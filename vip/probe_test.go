package vip

import "testing"

func TestProbeLeavesNothing(t *testing.T) {
	newLab(t)
	before := snapshot(t)
	ok(t, Probe())
	if after := snapshot(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
