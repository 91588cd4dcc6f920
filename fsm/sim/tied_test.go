package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// atOnce is for how long a lost link may leave groups to nobody: one word and its way,
// on hosts that are a millisecond late. Where a second word is lost the third comes
// after 10 ms.
const atOnce = 3 * time.Millisecond

// mum is a port of an engine that does not say that a link has died.
type mum struct{ engine.Port }

func (m mum) Transmit(frames [][]byte) ([]int, error) {
	return m.Port.Transmit(slices.DeleteFunc(slices.Clone(frames), func(f []byte) bool {
		var a hello.Agreement
		return wire.EtherType(f) == wire.EtherTypeAgreement && a.Parse(f) == nil && a.Kind == hello.AgreementGone
	}))
}

// cutPlan is a pair whose active router, the first one, loses one link.
func cutPlan(seed uint64) Plan {
	r := rand.New(rand.NewPCG(seed, 0x74696564))
	protocol := []string{"hsrp1", "hsrp2", "hsrp6", "vrrp2", "vrrp3", "vrrp6", "hsrp2+vrrp3"}[r.IntN(7)]
	p := Plan{Seed: seed, Length: time.Minute}
	for _, priority := range []int{110, 100} {
		p.Routers = append(p.Routers, Router{Protocol: protocol, Priority: priority, Preempt: true, Hello: time.Second, Hold: 3 * time.Second, Tied: true})
	}
	at := 20*time.Second + time.Duration(r.Int64N(int64(20*time.Second)))
	p.Faults = []Fault{{At: at.Round(time.Millisecond), Kind: []FaultKind{Link, Link2}[r.IntN(2)], For: 10 * time.Second}}
	return p
}

// cut plays it and looks at the other router a moment after the cut.
func cut(t *testing.T, p Plan, between func(engine.Port) engine.Port) []string {
	t.Helper()
	res, err := run(p, between, func(r *router) {
		at := epoch.Add(p.Faults[0].At)
		r.w.at(at.Add(-1), func() {
			if r.id == 0 && !r.holds(1) {
				r.broken("the first router is not active before")
			}
		})
		r.w.at(at.Add(atOnce), func() {
			for id := range engine.ID(p.Routers[0].count()) {
				if r.id == 1 && !r.holds(id+1) {
					r.broken(fmt.Sprintf("nobody has group %d %v after the cut", id+1, atOnce))
				}
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.Broken
}

func TestALostLinkMovesGroupsThatAreTied(t *testing.T) {
	for seed := uint64(1); seed <= 300; seed++ {
		if broken := cut(t, cutPlan(seed), func(p engine.Port) engine.Port { return p }); len(broken) > 0 {
			t.Fatalf("seed %d: %v\n%s", seed, broken, cutPlan(seed))
		}
	}
}

// An engine that keeps it for itself is found out.
func TestALostLinkThatIsNotToldIsFound(t *testing.T) {
	for seed := uint64(1); seed <= 100; seed++ {
		if len(cut(t, cutPlan(seed), func(p engine.Port) engine.Port { return mum{p} })) > 0 {
			return
		}
	}
	t.Error("100 seeds did not find it")
}

// Random plans tie groups, and roles move by the word of a dying router in them.
func TestPlansTieGroups(t *testing.T) {
	for seed := uint64(1); seed < 500; seed++ {
		p := Random(seed)
		if !p.Routers[0].Tied {
			continue
		}
		res, err := Run(p)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(res.Story, func(s string) bool { return strings.Contains(s, "(peer-link-down: ") }) {
			return
		}
	}
	t.Error("no story tells it")
}
