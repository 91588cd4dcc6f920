package daemon

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// A router that speaks another version is only heard in that one's group.
func TestTheGroupsOfAllVersionsAreJoined(t *testing.T) {
	group := func(p hello.Protocol, version uint8, f hello.Family, dev string) engine.Group {
		return engine.Group{Ref: engine.Ref{Protocol: p, Family: f, Interface: dev, Number: 1}, Version: version}
	}
	got := memberships([]engine.Group{
		group(hello.ProtocolHSRP, 2, hello.IPv4, "eth0"), group(hello.ProtocolHSRP, 2, hello.IPv6, "eth0"),
		group(hello.ProtocolHSRP, 1, hello.IPv4, "eth1"), group(hello.ProtocolVRRP, 2, hello.IPv4, "eth2"),
	})
	want := map[string][]netip.Addr{
		"eth0": addresses("224.0.0.2", "224.0.0.102", "ff02::66"),
		"eth1": addresses("224.0.0.2", "224.0.0.102"),
		"eth2": addresses("224.0.0.18"),
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
