package simulate

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// first is the file of router a, and second that of b.
const first = `
[[track]]
name = "uplink"
interface = "eth0"
[[hsrp]]
interface = "eth1"
group = 10
virtual_ips = ["192.0.2.1"]
priority = 110
preempt = true
hello = "1s"
hold = "3s"
understudy = false
track = [{ object = "uplink", decrement = 20 }]
`

var second = strings.Replace(first, "110", "100", 1)

func routers(t *testing.T, files ...string) (list []engine.Config) {
	t.Helper()
	for _, text := range files {
		c, err := configs.Parse("test", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, setup.Engine(c))
	}
	return list
}

func run(t *testing.T, o Options) *Result {
	t.Helper()
	set, err := Prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(set)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReport(t *testing.T) {
	for name, o := range map[string]Options{
		"link":   {Routers: routers(t, first, second), Fail: []string{"a:eth1@3s"}, Heal: []string{"@8s"}, For: 15 * time.Second, Seed: 1},
		"uplink": {Routers: routers(t, first, strings.Replace(second, "preempt = true", "", 1)), Fail: []string{"a:eth0@3s"}, For: 5 * time.Second, Seed: 1},
		"quiet":  {Routers: routers(t, first+"[[vrrp]]\ninterface = \"eth1\"\nvrid = 20\nvirtual_ips = [\"192.0.2.2\"]\n"), Seed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, o).String()
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// One seed prints one report, to the byte, and the JSON as well.
func TestOneSeedOneReport(t *testing.T) {
	o := Options{Routers: routers(t, first), Fail: []string{"a@3s"}, Heal: []string{"@20s"}, Loss: "20%", Seed: 7}
	var one, two bytes.Buffer
	if err := errors.Join(run(t, o).WriteJSON(&one), run(t, o).WriteJSON(&two)); err != nil || one.String() != two.String() {
		t.Errorf("%v, or two histories", err)
	}
	if a, b := run(t, o).String(), run(t, o).String(); a != b {
		t.Error("one seed has two reports")
	}
	was := run(t, o).Verdict.Transitions
	if o.Seed = 8; cmp.Equal(was, run(t, o).Verdict.Transitions) {
		t.Error("another seed has the same history")
	}
}

// The keys are those of the contract with scripts.
func TestJSONEndsWithTheVerdict(t *testing.T) {
	var b bytes.Buffer
	o := Options{Routers: routers(t, first, second), Fail: []string{"a:eth1@3s"}, Seed: 1}
	if err := run(t, o).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var v struct {
		Active      string
		OutageMS    float64 `json:"outage_ms"`
		TwoOwnersMS float64 `json:"two_owners_ms"`
		Passed      bool
		Transitions []struct {
			Router, Group, From, To, Cause string
			AtMS                           float64 `json:"at_ms"`
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		t.Fatal(err)
	}
	if v.Active != "b" || !v.Passed || v.TwoOwnersMS != 0 || v.OutageMS < 2000 || v.OutageMS > 3000.1 {
		t.Errorf("verdict %+v, want b, passed, an outage between two hello times and a hold time", v)
	}
	if len(v.Transitions) != 2 {
		t.Fatalf("transitions %+v, want two", v.Transitions)
	}
	down, up := v.Transitions[0], v.Transitions[1]
	if down.Router != "a" || down.Group != "hsrp:eth1:10" || down.From != "Active" || down.To != "Init" || down.Cause != "interface-down" || down.AtMS != 3000 {
		t.Errorf("first transition %+v", down)
	}
	if up.Router != "b" || up.From != "Standby" || up.To != "Active" || up.Cause != "active-timer-expired" || math.Abs(up.AtMS-3000-v.OutageMS) > 0.01 {
		t.Errorf("second transition %+v, want b active after the outage", up)
	}
	for _, line := range lines[:len(lines)-1] {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Text == "" || e.Kind == "" || e.Groups == nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// tiedFirst has a leader, and two groups that follow it on other segments. The times of
// a follower, which its file does not say, are those of its leader.
const tiedFirst = `
[[hsrp]]
interface = "eth0"
group = 10
name = "users"
virtual_ips = ["192.0.2.1"]
priority = 110
hello = "10s"
hold = "30s"
auth = { md5 = "secret" }
neighbors = ["192.0.2.99"]
[[hsrp]]
interface = "eth1"
group = 11
virtual_ips = ["198.51.100.1"]
follow = "users"
[[hsrp]]
interface = "eth2"
group = 12
virtual_ips = ["203.0.113.1"]
follow = "users"
`

// A link that dies below groups that are tied is told over the others, as two daemons do.
func TestLostLinkOfTiedGroups(t *testing.T) {
	a := routers(t, tiedFirst, strings.Replace(tiedFirst, "110", "100", 1))
	for _, fail := range [][]string{{"a:eth0@1s"}, {"a:eth1@1s"}, {"a:eth2@1s"}, {"a:eth0@1s", "a:eth2@1.001s"}, {"a:eth1@1s", "a:eth0@1.005s"}} {
		v := run(t, Options{Routers: a, Fail: fail, Seed: 1}).Verdict
		if v.Active != "b" || !v.Passed || v.OutageMS > 5 || v.TwoOwnersMS > 5 {
			t.Errorf("%v: active %q, an outage of %.1f ms, two owners for %.1f ms, %q", fail, v.Active, v.OutageMS, v.TwoOwnersMS, v.Reasons)
		}
	}
}

// What a follower is allowed is what its leader needs, which it waits for.
func TestFollowersAreJudgedByTheirLeader(t *testing.T) {
	o := Options{Routers: routers(t, tiedFirst, strings.Replace(tiedFirst, "110", "100", 1)), Fail: []string{"a@1s"}, Seed: 1}
	if v := run(t, o).Verdict; !v.Passed || v.OutageMS < 20_000 || v.BoundMS != 30_050 {
		t.Errorf("slow timers: an outage of %.1f ms, a bound of %.1f ms, %q", v.OutageMS, v.BoundMS, v.Reasons)
	}
	fast := strings.NewReplacer("10s", "1s", "30s", "3s").Replace(tiedFirst)
	o.Routers = routers(t, fast, strings.Replace(fast, "110", "100", 1))
	if v := run(t, o).Verdict; !v.Passed || v.BoundMS != 3050 {
		t.Errorf("fast timers: a bound of %.1f ms, %q", v.BoundMS, v.Reasons)
	}
	o.Fail, o.Heal = []string{"a:eth1@1s", "b:eth2@10s"}, []string{"@60s"} // neither can serve meanwhile
	if v := run(t, o).Verdict; !v.Passed || v.OutageMS < 50_000 {
		t.Errorf("a link lost on either router: an outage of %.1f ms, %q", v.OutageMS, v.Reasons)
	}
}

func TestVerdict(t *testing.T) {
	v3 := "[[vrrp]]\ninterface = \"eth1\"\nvrid = 20\nvirtual_ips = [\"192.0.2.3\"]\n"
	v3clash := strings.Replace(v3, "192.0.2.3", "192.0.2.1", 1)
	for name, tt := range map[string]struct {
		o      Options
		active string
		why    string // "" = passed
	}{
		"nothing fails": {Options{Routers: routers(t, first, second)}, "a", ""},
		"a link":        {Options{Routers: routers(t, first, second), Fail: []string{"a:eth1@1s"}}, "b", ""},
		"the standby":   {Options{Routers: routers(t, first, second), Fail: []string{"b@1s"}}, "a", ""},
		"both, one after the other": {Options{Routers: routers(t, first, second), Fail: []string{"a@1s", "b@2s"}}, "",
			"hsrp:eth1:10: nobody serves in the end: a has no power; b has no power"},
		"both, and both come back much later": {Options{Routers: routers(t, first, second), Fail: []string{"a@1s", "b@1.5s"}, Heal: []string{"@60s"}}, "a", ""},
		"both, and one comes back":            {Options{Routers: routers(t, first, second), Fail: []string{"a@1s", "b@2s"}, Heal: []string{"b@5s"}}, "b", ""},
		"an uplink that nobody takes over from": {Options{Routers: routers(t, first, strings.Replace(second, "preempt = true", "", 1)), Fail: []string{"a:eth0@1s"}}, "a",
			"hsrp:eth1:10: no traffic from 1000 ms on: a stays active, and what it gets goes no further (a has no link on eth0)"},
		"a long preempt delay": {Options{Routers: routers(t, first, strings.Replace(second, "preempt = true", "preempt = true\npreempt_delay = \"20s\"", 1)), Fail: []string{"a:eth0@1s"}}, "b",
			"hsrp:eth1:10: no traffic for 20092 ms: the standby allows 3050 ms"},
		"keys that differ": {Options{Routers: routers(t, first, second+"auth = { text = \"other\" }\n")}, "a b",
			"the routers had not settled before anything failed"},
		"numbers that differ":   {Options{Routers: routers(t, first, strings.Replace(second, "group = 10", "group = 11", 1))}, "a b", "192.0.2.1 is in two groups of one segment, hsrp:eth1:10 and hsrp:eth1:11"},
		"protocols that differ": {Options{Routers: routers(t, first, v3clash)}, "a b", "192.0.2.1 is in two groups of one segment, hsrp:eth1:10 and vrrp:eth1:20"},
		"all is lost":           {Options{Routers: routers(t, first, second), Loss: "100", For: 20 * time.Second}, "a b", "hsrp:eth1:10: a and b have the addresses in the end: want one"},
		"some loss":             {Options{Routers: routers(t, first, second), Loss: "10", For: time.Minute}, "a", ""},
		"a group of one":        {Options{Routers: routers(t, first+v3, second), Fail: []string{"a@1s"}}, "b", "vrrp:eth1:20: nobody serves in the end: a has no power"},
		"nobody has a name":     {Options{Routers: routers(t, "[[hsrp]]\ninterface = \"eth1\"\n")}, "", ""},
	} {
		tt.o.Seed = 1
		v := run(t, tt.o).Verdict
		if v.Active != tt.active || v.Passed != (tt.why == "") || v.Passed != (len(v.Reasons) == 0) {
			t.Errorf("%s: active %q, passed %t, %q; want active %q, and why %q", name, v.Active, v.Passed, v.Reasons, tt.active, tt.why)
		}
		if tt.why != "" && !slices.Contains(v.Reasons, tt.why) {
			t.Errorf("%s: reasons %q lack %q", name, v.Reasons, tt.why)
		}
	}
}

// All that is wrong is told at once, with what would be right.
func TestPrepareTellsEveryFault(t *testing.T) {
	_, err := Prepare(Options{Routers: routers(t, first, second), Fail: []string{"a:eth9@1s", "c@1s", "a:eth1", "@1s", "b@-1s", "b@3"}, Heal: []string{"@soon", "a:eth7@1s"}, For: 2 * time.Hour, Loss: "half"})
	want := []string{
		`--fail "a:eth9@1s": want one of a, a:eth1, a:eth0, b, b:eth1, b:eth0, a router or one of the interfaces in its file`,
		`--fail "c@1s": want one of a, a:eth1, a:eth0, b, b:eth1, b:eth0, a router or one of the interfaces in its file`,
		`--fail "a:eth1": want a time behind it, as in a:eth1@3s`,
		`--fail "@1s": want one of a, a:eth1, a:eth0, b, b:eth1, b:eth0, a router or one of the interfaces in its file`,
		`--fail "b@-1s": time "-1s": want 0s to 1h0m0s with a unit, as in b@3s`,
		`--fail "b@3": time "3": want 0s to 1h0m0s with a unit, as in b@3s`,
		`--heal "@soon": time "soon": want 0s to 1h0m0s with a unit, as in a:eth1@3s`,
		`--heal "a:eth7@1s": want one of a, a:eth1, a:eth0, b, b:eth1, b:eth0, a router or one of the interfaces in its file`,
		`--loss "half": want percent, 0 to 100`,
		`--for 2h0m0s: want more than 0, at most 1h0m0s`,
	}
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Routers: routers(t, first), Fail: []string{"a@9s"}, For: 5 * time.Second}, "--for 5s: something happens at 9s, after the end"},
		{Options{Routers: routers(t, "")}, "there is no group in the configuration"},
		{Options{Routers: routers(t, first, first, first)}, "3 configurations: want one or two"},
	} {
		if _, err := Prepare(tt.o); err == nil || err.Error() != tt.want {
			t.Errorf("error %v, want %s", err, tt.want)
		}
	}
}

func TestRunIsLongEnough(t *testing.T) {
	for _, text := range []string{first, strings.Replace(first, "preempt = true", "preempt = true\npreempt_delay = \"2m\"\ndelay = { reload = \"1m\" }", 1)} {
		r := run(t, Options{Routers: routers(t, text), Fail: []string{"a@3s"}, Heal: []string{"a@10s"}, Seed: 3})
		if !r.Verdict.Passed || r.Verdict.Active != "a" && strings.Contains(text, "preempt_delay") {
			t.Errorf("the run ended at %.0f ms, before a was back: %+v", r.Verdict.ForMS, r.Verdict)
		}
	}
}

// Of many groups that do the same a line tells the first few, and the verdict as well.
func TestManyGroupsAreReadable(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "[[hsrp]]\ninterface = \"eth1\"\ngroup = %d\nvirtual_ips = [\"10.0.%d.%d\"]\n", i, i/200, 1+i%200)
	}
	text := run(t, Options{Routers: routers(t, b.String()), Fail: []string{"a@3s"}, Seed: 1}).String()
	for _, want := range []string{" and 292 more: traffic stops\n", "the frames of the first 8 groups are told", "and 284 groups more", " and 292 more (active-timer-expired)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if n := strings.Count(text, "\n"); n > 1500 {
		t.Errorf("the report has %d lines", n)
	}
}

// The picture is well-formed XML with a lane for each router, and the failure in it.
func TestPicture(t *testing.T) {
	r := run(t, Options{Routers: routers(t, first, second), Fail: []string{"a:eth1@3s"}, Heal: []string{"@8s"}, Seed: 1})
	svg := string(r.SVG())
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">hsrp:eth1:10<", ">a<", ">b<", ">traffic<", ">passed<", `class="gw1"`, `class="gw2"`, `class="wait"`, `class="loss"`, `class="hello"`, `class="garp"`, `class="fault"`, "a eth1 loses its link; everything that has failed is mended"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "http://") && strings.Count(svg, "http://") > 1 {
		t.Error("the picture has a number that is none, or a resource from outside")
	}
}
