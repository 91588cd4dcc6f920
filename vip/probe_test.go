package vip

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProbeLeavesNothing(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	lasting, err := Probe()
	ok(t, err)
	if after := snapshot(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if iface := l.open(Options{}); lasting != (iface.tableFlags != 0) {
		t.Errorf("tables persist: %v, but Open has made one with flags %d", lasting, iface.tableFlags)
	}
}

func TestProbeTellsWhatTheKernelLacks(t *testing.T) {
	newNetns(t)
	for _, tt := range []struct {
		name      string
		newer     error // of a table that persists
		any       error
		lasting   bool
		wantError error
	}{
		{name: "Linux 6.9", lasting: true},
		{name: "Linux 6.1", newer: unix.EOPNOTSUPP},
		{name: "older", newer: unix.EINVAL},
		{name: "no nf_tables", newer: unix.EOPNOTSUPP, any: unix.EOPNOTSUPP, wantError: unix.EOPNOTSUPP},
		{name: "no right", newer: unix.EPERM, any: unix.EPERM, wantError: unix.EPERM},
	} {
		lasting, err := probe(func(_ *conn, flags uint32) error {
			if flags != 0 {
				return tt.newer
			}
			return tt.any
		})
		if lasting != tt.lasting || !errors.Is(err, tt.wantError) {
			t.Errorf("%s: %v, %v, want %v, %v", tt.name, lasting, err, tt.lasting, tt.wantError)
		}
	}
}
