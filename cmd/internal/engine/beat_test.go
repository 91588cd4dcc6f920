package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

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
func TestShortestLeaseSetsThePaceWhileItIsHeld(t *testing.T) {
	for _, slowFirst := range []bool{true, false} {
		quick, slow := manyVRRP(1, 1, "advertise = \"100ms\""), manyVRRP(2, 1, "advertise = \"1s\"")
		toml := quick + slow
		if slowFirst {
			toml = slow + quick
		}
		h := newHost(t, toml).up("eth0").until("eth0:2", "Active").run(time.Second)
		s := h.e.byName["eth0"]
		if got, want := s.shortest(), (term{lease: 500 * time.Millisecond, hello: 100 * time.Millisecond}); got != want {
			t.Errorf("shortest of both %v, want %v", got, want)
		}
		quickWins := vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) {
			m.VRID, m.AdverInterval, m.VirtualIPs = 1, 100*time.Millisecond, []netip.Addr{vip4}
		})
		h.heard(quickWins)
		h.state("eth0:1", "Backup")
		if got, want := s.shortest(), (term{lease: 5 * time.Second, hello: time.Second}); got != want {
			t.Errorf("shortest without the quick one %v, want %v", got, want)
		}
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
