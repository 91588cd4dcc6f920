package vip

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	testLease = 500 * time.Millisecond
	grain     = 30 * time.Millisecond // the kernel counts in up to 10 ms
)

// window is a stretch of the boot clock in which something happened. How exactly
// that is known depends on the machine, which may stand still at any time; what
// is known is true all the same.
type window struct{ from, to time.Duration }

// during returns the window in which f ran.
func during(f func()) window {
	from := bootTime()
	f()
	return window{from, bootTime()}
}

// lapse sends a datagram a millisecond until one is not forwarded, and returns
// the window in which forwarding ended: after the last that was forwarded was
// sent, and before it was clear that the next one was not. The kernel's coarse
// clock ends a lease some milliseconds before the Interface's does; when lapse
// returns both have.
func (l *lab) lapse() (end window) {
	l.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for began := bootTime(); ; <-tick.C {
		sent := bootTime()
		if !l.quick() {
			end.to = bootTime()
			until(l.t, patience, "the end by the finer clock", func() bool { return bootTime()-end.to > grain })
			return end
		}
		if end.from = sent; sent-began > 5*testLease {
			l.t.Fatalf("still forwarding %v later", sent-began)
		}
	}
}

// quick sends one datagram and reports whether it was forwarded.
func (l *lab) quick() bool {
	l.t.Helper()
	return l.forwarded(far4, 1)[0] > 0
}

// checkLease compares when forwarding ended with when the lease was started.
func checkLease(t *testing.T, started, ended window) {
	t.Helper()
	least, most := ended.from-started.to, ended.to-started.from
	t.Logf("forwarded for %v to %v with a lease of %v", least, most, testLease)
	if most < testLease-grain || least > testLease+grain {
		t.Errorf("forwarded for %v to %v, want %v", least, most, testLease)
	}
}

// stalled reports whether a lease that was started at or after since may have
// run out because the machine stood still.
func stalled(since time.Duration) bool { return bootTime()-since >= testLease-grain }

// claim opens the gate of router 10 for testLease, whatever became of the last
// lease, and returns when.
func (l *lab) claim(iface *Interface) window {
	l.t.Helper()
	return during(func() {
		lost, err := iface.Gate([]Claim{{ID: 10, Lease: testLease}}, nil)
		ok(l.t, err)
		if len(lost) > 0 {
			mustGate(l.t, iface, []Claim{{ID: 10, Lease: testLease}}, nil)
		}
	})
}

// renew renews the lease of router 10 that was started at or after since. It
// reports whether that was in time; only a machine that stands still makes it
// late.
func (l *lab) renew(iface *Interface, since time.Duration) (when window, inTime bool) {
	l.t.Helper()
	when = during(func() {
		lost, err := iface.Renew()
		ok(l.t, err)
		if inTime = len(lost) == 0; !inTime && !stalled(since) {
			l.t.Fatalf("renew lost %v after %v", lost, bootTime()-since)
		}
	})
	return when, inTime
}

func TestLeaseThatIsNotRenewedRunsOut(t *testing.T) {
	l, iface := newActive(t, testLease)
	var renewed window
	for inTime := false; !inTime; {
		renewed, inTime = l.renew(iface, l.claim(iface).from)
	}
	checkLease(t, renewed, l.lapse())

	mustLose(t, 10)(iface.Renew())
	l.checkForwarded("Renew reopened the gate", 0)
	mustRenew(t, iface) // told once
	since := bootTime()
	mustGate(t, iface, []Claim{{ID: 10, Lease: testLease}}, nil)
	if diff := cmp.Diff(slices.Repeat([]int{1}, 3), l.forwarded(far4, 3)); diff != "" && !stalled(since) {
		t.Errorf("claimed anew (-want +got):\n%s", diff)
	}
}

