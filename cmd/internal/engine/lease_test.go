package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLeaseIsRenewedWithEveryHello(t *testing.T) {
	h := hsrpActive(t).run(8 * time.Second)
	if hellos, n := len(h.port.having("send virtual Hello")), len(h.port.having("renew")); hellos < 8 || n != hellos {
		t.Errorf("renewed %d times with %d hellos", n, hellos)
	}
}

func TestLeaseWithoutHellosIsRenewedEveryThirdOfItself(t *testing.T) {
	h := followers(t).until("wan", "Active").clear().run(8 * time.Second) // two leases
	if n := len(h.ports["eth1"].having("renew")); n < 5 || n > 6 {
		t.Errorf("renewed %d times, want 6", n)
	}
}

func TestLostLeaseIsFencedInSilence(t *testing.T) {
	h := hsrpActive(t)
	h.port.lost = []ID{1}
	for h.port.lost != nil { // until a renewal tells
		at, _ := h.e.Deadline()
		h.run(at.Sub(h.now))
	}
	h.state("eth0:10", "Listen")
	at := len(h.port.log) - 2
	if diff := cmp.Diff([]string{"gate +0 -1", "address +0 -1"}, h.port.log[at:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := h.group("eth0:10").LastTransition; last.Cause != "lease-lost" {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
}

// TestFailingRenewalEndsTheRole proves that a renewal that failed is not
// counted as one.
func TestFailingRenewalEndsTheRole(t *testing.T) {
	h := hsrpActive(t)
	h.port.renewErr = errKernel
	h.run(2 * time.Second)
	h.state("eth0:10", "Active")
	h.run(3500 * time.Millisecond)
	h.state("eth0:10", "Listen")
	if last := h.group("eth0:10").LastTransition; last.Cause != "lease-lost" {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	if got := h.told(eventLease); len(got) != 1 {
		t.Errorf("complained %d times, want once", len(got))
	}
}

func TestStallIsMeasuredAgainstTheLease(t *testing.T) {
	for _, tt := range []struct {
		name      string
		gap       time.Duration
		suspended time.Duration
		want      string
	}{
		{"shorter than the hold time", 2 * time.Second, 0, "Active"},
		{"longer than the hold time, the kernel still forwards", 3500 * time.Millisecond, 0, "Active"},
		{"longer than the lease", 5500 * time.Millisecond, 0, "Listen"},
		{"suspended, the monotonic clock stood still", 0, 5500 * time.Millisecond, "Listen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := hsrpActive(t)
			h.e.renew(h.now, h.e.segments[0])
			h.clear()
			h.e.Wake(h.now.Add(tt.gap), tt.suspended)
			h.state("eth0:10", tt.want)
			if got := h.port.having("send"); len(got) > 0 {
				t.Errorf("said %q", got)
			}
		})
	}
}

func TestYoungLeaseIsNotJudgedByTheSegments(t *testing.T) {
	h := newHost(t, manyVRRP(1, 2, "")).up("eth0")
	s, first, second := h.e.segments[0], h.e.groups[0], h.e.groups[1]
	s.own(t0, first, time.Minute)
	s.own(t0.Add(30*time.Second), second, time.Second)
	now := t0.Add(30*time.Second + 500*time.Millisecond)
	h.e.Wake(now, 0)
	if !first.owner || !second.owner {
		t.Fatal("a group was fenced whose lease is whole")
	}
	if got := s.leaseAge(now, second); got != 500*time.Millisecond {
		t.Errorf("the second lease is %v old", got)
	}
	if got := s.leaseAge(now, first); got != 30500*time.Millisecond {
		t.Errorf("the first lease is %v old", got)
	}
}

func TestLeaseFollowsTheConfiguration(t *testing.T) {
	for _, tt := range []struct {
		daemon string
		want   time.Duration
	}{
		{"", 4 * time.Second},
		{"[daemon]\nlease = \"off\"\n", 0},
		{"[daemon]\nlease = \"7s\"\n", 7 * time.Second},
	} {
		h := newHost(t, tt.daemon+hsrpConfig).up("eth0").until("eth0:10", "Active")
		if got := h.port.leases[1]; got != tt.want {
			t.Errorf("%q: lease %v, want %v", tt.daemon, got, tt.want)
		}
	}
}

// TestGateThatRanOutUnnoticedIsOpenedAgain restarts an active router whose
// lease ran out: the port does not open what it has just found lost.
func TestGateThatRanOutUnnoticedIsOpenedAgain(t *testing.T) {
	h := newHost(t, manyVRRP(10, 1, "priority = 255")).up("eth0").clear()
	h.port.lost = []ID{1}
	l := newTestLink("eth0")
	l.Addr4 = peer4
	h.e.LinkChanged(h.now, "eth0", l)
	h.state("eth0:10", "Active")
	if !h.port.open[1] {
		t.Errorf("the gate is shut: %q", h.port.log)
	}
}
