package main

import (
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestReloadPrintsThePlanAndItsCost(t *testing.T) {
	f := newFake()
	path, _ := serve(t, f)
	run := func(args ...string) result { return fhrpd(t.Context(), append(args, "--control", path)...) }
	f.plan = status.Plan{Changes: []status.PlanChange{
		{Group: "hsrp:eth1:10", Cost: "none", Keys: []status.KeyChange{{Key: "priority", From: "100", To: "120"}, {Key: "auth"}}},
		{Group: "vrrp:eth1:20", Cost: "a transition", Keys: []status.KeyChange{{Key: "name", From: `"lan"`}, {Key: "version", To: "2"}}},
	}}
	const text = `hsrp:eth1:10: cost: none
  priority: 100 -> 120
  auth: changed
vrrp:eth1:20: cost: a transition
  name: "lan" -> none
  version: 2
`
	for _, tt := range []struct {
		args, want string
		reloads    int
	}{
		{"reload --dry-run", text + "nothing was changed (--dry-run)\n", 0},
		{"reload", text, 1},
	} {
		if r := run(strings.Fields(tt.args)...); r != (result{0, tt.want, ""}) || f.reloads != tt.reloads {
			t.Errorf("%s: %d reloads, want %d: %+v", tt.args, f.reloads, tt.reloads, r)
		}
	}
	if r := run("reload", "--json"); r.code != 0 || !strings.Contains(r.stdout, `"cost": "a transition"`) {
		t.Errorf("%+v", r)
	}
	f.plan.Changes = []status.PlanChange{}
	if r := run("reload"); r != (result{0, "the file is what the daemon runs: nothing changes\n", ""}) {
		t.Errorf("%+v", r)
	}
}

func TestReloadOfAFaultyFileExits2WithTheFaults(t *testing.T) {
	f := newFake()
	path, _ := serve(t, f)
	f.faults = []string{"fhrpd.toml:3: one", "fhrpd.toml:4: two"}
	want := result{2, "", "fhrpd.toml:3: one\nfhrpd.toml:4: two\nnothing has changed\n"}
	if r := fhrpd(t.Context(), "reload", "--control", path); r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
}
