package status

import (
	"encoding/json"
	"testing"
)

func TestTransitionMessageIsTheLogLineOfIOS(t *testing.T) {
	tests := []struct{ protocol, want string }{
		{"hsrp", "%HSRP-5-STATECHANGE: eth1 Grp 10 state Standby -> Active"},
		{"vrrp", "%VRRP-6-STATECHANGE: eth1 Grp 10 state Standby -> Active"},
	}
	for _, tt := range tests {
		tr := Transition{Protocol: tt.protocol, Interface: "eth1", Group: 10, From: "Standby", To: "Active"}
		if got := tr.Message(); got != tt.want {
			t.Errorf("message %q, want %q", got, tt.want)
		}
	}
}

func TestRefIsThatOfTheEngine(t *testing.T) {
	for want, g := range map[string]Group{
		"hsrp:eth1:10":       {Protocol: "hsrp", Family: 4, Interface: "eth1", ID: 10},
		"hsrp6:eth1:4095":    {Protocol: "hsrp", Family: 6, Interface: "eth1", ID: 4095},
		"vrrp:eth1.100:255":  {Protocol: "vrrp", Family: 4, Interface: "eth1.100", ID: 255},
		"vrrp6:eth1.100:255": {Protocol: "vrrp", Family: 6, Interface: "eth1.100", ID: 255, Name: "lan"},
	} {
		if got := g.Ref(); got != want {
			t.Errorf("reference %s, want %s", got, want)
		}
		tr := Transition{Protocol: g.Protocol, Family: g.Family, Interface: g.Interface, Group: g.ID}
		if got := tr.Ref().String(); got != want {
			t.Errorf("reference of a transition %s, want %s", got, want)
		}
		if i, err := Find([]Group{{Protocol: "hsrp"}, g}, want); i != 1 || err != nil {
			t.Errorf("Find(%s) = %d, %v", want, i, err)
		}
	}
}

// A script asks for .obstacle and means "" when nothing is in the way.
func TestKeysOfAGroupThatScriptsAskForAreAlwaysThere(t *testing.T) {
	b, err := json.Marshal(Group{})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"protocol", "version", "family", "interface", "id", "name", "state", "since", "priority",
		"configured_priority", "preempt", "virtual_ips", "virtual_mac", "active", "standby", "hello_ms",
		"hold_ms", "transitions", "last_transition", "obstacle", "install", "understudy", "maintenance",
		"counters", "takeover",
	} {
		if _, ok := got[key]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
}
