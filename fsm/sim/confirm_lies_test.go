package sim

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Whoever answers for a dead router from another MAC does not keep it alive.
func TestLiarDoesNotKeepTheDeadAlive(t *testing.T) {
	for _, protocol := range []string{"hsrp2", "hsrp6", "vrrp3", "vrrp6"} {
		for seed := range uint64(10) {
			p := Plan{Seed: seed + 1, Routers: append(confirmRouters(protocol), confirmRouters(protocol)[1]), Length: 50 * time.Second}
			p.Routers[2].Priority = 50
			at := 30*time.Second + time.Duration(seed)*100*time.Millisecond
			for b := 1; b <= 2; b++ {
				p.Faults = append(p.Faults, Fault{At: at, Kind: Partition, A: 0, B: b, For: 10 * time.Second})
			}
			var dead *router
			res, err := run(p, samePort, func(r *router) {
				r.answers = true
				switch r.id {
				case 0:
					dead = r
				case 2: // it lies from the death on
					r.w.after(at, func() { r.lies = dead })
				}
				for n := range r.config.Groups {
					r.config.Groups[n].Confirm = r.id != 2 // nobody lies to the liar
				}
				r.first = r.config
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Broken) > 0 {
				t.Fatalf("%s, seed %d: %s", protocol, p.Seed, strings.Join(res.Broken, "\n"))
			}
			if res.told(byQuestions) == 0 {
				t.Errorf("%s, seed %d: the liar was believed:\n%s", protocol, p.Seed, strings.Join(res.Story, "\n"))
			}
		}
	}
}

// Questions break no rule of the segment in any history: with loss, delay, one way links,
// reloads, upgrades, stalls and crashes, and with processes replaced at any time.
func TestQuestionsKeepTheRules(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	confirmed := 0
	for seed := range seeds {
		p := Random(seed)
		chance := rand.New(rand.NewPCG(seed, 0x636f6e66))
		res, err := run(p, samePort, func(r *router) {
			r.answers = true
			r.renews = func() bool { return chance.IntN(200) == 0 }
			for n := range r.config.Groups {
				r.config.Groups[n].Confirm = true
			}
			r.first = r.config
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Broken) > 0 {
			t.Fatalf("seed %d:\n%s\n%s", seed, strings.Join(res.Broken, "\n"), p)
		}
		confirmed += res.told(byQuestions)
	}
	t.Logf("%d takeovers by questions in %d histories", confirmed, seeds)
	if confirmed == 0 {
		t.Error("no silence was ever confirmed: the histories prove nothing")
	}
}
