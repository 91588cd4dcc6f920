package vip

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testLease = 500 * time.Millisecond

// silence returns the time from when until the last datagram that was
// forwarded, sending one a millisecond until none has come for a while.
func (l *lab) silence(since time.Time) time.Duration {
	l.t.Helper()
	last, misses := since, 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for misses < 20 {
		<-tick.C
		sent := time.Now()
		if sent.Sub(since) > 5*testLease {
			l.t.Fatalf("still forwarding %v later", sent.Sub(since))
		}
		if l.quick() {
			last, misses = sent, 0
		} else {
			misses++
		}
	}
	return last.Sub(since)
}

// quick sends one datagram and reports whether it is out within a millisecond.
func (l *lab) quick() bool {
	l.t.Helper()
	write(l.t, l.lan, frame(vmac, far4, l.next))
	l.next++
	for b := receive(l.t, l.wan, time.Millisecond); b != nil; b = receive(l.t, l.wan, time.Millisecond) {
		if number(b) == l.next-1 {
			return true
		}
	}
	return false
}

func checkLease(t *testing.T, got time.Duration) {
	t.Helper()
	t.Logf("forwarded for %v with a lease of %v", got, testLease)
	if got < testLease-20*time.Millisecond || got > testLease+50*time.Millisecond {
		t.Errorf("forwarded for %v, want %v", got, testLease)
	}
}

func TestLeaseThatIsNotRenewedRunsOut(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, testLease)
	mustRenew(t, p)
	checkLease(t, l.silence(time.Now()))

	lost, err := p.Renew()
	ok(t, err)
	if diff := cmp.Diff([]ID{10}, lost); diff != "" {
		t.Errorf("lost by Renew (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("Renew reopened the gate (-want +got):\n%s", diff)
	}
	mustRenew(t, p) // told once
	mustGate(t, p, []Claim{{10, testLease}}, nil)
	if diff := cmp.Diff(each(3, 1), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("claimed anew (-want +got):\n%s", diff)
	}
}

func TestRenewedLeaseGoesOn(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, testLease)
	if got := p.RenewEvery(); got != testLease/3 {
		t.Errorf("RenewEvery is %v, want a third of %v", got, testLease)
	}
	renew := time.NewTicker(p.RenewEvery())
	defer renew.Stop()
	for range 6 { // two leases
		<-renew.C
		mustRenew(t, p)
		if !l.quick() {
			t.Fatal("not forwarded while the lease is renewed")
		}
	}
}

func TestGateDoesNotReopenWhatRanOut(t *testing.T) {
	second := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 2}}
	for _, tt := range []struct {
		name string
		open []Claim
		want []ID
	}{
		{"other router of the class", []Claim{{2, testLease}}, []ID{10}},
		{"the router itself", []Claim{{10, testLease}}, []ID{10}},
		{"the router itself, with another lease", []Claim{{10, 2 * testLease}}, []ID{10}},
		{"the router itself, shut and opened at once", []Claim{{10, testLease}}, []ID{10}},
		{"the router itself and another", []Claim{{10, testLease}, {2, testLease}}, []ID{10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			p := l.open(Options{})
			l.active(p, testLease)
			ok(t, p.Add(2, second))
			l.silence(time.Now())
			var shut []ID
			if strings.Contains(tt.name, "shut") {
				shut = []ID{10}
			}
			lost, err := p.Gate(tt.open, shut)
			ok(t, err)
			if diff := cmp.Diff(tt.want, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
				t.Errorf("reopened (-want +got):\n%s", diff)
			}
			for _, c := range tt.open {
				if c.ID == 2 {
					if diff := cmp.Diff(each(3, 1), l.through(l.lan, l.wan, second.MAC, far4, 3)); diff != "" {
						t.Errorf("the new claim is not forwarded (-want +got):\n%s", diff)
					}
				}
			}
		})
	}
}

