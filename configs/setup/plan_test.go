package setup_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
)

const planned = `
[daemon]
log = "info"
[[track]]
name = "core"
file = "/run/core"
[[keychain]]
name = "lan"
keys = [{ id = 1, secret = "a secret of at least thirty-two bytes" }, { id = 2, secret = "another secret of thirty-two bytes" }]
[[hsrp]]
interface = "eth1"
group = 10
virtual_ips = ["192.0.2.1"]
auth = { md5 = "old secret" }
[[vrrp]]
interface = "eth1"
vrid = 20
virtual_ips = ["192.0.2.2"]
`

func TestPlanTellsEachKeyAndItsCost(t *testing.T) {
	for name, tt := range map[string]struct {
		change []string // pairs of what is replaced
		want   []setup.Change
	}{
		"nothing":                    {nil, nil},
		"another order and comments": {[]string{"[[vrrp]]", "# a comment\n[[vrrp]]"}, nil},
		"a priority": {[]string{"group = 10", "group = 10\npriority = 120"},
			[]setup.Change{{"hsrp:eth1:10", keys("priority", "100", "120"), setup.CostNone}}},
		"a secret": {[]string{"old secret", "new secret"},
			[]setup.Change{{"hsrp:eth1:10", keys("auth", "", ""), setup.CostNone}}},
		"a key of a keychain": {[]string{"another secret of thirty-two bytes", "a third secret of at least 32 bytes"},
			[]setup.Change{{"keychain lan", keys("keys[id = 2]", "", ""), setup.CostNone}}},
		"a table below": {[]string{`vrid = 20`, "vrid = 20\nannounce = { refresh = \"10s\" }"},
			[]setup.Change{{"vrrp:eth1:20", keys("announce.refresh", `"1m"`, `"10s"`), setup.CostNone}}},
		"a version": {[]string{"vrid = 20", "vrid = 20\nversion = 2"},
			[]setup.Change{{"vrrp:eth1:20", keys("version", "3", "2"), setup.CostTransition}}},
		"the log": {[]string{`"info"`, `"warn"`},
			[]setup.Change{{"daemon", keys("log", `"info"`, `"warn"`), setup.CostNone}}},
		"who stays in maintenance": {[]string{`log = "info"`, "maintenance = \"return\""},
			[]setup.Change{{"daemon", keys("maintenance", `"stay"`, `"return"`), setup.CostNone}}},
		"real time": {[]string{`log = "info"`, "realtime = false"},
			[]setup.Change{{"daemon", keys("realtime", "true", "false"), setup.CostRestart}}},
		"who may look": {[]string{`log = "info"`, "readers = \"fhrpd\""},
			[]setup.Change{{"daemon", keys("readers", `""`, `"fhrpd"`), setup.CostRestart}}},
		"one key now, one later": {[]string{`log = "info"`, "log = \"warn\"\nreaders = \"fhrpd\""},
			[]setup.Change{
				{"daemon", keys("log", `"info"`, `"warn"`), setup.CostNone},
				{"daemon", keys("readers", `""`, `"fhrpd"`), setup.CostRestart},
			}},
		"an object": {[]string{"/run/core", "/run/other"},
			[]setup.Change{{"track core", keys("file", `"/run/core"`, `"/run/other"`), setup.CostNone}}},
	} {
		was, is := parse(t, planned), parse(t, strings.NewReplacer(tt.change...).Replace(planned))
		if diff := cmp.Diff(tt.want, setup.Plan(was, is)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	all := parse(t, planned)
	one := parse(t, planned[:strings.Index(planned, "[[vrrp]]")])
	for _, tt := range []struct {
		was, is *configs.Config
		cost    string
	}{{all, one, setup.CostTransition}, {one, all, setup.CostNone}} {
		got := setup.Plan(tt.was, tt.is)
		if len(got) != 1 || got[0].Group != "vrrp:eth1:20" || got[0].Cost != tt.cost || len(got[0].Keys) < 10 {
			t.Errorf("a group that comes or goes: %+v, want cost %q and every key", got, tt.cost)
		}
	}
}

func keys(key, from, to string) []configs.KeyChange {
	return []configs.KeyChange{{Key: key, From: from, To: to}}
}

func parse(t *testing.T, text string) *configs.Config {
	t.Helper()
	c, err := configs.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
