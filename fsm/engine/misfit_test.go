package engine_test

import (
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func TestKindsOfInterfaceThatDoNotDeliver(t *testing.T) {
	own := hello.MAC{2, 0, 0, 0, 0, 1}
	for _, tt := range []struct {
		name  string
		group engine.Group
		link  engine.Link
		bare  bool   // the link has no MAC
		cure  string // "" when the group may run
	}{
		{name: "a VLAN", link: engine.Link{Kind: "vlan"}},
		{name: "hardware", link: engine.Link{}},
		{name: "a tunnel", link: engine.Link{Kind: "tun"}, bare: true, cure: "put the group on one that is"},
		{name: "a tunnel with its own MAC", group: engine.Group{InterfaceMAC: true}, link: engine.Link{Kind: "tun"}, bare: true, cure: "put the group on one that is"},
		{name: "a port of a bridge", link: engine.Link{PortOf: "bridge br0"}, cure: "x0 is a port of bridge br0, which takes its frames"},
		{name: "a port of Open vSwitch", link: engine.Link{PortOf: "openvswitch ovs-system"}, cure: "ovs-vsctl port-to-br x0"},
		{name: "an internal port of Open vSwitch", link: engine.Link{Kind: "openvswitch"}},
		{name: "a port of an HSR device", link: engine.Link{PortOf: "hsr hsr0"}, cure: "x0 is a port of hsr hsr0, which takes its frames"},
		{name: "an ipvlan", link: engine.Link{Kind: "ipvlan"}, cure: "put the group on the interface below it"},
		{name: "an ipvlan with its own MAC", group: engine.Group{InterfaceMAC: true}, link: engine.Link{Kind: "ipvlan"}, cure: "put the group on the interface below it"},
		{name: "a macvlan", link: engine.Link{Kind: "macvlan"}, cure: `set mac = "interface"`},
		{name: "a macvlan in passthru mode", link: engine.Link{Kind: "macvlan", Passthru: true}},
		{name: "a macvlan with its own MAC", group: engine.Group{InterfaceMAC: true}, link: engine.Link{Kind: "macvlan"}},
		{name: "a macvlan that has the group's MAC", group: engine.Group{MAC: own}, link: engine.Link{Kind: "macvlan", MAC: own}},
		{name: "a macvlan and another MAC", group: engine.Group{MAC: hello.MAC{2, 9}}, link: engine.Link{Kind: "macvlan", MAC: own}, cure: `set mac = "interface"`},
	} {
		tt.link.Name = "x0"
		if tt.link.MAC.IsZero() && !tt.bare {
			tt.link.MAC = hello.MAC{2, 0, 0, 0, 0, 2}
		}
		tt.group.Protocol, tt.group.Version, tt.group.Family = hello.ProtocolVRRP, 3, hello.IPv4
		why := tt.group.Misfit(&tt.link, nil)
		if (why == "") != (tt.cure == "") || !strings.Contains(why, tt.cure) {
			t.Errorf("%s: %q, want %q in it", tt.name, why, tt.cure)
		}
	}
}
