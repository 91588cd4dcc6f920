package engine_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// advertising is a VRRP router over IPv6 that offers itself with a lifetime.
func advertising(t testing.TB, lifetime string) *host {
	t.Helper()
	return newHost(t, `
[[vrrp]]
interface = "eth0"
vrid = 10
virtual_ips = ["fe80::1", "2001:db8::1"]
[vrrp.announce]
router_lifetime = "`+lifetime+`"
`)
}

// offers lets time pass and returns when router advertisements left, counted
// from now.
func (h *host) offers(d time.Duration) (at []time.Duration) {
	h.t.Helper()
	began := h.now
	for h.clear(); h.now.Sub(began) < d; h.clear() {
		next, armed := h.e.Deadline()
		if left := began.Add(d).Sub(h.now); !armed || next.Sub(h.now) > left {
			h.run(left)
			continue
		}
		h.run(max(0, next.Sub(h.now)))
		if slices.ContainsFunc(h.port.frames, isRouterAdvert) {
			at = append(at, h.now.Sub(began).Round(time.Millisecond))
		}
	}
	return at
}

func isRouterAdvert(b []byte) bool {
	return len(b) > 54 && b[12] == 0x86 && b[13] == 0xdd && b[20] == 58 && b[54] == 134
}

// routerSolicitation is what a host without a router asks.
func routerSolicitation(change ...func(b []byte)) []byte {
	dst := netip.IPv6LinkLocalAllRouters()
	mac := wire.MulticastMAC(dst)
	b := append(append([]byte{}, mac[:]...), otherMAC[:]...)
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255)
	b = append(append(b, netip.MustParseAddr("fe80::50").AsSlice()...), dst.AsSlice()...)
	b = append(b, 133, 0, 0, 0, 0, 0, 0, 0)
	for _, f := range change {
		f(b)
	}
	return b
}

const second = time.Second

// Three initial advertisements follow each other closely, then one comes in a
// third of the lifetime, ten minutes at most (RFC 4861 section 6.2.4).
func TestRouterAdvertisementsFollowTheirSchedule(t *testing.T) {
	for _, tc := range []struct {
		lifetime string
		want     []time.Duration
	}{
		{"30m", []time.Duration{0, 16 * second, 32 * second, 632 * second, 1232 * second}},
		{"9000s", []time.Duration{0, 16 * second, 32 * second, 632 * second, 1232 * second}},
		{"5m", []time.Duration{0, 16 * second, 32 * second, 132 * second, 232 * second}},
		{"30s", []time.Duration{0, 10 * second, 20 * second, 30 * second, 40 * second}},
		{"3s", []time.Duration{0, second, 2 * second, 3 * second, 4 * second}},
	} {
		t.Run(tc.lifetime, func(t *testing.T) {
			h := advertising(t, tc.lifetime).up("eth0")
			got := h.offers(20*second + tc.want[len(tc.want)-1])
			start := got[0] // of the role
			for i := range got {
				got[i] -= start
			}
			if d := cmp.Diff(tc.want, got[:min(len(got), len(tc.want))]); d != "" {
				t.Errorf("times of router advertisements (-want +got):\n%s", d)
			}
		})
	}
}

