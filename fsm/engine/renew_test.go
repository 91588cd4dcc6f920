package engine_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// A router that dies must go on forwarding for as long as the others wait, and
// they wait from its last hello.
func TestEveryHelloRenewsTheLease(t *testing.T) {
	h := hsrpActive(t)
	h.run(10 * time.Second)
	hellos := 0
	for i, line := range h.port.log {
		if !strings.HasPrefix(line, "send ") || !strings.Contains(line, "Hello") {
			continue
		}
		hellos++
		next := h.port.log[i+1:]
		end := slices.IndexFunc(next, func(s string) bool { return strings.Contains(s, "Hello") })
		if end < 0 {
			end = len(next)
		}
		if !slices.Contains(next[:end], "renew") {
			t.Errorf("hello %d was followed by no renewal: %q", hellos, next[:end])
		}
	}
	if hellos < 9 {
		t.Errorf("%d hellos in 10 s: %q", hellos, h.port.log)
	}
}

// Hellos of many groups in one turn share a renewal.
func TestRenewalsAreShared(t *testing.T) {
	var cfg strings.Builder
	for i := range 20 {
		fmt.Fprintf(&cfg, "[[hsrp]]\ninterface = \"eth0\"\ngroup = %d\nvirtual_ips = [\"192.0.2.%d\"]\nhello = \"1s\"\nhold = \"3s\"\n", 10+i, 100+i)
	}
	h := newHost(t, cfg.String()).up("eth0").until("eth0:29", "Active").run(5 * time.Second).clear()
	h.run(10 * time.Second)
	renewals := 0
	for _, line := range h.port.log {
		if line == "renew" {
			renewals++
		}
	}
	if renewals < 10 || renewals > 22 {
		t.Errorf("%d renewals in 10 s for 20 groups that greet each second: want one for each half second at most", renewals)
	}
}

// Groups share the renewals that the most demanding of them needs.
func TestMostDemandingGroupSetsThePaceWhileItServes(t *testing.T) {
	for _, slowFirst := range []bool{true, false} {
		quick, slow := manyVRRP(1, 1, "advertise = \"100ms\""), manyVRRP(2, 1, "advertise = \"1s\"")
		toml, ids := quick+slow, [2]engine.ID{1, 2}
		if slowFirst {
			toml, ids = slow+quick, [2]engine.ID{2, 1}
		}
		h := newHost(t, toml).up("eth0").until("eth0:2", "Active").run(time.Second)
		if quick, slow := h.port.leases[ids[0]], h.port.leases[ids[1]]; quick != 500*time.Millisecond || slow != 5*time.Second {
			t.Errorf("leases %v and %v, want 500ms and 5s", quick, slow)
		}
		pace := func(want int) {
			t.Helper()
			h.clear().run(10 * time.Second)
			if n := len(h.port.having("renew")); n < want-1 || n > want+1 {
				t.Errorf("renewed %d times in 10 s, want %d", n, want)
			}
		}
		pace(100) // with the hellos of the quick one
		h.heard(vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) {
			m.VRID, m.AdverInterval, m.VirtualIPs = 1, 10*time.Second, []netip.Addr{vip4}
		}))
		h.state("eth0:1", "Backup")
		pace(10)
	}
}

func TestLeaseOutlastsWhatThePeersWait(t *testing.T) {
	for _, tc := range []struct {
		name, toml string
		want       time.Duration
	}{
		{"hsrp: hold and one hello", "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\nhello = \"1s\"\nhold = \"3s\"\n", 4 * time.Second},
		{"hsrp: not below half a second", "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\nhello = \"50ms\"\nhold = \"150ms\"\n", 500 * time.Millisecond},
		{"vrrp 3: three intervals, the longest skew, one more", "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"192.0.2.1\"]\nadvertise = \"1s\"\n", 5 * time.Second},
		{"vrrp 2: the skew is in seconds", "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nversion = 2\nvirtual_ips = [\"192.0.2.1\"]\nadvertise = \"2s\"\n", 9 * time.Second},
		{"as configured", "[daemon]\nlease = \"7s\"\n[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\n", 7 * time.Second},
		{"off", "[daemon]\nlease = \"off\"\n[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\n", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHost(t, tc.toml).up("eth0").until("eth0:10", "Active")
			if got := h.port.leases[1]; got != tc.want {
				t.Errorf("lease %v, want %v", got, tc.want)
			}
		})
	}
}