func TestLeasesOfDifferentLengthRunSeparately(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, testLease)
	forever := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 2}}
	long := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 3}}
	ok(t, p.Add(2, forever))
	ok(t, p.Add(3, long))
	mustGate(t, p, []Claim{{2, 0}, {3, time.Minute}}, nil)
	if got := p.RenewEvery(); got != testLease/3 {
		t.Errorf("RenewEvery is %v, want a third of the smallest lease", got)
	}
	l.silence(time.Now())
	for _, r := range []Router{forever, long} {
		if diff := cmp.Diff(each(2, 1), l.through(l.lan, l.wan, r.MAC, far4, 2)); diff != "" {
			t.Errorf("router %x (-want +got):\n%s", r.MAC, diff)
		}
	}
	lost, err := p.Renew()
	ok(t, err)
	if diff := cmp.Diff([]ID{10}, lost); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
	if got := p.RenewEvery(); got != time.Minute/3 {
		t.Errorf("RenewEvery is %v, want a third of the minute that is left", got)
	}
	mustGate(t, p, []Claim{{10, 2 * time.Second}}, nil)
	if got := len(p.classes); got != 3 {
		t.Errorf("%d classes, want the unused one to be taken again", got)
	}
	if diff := cmp.Diff(each(2, 1), l.forwarded(far4, 2)); diff != "" {
		t.Errorf("reused class (-want +got):\n%s", diff)
	}
	mustGate(t, p, nil, []ID{2, 3, 10})
	if got := p.RenewEvery(); got != 0 {
		t.Errorf("RenewEvery is %v with nothing open, want 0", got)
	}
}

func TestSuspendEndsLeases(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, time.Minute)
	p.classes[0].renewed -= 2 * time.Minute // the clock that counts suspended time says so
	lost, err := p.Renew()
	ok(t, err)
	if diff := cmp.Diff([]ID{10}, lost); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("still open (-want +got):\n%s", diff)
	}
}

func TestKernelsWordCountsWhateverTheClockSays(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, testLease)
	l.silence(time.Now())
	p.classes[0].renewed = bootTime()
	lost, err := p.Renew()
	ok(t, err)
	if diff := cmp.Diff([]ID{10}, lost); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("reopened (-want +got):\n%s", diff)
	}
}

func TestTablePutBackDoesNotReviveALease(t *testing.T) {
	l := newLab(t)
	p := l.openFlags(Options{}, 0)
	l.active(p, testLease)
	since := time.Now()
	until(t, testLease, "half a lease", func() bool { return time.Since(since) > testLease/2 })
	ok(t, p.restoreTable()) // what the watch calls
	checkLease(t, l.silence(since))
	ok(t, p.restoreTable())
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("revived (-want +got):\n%s", diff)
	}
	lost, err := p.Renew()
	ok(t, err)
	if diff := cmp.Diff([]ID{10}, lost); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
}

func TestFailedGateChangesNothing(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, time.Minute)
	if _, err := p.Gate([]Claim{{99, time.Second}}, []ID{10}); err == nil {
		t.Fatal("a router that was never added was accepted")
	}
	if diff := cmp.Diff(each(3, 1), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	mustRenew(t, p)
	if diff := cmp.Diff(each(3, 1), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("renewed (-want +got):\n%s", diff)
	}
	mustGate(t, p, nil, []ID{10})
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("shut (-want +got):\n%s", diff)
	}
}

func TestConflictingOrdersInOneGate(t *testing.T) {
	l := newLab(t)
	p := l.open(Options{})
	l.active(p, time.Minute)
	mustGate(t, p, []Claim{{10, time.Minute}, {10, time.Hour}, {10, time.Minute}}, []ID{10, 10})
	if diff := cmp.Diff(each(3, 1), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("open wins (-want +got):\n%s", diff)
	}
	mustGate(t, p, nil, []ID{10, 10})
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("shut (-want +got):\n%s", diff)
	}
}
