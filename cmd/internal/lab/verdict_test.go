package lab

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/google/go-cmp/cmp"
)

func TestASoundRunPasses(t *testing.T) {
	v := judge(sample("kill"))
	if !v.Passed || len(v.Reasons) != 0 {
		t.Fatalf("reasons: %q", v.Reasons)
	}
	if v.OutageMS != 0 || v.Active != "gw2" || v.TwoOwnersMS != 0 || v.TakeoverMS == nil || *v.TakeoverMS != 550 || v.BoundMS != 850 {
		t.Errorf("verdict %+v", v)
	}
	if d := cmp.Diff([]string{garpReal, garpVIP, garpCisco, garpRequest}, v.GARPs); d != "" {
		t.Error(d)
	}
	if v.FDB != (Change{"gw1", "gw2"}) || v.ARP != (Change{"00:00:0c:9f:f0:01", "00:00:0c:9f:f0:01"}) {
		t.Errorf("fdb %v, arp %v", v.FDB, v.ARP)
	}
}

func TestLossWithinTheBoundPasses(t *testing.T) {
	if v := judge(lossy()); !v.Passed || v.Lost != 550 || v.OutageMS != 550 {
		t.Errorf("lost %d, outage %v, reasons %q", v.Lost, v.OutageMS, v.Reasons)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	vip := netip.MustParseAddr("192.168.1.1")
	for name, tc := range map[string]struct {
		change func(*record)
		want   string
	}{
		"nobody took over":        {func(r *record) { r.after.active = nil }, `active in the end: want gw2, have ""`},
		"both are active":         {func(r *record) { r.after.active = []string{"gw1", "gw2"} }, `have "gw1 gw2"`},
		"outage beyond the bound": {func(r *record) { r.arrivals = slices.Delete(r.arrivals, 1000, 1900) }, "outage of 900.0 ms: the timers allow 850.0 ms"},
		"no traffic in the end":   {func(r *record) { r.arrivals = r.arrivals[:2990] }, "does not flow"},
		"a datagram came twice":   {func(r *record) { r.arrivals = append(r.arrivals, r.arrivals[7]) }, "1 datagrams arrived twice"},
		"gw1 goes on claiming":    {func(r *record) { r.see(claim(nodeGW1, 400), claim(nodeGW1, 900)) }, "two owners for 350.0 ms"},
		"no announcement":         {func(r *record) { r.drop(garpCisco) }, "not seen: vip 01-00-0c-cd-cd-cd"},
		"client on a wrong MAC":   {func(r *record) { r.after.arp = with(r.after.arp, vip, clientAt.mac) }, "client has 192.168.1.1 at"},
		"client forgot":           {func(r *record) { r.after.arp = nil }, `client has 192.168.1.1 at ""`},
		"switch on the old port":  {func(r *record) { r.after.port = nodeGW1 }, `behind port "gw1": want gw2`},
		"standby is not silent": {func(r *record) {
			r.see(sighting{At: at(-500), Node: nodeGW2, Kind: seenOther, Group: 1, Virtual: true})
		}, "the standby sent 1 frames"},
		"a group was left":       {func(r *record) { r.plan.groups = 2 }, "1 of 2 groups were not taken over"},
		"gw2 unreachable before": {func(r *record) { r.before.pings = map[string]bool{nodeGW1: true} }, "192.168.1.200 did not answer before"},
		"gw1 unreachable after":  {func(r *record) { r.after.pings = map[string]bool{nodeGW2: true} }, "192.168.1.100 does not answer in the end"},
		"captures with holes":    {func(r *record) { r.missed = 3 }, "captures lost 3 frames"},
		"nobody was to take it":  {func(r *record) { r.plan.fault = findFault("upgrade") }, "gw2 has taken 1 of 1 groups: want none"},
		"something did not come": {func(r *record) { r.notes = []string{"gw2's takeover did not happen"} }, "gw2's takeover did not happen"},
		"real MAC not given back": {func(r *record) {
			r.plan.fault = findFault("stop")
			r.after.arp = with(r.after.arp, gateways[nodeGW1].v4, r.plan.mac(1))
		}, "client has 192.168.1.100 at"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sample("kill")
			tc.change(&r)
			v := judge(r)
			if v.Passed || !strings.Contains(strings.Join(v.Reasons, "\n"), tc.want) {
				t.Errorf("passed %v, reasons %q; want %q", v.Passed, v.Reasons, tc.want)
			}
		})
	}
}

func (r *record) see(list ...sighting) {
	r.sightings = append(r.sightings, list...)
	slices.SortStableFunc(r.sightings, func(a, b sighting) int { return a.At.Compare(b.At) })
}

func (r *record) drop(detail string) {
	r.sightings = slices.DeleteFunc(r.sightings, func(s sighting) bool { return s.Detail == detail })
}

func with(arp map[netip.Addr]hello.MAC, ip netip.Addr, mac hello.MAC) map[netip.Addr]hello.MAC {
	arp = maps.Clone(arp)
	arp[ip] = mac
	return arp
}

func TestBoundsGrowByTheMachinesOwnStall(t *testing.T) {
	r := sample("kill")
	for i := 100; i < 130; i++ {
		r.sent[i] = r.sent[130]
	}
	v := judge(r)
	if v.StallMS != 30 || v.BoundMS != 880 || v.TwoOwnersBound != 80 {
		t.Errorf("stall %v, bound %v, owners %v", v.StallMS, v.BoundMS, v.TwoOwnersBound)
	}
}