func TestRenewedLeaseGoesOn(t *testing.T) {
	l, iface := newActive(t, testLease)
	renew := time.NewTicker(testLease / 3)
	defer renew.Stop()
	began := l.claim(iface).from
	for last := began; last-began < 2*testLease; {
		<-renew.C
		when, inTime := l.renew(iface, last)
		switch forwarded := l.quick(); {
		case inTime && forwarded:
			last = when.from
		case inTime && !stalled(when.from):
			t.Fatal("not forwarded while the lease is renewed")
		default:
			began = l.claim(iface).from
			last = began
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
		{"other router of the class", []Claim{{ID: 2, Lease: testLease}}, []ID{10}},
		{"the router itself", []Claim{{ID: 10, Lease: testLease}}, []ID{10}},
		{"the router itself, with another lease", []Claim{{ID: 10, Lease: 2 * testLease}}, []ID{10}},
		{"the router itself, shut and opened at once", []Claim{{ID: 10, Lease: testLease}}, []ID{10}},
		{"the router itself and another", []Claim{{ID: 10, Lease: testLease}, {ID: 2, Lease: testLease}}, []ID{10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, iface := newOpen(t)
			l.active(iface, testLease)
			ok(t, iface.Add(2, second))
			l.lapse()
			var shut []ID
			if strings.Contains(tt.name, "shut") {
				shut = []ID{10}
			}
			since := bootTime()
			lost, err := iface.Gate(tt.open, shut)
			ok(t, err)
			for _, c := range tt.open {
				if c.ID == 2 {
					if diff := cmp.Diff(slices.Repeat([]int{1}, 3), l.through(second.MAC, far4, 3)); diff != "" && !stalled(since) {
						t.Errorf("the new claim is not forwarded (-want +got):\n%s", diff)
					}
				}
			}
			if diff := cmp.Diff(tt.want, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			l.checkForwarded("reopened", 0)
		})
	}
}

func TestLeasesOfDifferentLengthRunSeparately(t *testing.T) {
	l, iface := newActive(t, testLease)
	forever := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 2}}
	long := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 3}}
	ok(t, iface.Add(2, forever))
	ok(t, iface.Add(3, long))
	mustGate(t, iface, []Claim{{ID: 2, Lease: 0}, {ID: 3, Lease: time.Minute}}, nil)
	l.lapse()
	for _, r := range []Router{forever, long} {
		l.checkThrough(fmt.Sprintf("router %x", r.MAC), r.MAC, far4, 1)
	}
	mustLose(t, 10)(iface.Renew())
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Hour}}, nil)
	if got := len(iface.classes); got != 3 {
		t.Errorf("%d classes, want the unused one to be taken again", got)
	}
	l.checkForwarded("reused class", 1)
}

func TestSuspendEndsLeases(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	iface.classes[0].renewed -= 2 * time.Minute // the clock that counts suspended time says so
	mustLose(t, 10)(iface.Renew())
	l.checkForwarded("still open", 0)
}

func TestClaimIsOpenedThoughItSharesAMACThatWasLost(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	ok(t, iface.Add(2, router10))
	iface.classes[0].renewed -= 2 * time.Minute
	mustLose(t, 10)(iface.Gate([]Claim{{ID: 2, Lease: time.Minute}}, nil))
	l.checkForwarded("through router 2", 1)
}

func TestKernelsWordCountsWhateverTheClockSays(t *testing.T) {
	l, iface := newActive(t, testLease)
	needOwner(t, iface)
	l.lapse()
	iface.classes[0].renewed = bootTime()
	mustLose(t, 10)(iface.Renew())
	l.checkForwarded("reopened", 0)
}

func TestTablePutBackDoesNotReviveALease(t *testing.T) {
	l := newLab(t)
	iface := l.openFlags(Options{}, 0)
	claimed := during(func() { l.active(iface, testLease) })
	until(t, patience, "half a lease", func() bool { return bootTime()-claimed.to > testLease/2 })
	restored := during(func() { ok(t, iface.restoreTable()) }) // what the watch calls
	claimed.to += restored.to - restored.from                  // the rest is reckoned when that begins, and runs when it ends
	checkLease(t, claimed, l.lapse())
	ok(t, iface.restoreTable())
	l.checkForwarded("revived", 0)
	mustLose(t, 10)(iface.Renew())
}

func TestFailedGateChangesNothing(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	if _, err := iface.Gate([]Claim{{ID: 99, Lease: time.Second}}, []ID{10}); err == nil {
		t.Fatal("a router that was never added was accepted")
	}
	l.checkForwarded("at the end", 1)
	mustRenew(t, iface)
	l.checkForwarded("renewed", 1)
	mustGate(t, iface, nil, []ID{10})
	l.checkForwarded("shut", 0)
}

func TestConflictingOrdersInOneGate(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}, {ID: 10, Lease: time.Hour}, {ID: 10, Lease: time.Minute}}, []ID{10, 10})
	l.checkForwarded("open wins", 1)
	mustGate(t, iface, nil, []ID{10, 10})
	l.checkForwarded("shut", 0)
}
