package vip

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProbeLeavesNothing(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	can, err := Probe()
	ok(t, err)
	if after := snapshot(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if iface := l.open(Options{}); can != (Nftables{iface.tableFlags != 0, iface.rules.egress}) {
		t.Errorf("%+v, but Open has made a table with flags %d, egress %v", can, iface.tableFlags, iface.rules.egress)
	}
}

func TestProbeTellsWhatTheKernelLacks(t *testing.T) {
	newNetns(t)
	for _, tt := range []struct {
		name      string
		newer     error // of a table that persists
		any       error
		leaving   error // of rules about what leaves
		want      Nftables
		wantError error
	}{
		{name: "Linux 6.9", want: Nftables{Persistent: true, Egress: true}},
		{name: "Linux 6.9 without egress", leaving: unix.EOPNOTSUPP, want: Nftables{Persistent: true}},
		{name: "Linux 6.1", newer: unix.EOPNOTSUPP, want: Nftables{Egress: true}},
		{name: "older", newer: unix.EINVAL, leaving: unix.EOPNOTSUPP},
		{name: "no nf_tables", newer: unix.EOPNOTSUPP, any: unix.EOPNOTSUPP, wantError: unix.EOPNOTSUPP},
		{name: "no right", newer: unix.EPERM, any: unix.EPERM, wantError: unix.EPERM},
	} {
		can, err := probe(func(_ *conn, flags uint32) error {
			if flags != 0 {
				return tt.newer
			}
			return tt.any
		}, func(*conn) error { return tt.leaving })
		if can != tt.want || !errors.Is(err, tt.wantError) {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, can, err, tt.want, tt.wantError)
		}
	}
}
