package lab

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { netlab.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", path, d)
	}
}

var zero = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at returns a time in milliseconds from the fault.
func at(ms float64) time.Time { return zero.Add(time.Duration(ms * float64(time.Millisecond))) }

// sample is a run as it should be: gw1's daemon is killed, its kernel forwards
// on, and gw2 takes over 550 ms later.
func sample(faultName string) record {
	o := Defaults()
	o.Fault = faultName
	r := record{plan: o.plan(), start: at(-1000), fault: at(0), end: at(2000), transitions: map[string][]status.Transition{}}
	vip, vmac := r.plan.vip(), r.plan.mac(1)
	table := map[netip.Addr]hello.MAC{
		vip: vmac, gateways[nodeGW1].v4: gateways[nodeGW1].mac, gateways[nodeGW2].v4: gateways[nodeGW2].mac,
	}
	both := map[string]bool{nodeGW1: true, nodeGW2: true}
	r.before = snapshot{arp: table, port: nodeGW1, pings: both, active: []string{nodeGW1}}
	r.after = snapshot{arp: table, port: nodeGW2, pings: both, active: []string{nodeGW2}}
	for ms := -850.0; ms < 0; ms += 200 {
		r.sightings = append(r.sightings, claim(nodeGW1, ms),
			sighting{At: at(ms + 30), Node: nodeGW2, Kind: seenHello, Group: 1, Detail: "Standby"})
	}
	r.sightings = append(r.sightings,
		sighting{At: at(180), Node: nodeGW2, Kind: seenHello, Group: 1, Detail: "Standby"}, claim(nodeGW2, 550))
	for i, form := range []string{garpReal, garpVIP, garpCisco, garpRequest} {
		r.sightings = append(r.sightings, sighting{
			At: at(550.1 + float64(i)/10), Node: nodeGW2, Kind: seenAnnounce, Group: 1, Detail: form, Virtual: true,
		})
	}
	for ms := 750.0; ms < 2000; ms += 200 {
		r.sightings = append(r.sightings, claim(nodeGW2, ms))
	}
	for i := range 3000 {
		via := nodeGW1
		if i >= 1551 {
			via = nodeGW2
		}
		r.sent = append(r.sent, at(float64(i-1000)))
		r.arrivals = append(r.arrivals, arrival{uint64(i), at(float64(i-1000) + 0.1), via})
	}
	r.learned = []tableChange{{nodeSwitch, netlab.NeighborChange{At: at(550.2), Dev: nodeGW2, MAC: vmac}}}
	r.transitions[nodeGW2] = []status.Transition{{
		Group: 1, From: "Standby", To: "Active", At: at(549.9), Cause: "active-timer-expired",
		Detail: "nothing from 192.168.1.100 (priority 110) for 600ms, hold time 600ms",
	}}
	return r
}

func claim(node string, ms float64) sighting {
	return sighting{At: at(ms), Node: node, Kind: seenActive, Group: 1, Detail: "Active", Virtual: true}
}

// lossy is the same with gw1's link cut: 551 datagrams are lost.
func lossy() record {
	r := sample("link")
	kept := r.arrivals[:1001:1001]
	r.arrivals = append(kept, r.arrivals[1551:]...)
	r.after.pings = map[string]bool{nodeGW2: true}
	return r
}
