package vip

import "testing"

func TestProbeLeavesNothing(t *testing.T) {
	newLab(t)
	before := snapshot(t)
	s, err := Probe()
	ok(t, err)
	if s.Netdev != nil {
		t.Errorf("netdev tables: %v", s.Netdev)
	}
	t.Logf("%+v", s)
	if after := snapshot(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
