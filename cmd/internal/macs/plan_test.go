package macs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/hello"
)

func mac(last byte) hello.MAC { return hello.MAC{2, 0, 0, 0, 0, last} }

var (
	hsrp10 = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	vrrp20 = hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv6, 20)
)

// host has a bond in a bridge with two guests, and another network card.
func host(bridge links.Bridge) snapshot {
	const fwd = links.PortForwarding
	return snapshot{Links: []links.Link{
		{Index: 1, Name: "lo", Loopback: true},
		{Index: 2, Name: "eth0", MAC: mac(2), Master: 4},
		{Index: 3, Name: "eth1", MAC: mac(2), Master: 4},
		{Index: 4, Name: "bond0", Kind: "bond", MAC: mac(2), Master: 5, PortState: fwd},
		{Index: 5, Name: "br0", Kind: "bridge", MAC: mac(5), Bridge: &bridge},
		{Index: 6, Name: "vif1", Kind: "veth", MAC: mac(0xf1), Master: 5, PortState: fwd},
		{Index: 7, Name: "vif2", Kind: "veth", MAC: mac(0xf2), Master: 5, PortState: fwd},
		{Index: 8, Name: "eth9", MAC: mac(9)},
	}, VLANs: map[int][]portVLAN{}}
}

func (s snapshot) with(entries ...entry) snapshot {
	s.FDB = entries
	return s
}

// short writes items as "MAC's last byte[.vlan]>out".
func short(items []Item) string {
	var out []string
	for _, it := range items {
		s := strings.TrimPrefix(it.MAC.String(), "02:00:00:00:00:")
		if it.VLAN != 0 {
			s += fmt.Sprintf(".%d", it.VLAN)
		}
		out = append(out, s+">"+it.Out)
	}
	return strings.Join(out, " ")
}