func TestLeaseIsRenewedWithEveryHello(t *testing.T) {
	h := hsrpActive(t).run(8 * time.Second)
	if hellos, n := len(h.port.having("send virtual Hello")), len(h.port.having("renew")); hellos < 8 || n != hellos {
		t.Errorf("renewed %d times with %d hellos", n, hellos)
	}
}

// Where a lease is much longer than the others wait only some hellos renew it: at any of
// them it has left what they need. The rest would be transactions for nothing.
func TestSpareLeaseIsNotRenewedByEveryHello(t *testing.T) {
	for _, tt := range []struct {
		name, toml string
		need, rest time.Duration // need: left at any time; rest: between renewals at least
	}{
		{"hsrp of 3 and 10 ms", "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\nhello = \"3ms\"\nhold = \"10ms\"\n",
			13 * time.Millisecond, 125 * time.Millisecond},
		{"hsrp of 100 and 300 ms", "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\nhello = \"100ms\"\nhold = \"300ms\"\n",
			400 * time.Millisecond, 100 * time.Millisecond},
		{"a lease that is configured is given whole", "[daemon]\nlease = \"40s\"\n[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\nhello = \"1s\"\nhold = \"3s\"\n",
			39 * time.Second, 800 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.toml).up("eth0").until("eth0:10", "Active").run(tt.rest).clear()
			lease := h.port.leases[1]
			renewed, seen, began := h.now, 0, h.now
			for h.now.Sub(began) < 20*tt.rest {
				at, _ := h.e.Deadline()
				h.run(at.Sub(h.now))
				if n := len(h.port.having("renew")); n > seen {
					if since := h.now.Sub(renewed); seen > 0 && since < tt.rest {
						t.Errorf("renewed again after %v, want %v at least", since, tt.rest)
					}
					renewed, seen = h.now, n
				}
				if left := lease - h.now.Sub(renewed); seen > 0 && left < tt.need {
					t.Errorf("%v left, want %v", left, tt.need)
				}
			}
			if seen < 10 {
				t.Errorf("%d renewals in %v", seen, 20*tt.rest)
			}
		})
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
	h.port.lost = []engine.ID{1}
	for h.port.lost != nil { // until a renewal tells
		at, _ := h.e.Deadline()
		h.run(at.Sub(h.now))
	}
	h.state("eth0:10", "Listen")
	at := len(h.port.log) - 2
	if diff := cmp.Diff([]string{"gate +0 -1", "address +0 -1"}, h.port.log[at:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := h.group("eth0:10").Last; last.Cause != "lease-lost" {
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
	if last := h.group("eth0:10").Last; last.Cause != "lease-lost" {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	if got := h.told(engine.KindLease); len(got) != 1 {
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
			for len(h.port.having("renew")) == 0 {
				at, _ := h.e.Deadline()
				h.run(at.Sub(h.now))
			}
			h.clear()
			h.e.Wake(h.now.Add(tt.gap), tt.suspended)
			h.state("eth0:10", tt.want)
			if got := h.port.having("send"); len(got) > 0 {
				t.Errorf("said %q", got)
			}
		})
	}
}

// TestGateThatRanOutUnnoticedIsOpenedAgain restarts an active router whose
// lease ran out: the port does not open what it has just found lost.
func TestGateThatRanOutUnnoticedIsOpenedAgain(t *testing.T) {
	h := newHost(t, manyVRRP(10, 1, "priority = 255")).up("eth0").clear()
	h.port.lost = []engine.ID{1}
	l := newTestLink("eth0")
	l.Addr4 = peer4
	h.e.LinkChanged(h.now, "eth0", l)
	h.state("eth0:10", "Active")
	if !h.port.open[1] {
		t.Errorf("the gate is shut: %q", h.port.log)
	}
}

// At the instant at which a lease ends the kernel has shut the gate.
func TestLeaseIsOverWhenItEnds(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			h := s.active(t)
			lease := h.port.leases[1]
			h.now = h.now.Add(lease)
			h.e.Wake(h.now, 0)
			h.e.CaughtUp(h.now)
			h.e.Tick(h.now)
			if said := h.port.having("send virtual"); len(said) > 0 {
				t.Errorf("says %q without a lease", said)
			}
			h.state("eth0:10", s.waiting)
		})
	}
}
