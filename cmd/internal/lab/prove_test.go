package lab

import (
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

func TestAProofWantsEveryDatagramThroughTheActiveRouter(t *testing.T) {
	all := sample("kill").arrivals[:3]
	for name, tc := range map[string]struct {
		sent     int
		arrivals []arrival
		want     proof
		holds    bool
	}{
		"all arrived":           {3, all, proof{3, 3, 0}, true},
		"nothing was sent":      {0, nil, proof{}, false},
		"one is missing":        {4, all, proof{4, 3, 0}, false},
		"a copy is no other":    {4, append(all[:3:3], all[0]), proof{4, 3, 0}, false},
		"of another attempt":    {2, all, proof{2, 2, 0}, true},
		"through the other one": {3, []arrival{all[0], {1, at(0), nodeGW2}, all[2]}, proof{3, 3, 1}, false},
	} {
		if p := weigh(tc.sent, tc.arrivals, nodeGW1); p != tc.want || p.holds() != tc.holds {
			t.Errorf("%s: %+v, holds %v", name, p, p.holds())
		}
	}
}

// TestTheLabProvesItsPathBeforeTheFault needs no daemon: the virtual address is put
// on the routers by hand.
func TestTheLabProvesItsPathBeforeTheFault(t *testing.T) {
	netlab.Need(t)
	p := planOf("hsrp2", false)
	p.fault = findFault("kill")
	n, err := build(p)
	must(t, err)
	defer n.Close()
	r := &rig{plan: p, net: n, gw: map[string]*gateway{}, stderr: io.Discard}
	for _, name := range pair {
		r.gw[name] = newGateway(name, n[name], p, t.TempDir(), "none")
	}
	vip := netip.PrefixFrom(p.vip(), p.lanBits())
	must(t, n[nodeGW2].AddAddr(lanDev, vip))
	err = r.prove(t.Context(), time.Second)
	if err == nil || !strings.Contains(err.Error(), "the path did not work before any fault") || strings.Contains(err.Error(), " 0 of these through gw2") {
		t.Errorf("through the wrong router: %v", err)
	}
	must(t, n[nodeGW2].DelAddr(lanDev, vip))
	must(t, n[nodeClient].FlushNeighbors(lanDev))
	got, err := r.attempt(t.Context())
	must(t, err)
	if got.holds() || got.sent == 0 || got.arrived != 0 {
		t.Errorf("through nobody: %+v", got)
	}
	must(t, n[nodeGW1].AddAddr(lanDev, vip))
	if err := r.prove(t.Context(), patient); err != nil {
		t.Errorf("traffic that begins late: %v", err)
	}
}
