package engine

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

func TestInterfaceForgetsAddressesThatNoGroupHas(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, vrrpGroup(1, time.Second), vrrpGroup(2, time.Second))
	i, g := e.ifaces[0], e.groups[0]
	next := netip.MustParseAddr("192.0.2.2")
	i.setVirtualIPs(g, []netip.Addr{next})
	i.setVirtualIPs(g, []netip.Addr{next})
	if n, left := len(i.byVirtualIP[next]), len(i.byVirtualIP[shared4]); n != 1 || left != 1 || len(i.byVirtualIP) != 2 {
		t.Errorf("virtual addresses %v, want one group with each of two", i.byVirtualIP)
	}
	i.setVirtualIPs(e.groups[1], []netip.Addr{next})
	if n := len(i.byVirtualIP[next]); n != 2 || len(i.byVirtualIP) != 1 {
		t.Errorf("virtual addresses %v, want both groups with the new one", i.byVirtualIP)
	}
}

func TestInterfaceForgetsNeighborsOfNoGroup(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, vrrpGroup(1, time.Second), vrrpGroup(2, time.Second))
	i := e.ifaces[0]
	gateway := netip.MustParseAddr("192.0.2.254")
	e.GatewaysChanged(start, "eth0", []netip.Addr{gateway})
	e.GatewaysChanged(start, "eth0", []netip.Addr{gateway, other4})
	if n := len(i.neighbors[gateway].groups); n != 2 || len(i.neighbors) != 2 {
		t.Errorf("%d groups prove to the gateway, %d neighbours, want 2 and 2", n, len(i.neighbors))
	}
	e.GatewaysChanged(start, "eth0", nil)
	if len(i.neighbors) > 0 {
		t.Errorf("neighbours %v after the routes have gone", i.neighbors)
	}
}

// Forged senders of hellos must not fill the memory; the latest are true as
// likely as the first.
func TestGroupRemembersTheLatestPeers(t *testing.T) {
	g := newEngine(t, &gatekeeper{}, nil, vrrpGroup(10, time.Second)).groups[0]
	peer := func(n int) hello.MAC { return hello.MAC{2, 0xf, 0, 0, byte(n >> 8), byte(n)} }
	for n := range 1000 {
		g.meet(&hello.VRRP{}, peer(n))
		g.meet(&hello.VRRP{}, peer(n))
		g.meet(&hello.VRRP{}, g.mac)
		if want := min(n+1, maxPeers); len(g.peers) != want || g.peers[want-1] != peer(n) || g.peers[0] != peer(n+1-want) {
			t.Fatalf("%d peers after %d: %v", len(g.peers), n+1, g.peers)
		}
	}
}