func TestPlan(t *testing.T) {
	aware := host(links.Bridge{VLANFiltering: true})
	aware.VLANs = map[int][]portVLAN{
		4: {{ID: 1, Untagged: true, PVID: true}, {ID: 2}, {ID: 3}},
		5: {{ID: 1, Untagged: true, PVID: true}, {ID: 3}},
	}
	stacked := host(links.Bridge{})
	stacked.Links = append(stacked.Links,
		links.Link{Index: 9, Name: "br0.2", Kind: "vlan", VLAN: 2, Parent: 5, MAC: mac(5)},
		links.Link{Index: 10, Name: "mv0", Kind: "macvlan", Parent: 9, MAC: mac(0xa)},
		links.Link{Index: 11, Name: "bond0.7", Kind: "vlan", VLAN: 7, Parent: 4, MAC: mac(2), Master: 12, PortState: links.PortForwarding},
		links.Link{Index: 12, Name: "br7", Kind: "bridge", MAC: mac(0x12), Bridge: &links.Bridge{}},
		links.Link{Index: 13, Name: "vif7", Kind: "veth", MAC: mac(0xf7), Master: 12},
	)
	blocked := host(links.Bridge{})
	blocked.Links[3].PortState = 4
	tests := []struct {
		name  string
		s     snapshot
		roles Roles
		want  string
	}{
		{"the uplink and its bridge, not other hardware nor the ports of guests", host(links.Bridge{}), Roles{}, "02>bond0 05>bond0"},
		{"guests learned behind other ports", host(links.Bridge{}).with(entry{MAC: mac(0x61), Bridge: 5, Port: 6}, entry{MAC: mac(0x62), Bridge: 5, Port: 7}), Roles{}, "02>bond0 05>bond0 61>bond0 62>bond0"},
		{"what was learned from the uplink is elsewhere", host(links.Bridge{}).with(entry{MAC: mac(0x61), Bridge: 5, Port: 4}), Roles{}, "02>bond0 05>bond0"},
		{"another bridge's table is another bridge's", host(links.Bridge{}).with(entry{MAC: mac(0x61), Bridge: 50, Port: 6}), Roles{}, "02>bond0 05>bond0"},
		{"a bridge's own entries count once", host(links.Bridge{}).with(entry{MAC: mac(5), Bridge: 5, Port: 5, Local: true}, entry{MAC: mac(0xf1), Bridge: 5, Port: 6, Local: true}), Roles{}, "02>bond0 05>bond0"},
		{"a guest in two entries counts once", host(links.Bridge{}).with(entry{MAC: mac(0x61), Bridge: 5, Port: 6}, entry{MAC: mac(0x61), Bridge: 5, Port: 7}), Roles{}, "02>bond0 05>bond0 61>bond0"},
		{"zero and multicast are nobody", host(links.Bridge{}).with(entry{Bridge: 5, Port: 6}, entry{MAC: hello.Broadcast, Bridge: 5, Port: 6}), Roles{}, "02>bond0 05>bond0"},
		{"one frame for each VLAN, tagged as on the uplink", aware.with(entry{MAC: mac(0x61), VLAN: 1, Bridge: 5, Port: 6}, entry{MAC: mac(0x61), VLAN: 2, Bridge: 5, Port: 6}), Roles{}, "02>bond0 05>bond0 05.3>bond0 61>bond0 61.2>bond0"},
		{"a VLAN that the uplink does not carry stays inside", aware.with(entry{MAC: mac(0x61), VLAN: 4, Bridge: 5, Port: 6}), Roles{}, "02>bond0 05>bond0 05.3>bond0"},
		{"VLANs on the bridge and on the bond, bridges above those", stacked.with(entry{MAC: mac(0x77), Bridge: 12, Port: 13}), Roles{}, "02>bond0 05>bond0 05.2>bond0 0a.2>bond0 02>bond0.7 12>bond0.7 77>bond0.7"},
		{"a port that does not forward leads nowhere", blocked.with(entry{MAC: mac(0x61), Bridge: 5, Port: 6}), Roles{}, "02>bond0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, _ := plan(tt.s, []string{"bond0"}, tt.roles)
			if diff := cmp.Diff(tt.want, short(items)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// Every way a virtual MAC can be met: on an interface, behind a guest's port,
// as a group's.
func TestPlanAnnouncesAVirtualMACOnlyWhereItsGroupIsActive(t *testing.T) {
	chosen := mac(0xcc)
	s := host(links.Bridge{}).with(
		entry{MAC: hsrp10, Bridge: 5, Port: 6}, entry{MAC: vrrp20, Bridge: 5, Port: 6}, entry{MAC: chosen, Bridge: 5, Port: 6})
	s.Links = append(s.Links, links.Link{Index: 20, Name: "hsrp-10", Kind: "macvlan", Parent: 5, MAC: hsrp10})
	tests := []struct {
		name  string
		roles Roles
		want  []hello.MAC
	}{
		{"nothing known", Roles{Standby: []hello.MAC{chosen}}, nil},
		{"standby", Roles{Standby: []hello.MAC{hsrp10, vrrp20, chosen}}, nil},
		{"active on the bridge", Roles{Active: []Active{{"hsrp:br0:10", "br0", hsrp10}}, Standby: []hello.MAC{vrrp20, chosen}}, []hello.MAC{hsrp10}},
		{"active elsewhere", Roles{Active: []Active{{"hsrp:eth9:10", "eth9", hsrp10}}, Standby: []hello.MAC{chosen}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, skipped := plan(s, []string{"bond0"}, tt.roles)
			var got []hello.MAC
			for _, it := range items {
				if it.MAC == hsrp10 || it.MAC == vrrp20 || it.MAC == chosen {
					got = append(got, it.MAC)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("virtual MACs announced (-want +got):\n%s", diff)
			}
			if len(skipped) < 3 {
				t.Errorf("skipped %v, want each one with a reason", skipped)
			}
		})
	}
}

// A group on a VLAN of a bridge over a bond: its virtual MAC leaves through the
// bond with the tag.
func TestPlanReachesAGroupOnAVLANOfTheBridge(t *testing.T) {
	s := host(links.Bridge{})
	s.Links = append(s.Links, links.Link{Index: 9, Name: "br0.10", Kind: "vlan", VLAN: 10, Parent: 5, MAC: mac(5)})
	uplinks, err := uplinksOf(s.Links, []string{"br0.10"}, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	items, _ := plan(s, uplinks, Roles{Active: []Active{{"hsrp:br0.10:10", "br0.10", hsrp10}}})
	want := Item{MAC: hsrp10, VLAN: 10, Out: "bond0", Of: "group hsrp:br0.10:10"}
	if !slices.Contains(items, want) {
		t.Errorf("plan %+v, want %+v in it", items, want)
	}
}

func TestUplinks(t *testing.T) {
	list := append(host(links.Bridge{}).Links,
		links.Link{Index: 9, Name: "br0.10", Kind: "vlan", VLAN: 10, Parent: 5},
		links.Link{Index: 10, Name: "mv0", Kind: "macvlan", Parent: 9},
		links.Link{Index: 11, Name: "br1", Kind: "bridge", Bridge: &links.Bridge{}},
		links.Link{Index: 12, Name: "br1.10", Kind: "vlan", VLAN: 10, Parent: 11},
	)
	tests := []struct {
		name   string
		devs   []string
		bridge string
		route  int
		want   string
		err    string
	}{
		{name: "by name", devs: []string{"eth9"}, want: "eth9"},
		{name: "a bond stands for its ports", devs: []string{"eth0", "eth1"}, want: "bond0"},
		{name: "those that exist", devs: []string{"eth7", "bond0"}, want: "bond0"},
		{name: "those that are in the bridge", devs: []string{"eth9", "bond0"}, bridge: "br0", want: "bond0"},
		{name: "ports of a bridge that are no guest's", bridge: "br0", want: "bond0"},
		{name: "ports stand for a bridge", devs: []string{"br0", "eth9"}, want: "bond0 eth9"},
		{name: "ports stand for a VLAN on a bridge", devs: []string{"br0.10", "eth9"}, want: "bond0 eth9"},
		{name: "ports stand for what is stacked on that", devs: []string{"mv0"}, want: "bond0"},
		{name: "a VLAN on a bridge of guests alone", devs: []string{"br1.10", "eth9"}, want: "eth9"},
		{name: "the default route", route: 8, want: "eth9"},
		{name: "the default route through a bridge", route: 5, want: "bond0"},
		{name: "nothing to go by", err: "name it with --dev"},
		{name: "no such interface", devs: []string{"eth7"}, err: "eth7: no such interface"},
		{name: "not in the bridge", devs: []string{"eth9"}, bridge: "br0", err: "no port of bridge br0"},
		{name: "no such bridge", bridge: "vif1", err: "vif1: no such bridge"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := uplinksOf(list, tt.devs, tt.bridge, tt.route)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("uplinks %v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestReportIsOfAtMost4096Frames(t *testing.T) {
	for planned, want := range map[int]int{0: 0, 4096: 4096, 4100: 4096} {
		r := Options{}.report(nil, make([]Item, planned), nil)
		if len(r.Items) != want || r.Left != planned-want || r.Items == nil || r.Skipped == nil {
			t.Errorf("of %d planned frames %d are sent and %d left", planned, len(r.Items), r.Left)
		}
	}
}

func TestReportForAPerson(t *testing.T) {
	r := Report{
		Uplinks: []string{"bond0", "eth9"}, Form: "arp0", Rate: 150, Sent: 1, TookMS: 7,
		Items:   []Item{{MAC: mac(2), Out: "bond0", Of: "interface bond0"}, {MAC: mac(0x61), VLAN: 10, Out: "eth9", Of: "guest behind vif1"}},
		Skipped: []Skip{{MAC: mac(0x62), Of: "guest behind vif2", Why: "learned from the uplink"}},
	}
	const list = "02:00:00:00:00:02  untagged  bond0            interface bond0\n" +
		"02:00:00:00:00:61  vlan 10   eth9             guest behind vif1\n" +
		"02:00:00:00:00:62  skipped: guest behind vif2: learned from the uplink\n"
	if diff := cmp.Diff(list+"sent 1 of 2 frames (arp0) out of bond0, eth9 in 7ms\n", r.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.DryRun, r.Left = true, 3
	if diff := cmp.Diff(list+"would send 2 frames (arp0) out of bond0, eth9 at 150/s; 3 more were left out\n", r.String()); diff != "" {
		t.Errorf("dry run (-want +got):\n%s", diff)
	}
}
