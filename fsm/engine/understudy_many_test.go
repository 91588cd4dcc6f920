package engine_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// behindMany is a standby in n groups of manyHSRP, whose active router says its hellos one
// after the other within each second.
func behindMany(t testing.TB, n int) *host {
	t.Helper()
	h := newHost(t, manyHSRP(n, "")).up("eth0")
	for range 8 {
		for k := range n {
			h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
				m.Group, m.VirtualIP = uint16(100+k), netip.AddrFrom4([4]byte{10, byte(k / 250), byte(k % 250), 1})
			}))
			h.run(time.Second / time.Duration(n))
			if h.now.Sub(t0)%(time.Second/4) < time.Second/time.Duration(n) {
				h.life()
			}
		}
	}
	for k := range n {
		if st := h.group(fmt.Sprint("eth0:", 100+k)).Machine.State; st != "Standby" {
			t.Fatalf("group %d is in %s", 100+k, st)
		}
		if n > 100 {
			break // a status of all groups takes its time
		}
	}
	return h.clear()
}

// One question is about all groups of a router, and one transaction opens their gates,
// with so few leases that a kernel takes them in its stride.
func TestManyGroupsAreForwardedForTogether(t *testing.T) {
	const n = 100
	h := behindMany(t, n)
	if len(h.port.lookout) != n || h.port.lookouts > 2*50 {
		t.Errorf("looks out for %d MACs, of which it was told %d times", len(h.port.lookout), h.port.lookouts)
	}
	h.e.Wake(h.now, 0)
	h.e.Flooded(h.now, "eth0", h.group("eth0:130").MAC)
	h.e.Flush(h.now)
	h.run(10 * time.Millisecond)
	if gates := h.port.having("gate"); len(gates) != 1 || gates[0] != fmt.Sprintf("gate +%d -0", n) {
		t.Errorf("gates %q", gates)
	}
	if asked := h.port.having("send real"); len(asked) > 2*5 {
		t.Errorf("%d questions: %q", len(asked), asked)
	}
	leases := map[time.Duration]int{}
	for id := range h.port.open {
		leases[h.port.leases[id]]++
	}
	if len(leases) > 2 {
		t.Errorf("%d leases for groups with the same times: %v", len(leases), leases)
	}
	for l := range leases {
		if l < 2*time.Second || l > 5*time.Second {
			t.Errorf("a lease of %v, want the rest of 3 s and one or two hellos of 1 s", l)
		}
	}
}

// BenchmarkUnderstudy is all that the engine does between the first flooded frame and the
// opening of the gates, the waiting left out.
func BenchmarkUnderstudy(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := behindMany(b, n)
			mac := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 100)
			for b.Loop() {
				h.e.Wake(h.now, 0)
				h.e.Flooded(h.now, "eth0", mac)
				h.e.Flush(h.now)
				for h.port.gates = 0; h.port.gates == 0; {
					at, _ := h.e.Deadline()
					h.now = at
					h.e.Wake(h.now, 0)
					h.e.Tick(h.now)
				}
				b.StopTimer()
				if len(h.port.open) != n {
					b.Fatalf("%d gates are open", len(h.port.open))
				}
				h.life()
				h.now = h.now.Add(time.Hour)
				h = behindMany(b, n)
				b.StartTimer()
			}
		})
	}
}
