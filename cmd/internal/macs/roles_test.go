package macs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func TestRolesOfADaemon(t *testing.T) {
	got := RolesOf(&status.Status{Groups: []status.Group{
		{Protocol: "hsrp", Family: 4, Interface: "br0", ID: 10, State: "Active", VirtualMAC: hsrp10.String(), MACMode: "virtual"},
		{Protocol: "vrrp", Family: 6, Interface: "br0", ID: 20, State: "Backup", VirtualMAC: vrrp20.String(), MACMode: "virtual"},
		{Protocol: "hsrp", Family: 4, Interface: "br0", ID: 11, State: "Standby", VirtualMAC: "02:00:00:00:00:05", MACMode: "interface"},
		{Protocol: "hsrp", Family: 4, Interface: "br0", ID: 12, State: "Standby", VirtualMAC: "02:00:00:00:00:cc", MACMode: "chosen"},
		{Protocol: "hsrp", Family: 4, Interface: "br0", ID: 13, State: "Init", VirtualMAC: ""},
		{Protocol: "hsrp", Family: 4, Interface: "br0", ID: 14, State: "Active", VirtualMAC: "02:00:00:00:00:dd", MACMode: "chosen",
			PreActive: &status.PreActive{Outcome: engine.Waiting}},
		{Protocol: "hsrp", Family: 4, Interface: "br0", ID: 15, State: "Active", VirtualMAC: "02:00:00:00:00:ee", MACMode: "chosen",
			PreActive: &status.PreActive{Outcome: engine.TimedOut}},
	}})
	want := Roles{
		Active:  []Active{{Name: "hsrp:br0:10", Interface: "br0", MAC: hsrp10}, {Name: "hsrp:br0:15", Interface: "br0", MAC: mac(0xee)}},
		Standby: []hello.MAC{vrrp20, mac(0xcc), mac(0xdd)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}
