package vip

import (
	"net/netip"
	"testing"
	"time"
)

// A gate that is open for what is on its way to others makes nothing answer or accept:
// it is forwarded, and nothing of what a whole gate adds is there. The whole gate takes
// its place without a gap, and the other way round.
func TestForwardOnlyGate(t *testing.T) {
	l, iface := newOpen(t)
	ok(t, iface.Add(10, router10))
	forward := []Claim{{ID: 10, Lease: time.Minute, Forward: true}}
	mustGate(t, iface, forward, nil)
	l.checkForwarded("only forwards", 1)
	if vr := iface.routers[10]; vr.stands || vr.placed {
		t.Errorf("sets without a lease %t, addresses %t: want neither", vr.stands, vr.placed)
	}
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	l.checkForwarded("whole", 1)
	if vr := iface.routers[10]; len(vr.within) != len(vr.elements) || len(vr.standing) > 0 && !vr.stands {
		t.Errorf("the whole gate has %d of %d elements", len(vr.within), len(vr.elements))
	}
	mustGate(t, iface, forward, nil)
	l.checkForwarded("only forwards again", 1)
	mustGate(t, iface, nil, []ID{10})
	l.checkForwarded("shut", 0)
	mustGate(t, iface, []Claim{{ID: 10, Lease: 50 * time.Millisecond, Forward: true}}, nil)
	l.checkForwarded("open again", 1)
	until(t, 5*time.Second, "the end of the lease", func() bool { return l.forwarded(far4, 1)[0] == 0 })
}

// Packets to an IPv6 address of the router are dropped while it only forwards.
func TestForwardOnlyElements(t *testing.T) {
	r := Router{MAC: [6]byte{0, 0, 0x5e, 0, 2, 1}, Accept: true, Addrs: []netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("192.0.2.1")}}
	for _, tt := range []struct {
		gated, addresses bool
		want             []elementKind
	}{{true, true, []elementKind{elementMAC, elementDropped}}, {true, false, []elementKind{elementMAC}}, {false, true, nil}} {
		var got []elementKind
		for _, e := range r.forwardElements(tt.gated, tt.addresses) {
			got = append(got, e.kind)
		}
		if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] || len(got) > 1 && got[1] != tt.want[1] {
			t.Errorf("gated %t, addresses %t: kinds %v, want %v", tt.gated, tt.addresses, got, tt.want)
		}
	}
}
