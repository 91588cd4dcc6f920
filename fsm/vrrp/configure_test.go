package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

func configured(c Config, change func(*fsm.Configured)) fsm.Configured {
	ev := fsm.Configured{Preempt: c.Preempt, PreemptDelay: c.PreemptDelay, HelloTime: c.AdverInterval, VirtualIPs: c.VirtualIPs, Accept: c.Accept}
	change(&ev)
	return ev
}

// What is due stays due or comes earlier: the Backups go by the interval in the last
// advertisement.
func TestIntervalThatChangesPutsNothingOff(t *testing.T) {
	for _, tt := range []struct {
		name     string
		interval time.Duration
	}{{"longer", 30 * time.Second}, {"shorter", 200 * time.Millisecond}} {
		r := in(t, Active, v3())
		before, _ := r.Deadline()
		now := before.Add(-900 * time.Millisecond)
		out := r.Step(now, configured(r.cfg, func(ev *fsm.Configured) { ev.HelloTime = tt.interval }))
		want := before
		if now.Add(tt.interval).Before(before) {
			want = now.Add(tt.interval)
		}
		if at, _ := r.Deadline(); !at.Equal(want) || len(out) != 0 || r.state != Active {
			t.Errorf("%s: %d actions, in %s, next after %v, want none and %v", tt.name, len(out), r.state, at.Sub(now), want.Sub(now))
		}
		if st := r.Status(); st.HelloTime != tt.interval {
			t.Errorf("%s: interval %v, want %v", tt.name, st.HelloTime, tt.interval)
		}
	}
}

// In version 3 a Backup has learned its interval (RFC 9568 section 6.1).
func TestBackupKeepsTheIntervalThatItLearned(t *testing.T) {
	r := in(t, Backup, v3())
	r.Step(t0, advert(v3(), greater, 200))
	want := r.Status().HelloTime
	r.Step(t0, configured(r.cfg, func(ev *fsm.Configured) { ev.HelloTime = 30 * time.Second }))
	if got := r.Status().HelloTime; got != want {
		t.Errorf("interval %v, want %v", got, want)
	}
}

func TestOtherAddressesAreAdvertisedAtOnce(t *testing.T) {
	other := []netip.Addr{netip.MustParseAddr("192.0.2.77")}
	for _, state := range []State{Backup, Active} {
		r := in(t, state, v3())
		out := r.Step(t0.Add(time.Millisecond), configured(r.cfg, func(ev *fsm.Configured) { ev.VirtualIPs = other }))
		if sent := len(out) == 1; sent != (state == Active) || r.state != state {
			t.Errorf("%s: %d actions, then in %s", state, len(out), r.state)
		}
	}
}