func TestRouterAdvertisementIsTheVirtualRouters(t *testing.T) {
	h := advertising(t, "30m").up("eth0").until("eth0:10", "Active")
	want, err := garp.RouterAdvert(netip.MustParseAddr("fe80::1"), hello.MAC{0, 0, 0x5e, 0, 2, 10}, 30*time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.IndexFunc(h.port.frames, isRouterAdvert)
	if first < 0 {
		t.Fatalf("no router advertisement: %q", h.port.log)
	}
	if d := cmp.Diff(want, h.port.frames[first]); d != "" {
		t.Errorf("router advertisement (-want +got):\n%s", d)
	}
	// Who receives it must be able to reach the router.
	if advert := slices.IndexFunc(h.port.log, func(s string) bool { return s == "send virtual advert 100" }); advert < 0 ||
		slices.Index(h.port.log, "gate +1 -0") > advert || slices.IndexFunc(h.port.frames[:first], isRouterAdvert) >= 0 || first < 2 {
		t.Errorf("not after gate, advertisement and announcements: %q", h.port.log)
	}
}

// A solicitation is answered at once, but multicast advertisements keep three
// seconds between them (RFC 4861 section 6.2.6).
func TestRouterSolicitationBringsTheNextForward(t *testing.T) {
	for _, tc := range []struct {
		name   string
		waited time.Duration // since the last
		want   time.Duration // from the question on
	}{
		{name: "long after the last", waited: 100 * second, want: 0},
		{name: "soon after the last", waited: second, want: 2 * second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := advertising(t, "30m").up("eth0").until("eth0:10", "Active")
			last := h.offers(33 * second) // and with it the three initial ones
			h.run(tc.waited - (33*second - last[len(last)-1]))
			h.clear().heard(routerSolicitation())
			h.heard(routerSolicitation()) // of another host
			got := h.offers(10 * second)
			if len(got) != 1 || got[0] != tc.want {
				t.Errorf("answered after %v, want once after %v", got, tc.want)
			}
		})
	}
}

// Nor is the next one put off.
func TestRouterSolicitationDelaysNothing(t *testing.T) {
	h := advertising(t, "3s").up("eth0").until("eth0:10", "Active").run(10 * second)
	next := h.offers(second)[0]
	h.run(next - 100*time.Millisecond)
	h.heard(routerSolicitation())
	if got := h.offers(second); len(got) != 1 || got[0] != 100*time.Millisecond {
		t.Errorf("advertises after %v, want 100ms", got)
	}
}

func TestRouterSolicitationThatMustNotBeAnswered(t *testing.T) {
	for name, change := range map[string]func([]byte){
		"forwarded":       func(b []byte) { b[21] = 64 },
		"another code":    func(b []byte) { b[55] = 1 },
		"another message": func(b []byte) { b[54] = 134 },
		"not ICMPv6":      func(b []byte) { b[20] = 17 },
	} {
		t.Run(name, func(t *testing.T) {
			h := advertising(t, "30m").up("eth0").until("eth0:10", "Active").run(100 * second)
			h.heard(routerSolicitation(change))
			if got := h.offers(10 * second); len(got) != 0 {
				t.Errorf("answered after %v", got)
			}
		})
	}
	t.Run("short", func(t *testing.T) {
		h := advertising(t, "30m").up("eth0").until("eth0:10", "Active").run(100 * second)
		whole := routerSolicitation()
		for n := range whole {
			h.heard(whole[:n])
		}
		if got := h.offers(10 * second); len(got) != 0 {
			t.Errorf("answered after %v", got)
		}
	})
}

// Only the active router offers itself, and says no word of farewell: another
// goes on with the same offer.
func TestOnlyTheActiveRouterAdvertises(t *testing.T) {
	h := advertising(t, "3s")
	h.up("eth0").clear()
	h.heard(routerSolicitation())
	if got := h.offers(3 * second); len(got) != 0 {
		t.Errorf("as a backup it advertises after %v", got)
	}
	h.until("eth0:10", "Active").clear().down("eth0")
	h.heard(routerSolicitation())
	if got := h.offers(10 * second); len(got) != 0 {
		t.Errorf("after its role it advertises after %v", got)
	}
	if at, armed := h.e.Deadline(); armed {
		t.Errorf("after its role it has something to do in %v", at.Sub(h.now))
	}
	h.clear().up("eth0").until("eth0:10", "Active").clear().e.Stop(h.now)
	if slices.ContainsFunc(h.port.frames, isRouterAdvert) {
		t.Errorf("a farewell: %q", h.port.log)
	}
}

func TestGroupWithoutRouterLifetimeDoesNotAdvertise(t *testing.T) {
	h := advertising(t, "off").up("eth0").until("eth0:10", "Active")
	h.heard(routerSolicitation())
	if got := h.offers(time.Hour); len(got) != 0 {
		t.Errorf("advertises after %v", got)
	}
}
