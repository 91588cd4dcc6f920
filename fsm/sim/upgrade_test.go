package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// TestSnapshotsChangeNothing plays histories twice: once as they are, and once with
// every process replaced again and again by one that has read what the last one
// knew. Every event must be the same, to the instant.
func TestSnapshotsChangeNothing(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	replaced := 0
	for seed := range seeds {
		p := Random(seed)
		want, err := Run(p)
		if err != nil {
			t.Fatal(err)
		}
		chance := rand.New(rand.NewPCG(seed, 0x7570))
		got, err := run(p, func(port engine.Port) engine.Port { return port }, func(r *router) {
			r.renews = func() bool {
				replaced++
				return chance.IntN(50) == 0
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: a snapshot in the middle has changed the history (-without +with):\n%s", seed, diff)
		}
	}
	if replaced == 0 {
		t.Fatal("nothing was replaced")
	}
}
