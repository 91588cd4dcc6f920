package sim

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

func TestSpacesHaveWhatRoutersShare(t *testing.T) {
	follower, unicast := vrrp("eth2", 2, "198.51.100.1"), vrrp("eth2", 3, "198.51.100.2")
	follower.Follow, unicast.Peers = "leader", []netip.Addr{netip.MustParseAddr("198.51.100.9")}
	leader := vrrp("eth1", 1, "192.0.2.1")
	leader.Name = "leader"
	groups := []engine.Group{leader, follower, unicast, vrrp("eth3", 4, "203.0.113.1")}
	s, _ := Pair(config(groups...), config(append([]engine.Group{vrrp("eth1", 9, "192.0.2.9")}, groups...)...))
	spaces, names, remarks := s.Spaces(2)
	if diff := cmp.Diff([]string{"a eth1, b eth1", "a eth3, b eth3"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{
		"vrrp:eth1:9 is not explored: a does not have it",
		"vrrp:eth2:2 is not explored: it follows another group",
		"vrrp:eth2:3 is not explored: it has unicast peers",
	}
	if diff := cmp.Diff(want, remarks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, space := range spaces {
		for n, h := range space.Hosts {
			if len(h.Config.Groups) != 1 || h.Config.Groups[0].Number != []uint16{1, 4}[i] || !h.Link.Addr4.IsValid() || space.Moves != 2 {
				t.Errorf("space %d has at host %d %+v", i, n, h)
			}
		}
	}
	if len(s.Hosts[0].Config.Groups) != 4 {
		t.Error("the scene was changed")
	}
}