func TestARunIsVoidOnlyIfItFailedOnAMachineThatStoodStill(t *testing.T) {
	for name, tc := range map[string]struct {
		stalled int // datagrams sent too late, one every millisecond
		passes  bool
		want    bool
	}{
		"passed on a machine that ran":            {0, true, false},
		"passed although the machine stood still": {300, true, false},
		"failed on a machine that ran":            {0, false, false},
		// Hold time less hello, by two: 200 ms.
		"failed, and the machine was late":     {190, false, false},
		"failed while the machine stood still": {210, false, true},
	} {
		r := sample("kill")
		for i := 100; i < 100+tc.stalled; i++ {
			r.sent[i] = r.sent[100+tc.stalled]
		}
		if !tc.passes {
			r.after.port = nodeGW1
		}
		v := judge(r)
		if v.Passed != tc.passes || v.void(r.plan) != tc.want {
			t.Errorf("%s: passed %v, void %v after %v; want %v, %v", name, v.Passed, v.void(r.plan), v.stall(), tc.passes, tc.want)
		}
	}
}

func TestAPartitionMayHaveTwoOwnersUntilItHeals(t *testing.T) {
	r := sample("partition")
	r.after.port, r.after.active = nodeGW1, []string{nodeGW1}
	for ms := 150.0; ms < 2000; ms += 200 {
		r.see(claim(nodeGW1, ms))
	}
	r.second = at(1000)
	r.sightings = slices.DeleteFunc(r.sightings, func(s sighting) bool { return s.Node == nodeGW2 && s.At.After(at(1180)) })
	v := judge(r)
	if !v.Passed || v.TwoOwnersMS != 600 || v.OwnersAfterMS != 0 {
		t.Errorf("two owners %v, after %v, reasons %q", v.TwoOwnersMS, v.OwnersAfterMS, v.Reasons)
	}
	// What is allowed is about the time after it.
	said := text(r.plan, story(r), v, ink{})
	if want := "two owners        0.0 ms after the partition; allowed 250.0 ms; 600.0 ms with it\n"; !strings.Contains(said, want) {
		t.Errorf("%s\nwant %q", said, want)
	}
	r.see(claim(nodeGW2, 1350), claim(nodeGW2, 1550))
	if v := judge(r); v.Passed || v.OwnersAfterMS != 400 {
		t.Errorf("two owners after %v, reasons %q", v.OwnersAfterMS, v.Reasons)
	}
}

func TestSpansEndWithAnotherHelloOrSilence(t *testing.T) {
	r := record{plan: planOf("hsrp2", false)}
	r.see(claim("gw1", 0), claim("gw1", 200),
		sighting{At: at(300), Node: "gw1", Kind: seenHello, Group: 1},
		sighting{At: at(350), Node: "gw1", Kind: seenAnnounce, Group: 1, Detail: garpRealBack},
		claim("gw1", 400), claim("gw1", 1001),
		sighting{At: at(1100), Node: "gw1", Kind: seenCoup, Group: 1}, claim("gw1", 1200),
		sighting{At: at(1300), Node: "gw1", Kind: seenActive, Group: 2})
	want := []span{{"gw1", at(0), at(200)}, {"gw1", at(400), at(400)}, {"gw1", at(1001), at(1200)}}
	if d := cmp.Diff(want, r.spans(time.Time{}), cmp.AllowUnexported(span{})); d != "" {
		t.Error(d)
	}
}

func TestOverlapIsBetweenTwoRouters(t *testing.T) {
	list := []span{{"gw1", at(0), at(500)}, {"gw1", at(100), at(900)}, {"gw2", at(450), at(600)}, {"gw2", at(880), at(2000)}}
	if d := overlap(list); d != 150*time.Millisecond {
		t.Errorf("overlap %v, want 150ms", d)
	}
	if d := overlap(list[:2]); d != 0 {
		t.Errorf("overlap of one router with itself: %v", d)
	}
	for _, list := range [][]span{
		{{"gw1", at(0), at(300)}, {"gw2", at(200), at(900)}}, {{"gw1", at(200), at(900)}, {"gw2", at(0), at(300)}},
		{{"gw1", at(0), at(900)}, {"gw2", at(200), at(300)}}, {{"gw1", at(200), at(300)}, {"gw2", at(0), at(900)}},
	} {
		if d := overlap(list); d != 100*time.Millisecond {
			t.Errorf("overlap of %v is %v, want 100ms", list, d)
		}
	}
}

func TestVerdictHasTheKeysThatScriptsUse(t *testing.T) {
	b, err := json.Marshal(judge(sample("kill")))
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(b, &m))
	for _, key := range []string{"protocol", "fault", "passed", "outage_ms", "lost", "duplicated", "two_owners_ms", "active", "garps", "arp", "fdb", "bound_ms", "reasons"} {
		if v, ok := m[key]; !ok || v == nil {
			t.Errorf("key %s: %v", key, v)
		}
	}
	for _, key := range []string{"arp", "fdb"} {
		c, _ := m[key].(map[string]any)
		if _, ok := c["before"]; !ok || len(c) != 2 {
			t.Errorf("%s = %v", key, m[key])
		}
	}
}
