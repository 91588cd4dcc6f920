package chaos

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// TestChaos breaks things, looks, mends them, and looks again.
func TestChaos(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	// The routers have real-time priority; who asks for answers has not.
	limits := fhrptest.Limits{Ordinary: fhrptest.Stall.Ordinary, Realtime: pace}
	fhrptest.Steady(t, limits, breakAndLook)
}

func breakAndLook(t testing.TB) {
	t.Logf("again: go test ./cmd/internal/chaos -v -chaos %v -faults %d -load %d -seed %d", *lasts, *count, *load, *seed)
	if *load > 0 {
		defer fhrptest.Spin(t, *load)()
	}
	s := newSegment(t)
	s.chance = rand.New(rand.NewPCG(*seed, 0))
	before := map[*gateway][]string{}
	for _, g := range s.gateways {
		before[g] = s.kernel(g)
		s.start(g)
	}
	s.settled("the start", &account{})
	took := map[string]*account{}
	end := time.Now().Add(*lasts)
	for n := 0; !t.Failed() && (n < *count || *count == 0 && time.Now().Before(end)); {
		n += s.round(took)
	}
	s.report(took)
	for _, g := range s.gateways {
		g.Stop()
	}
	s.settled("the end", &account{})
	for _, g := range s.gateways {
		s.nothingIsLeft(g, before[g])
	}
}

// round is one fault or two of different gateways, and their end. It returns how many.
func (s *segment) round(took map[string]*account) int {
	s.t.Helper()
	var mend []func()
	order := s.chance.Perm(len(s.gateways))
	for _, n := range order[:1+s.chance.IntN(2)] {
		f := s.draw()
		what, undo := f.do(s, s.gateways[n])
		if undo == nil {
			continue
		}
		mend = append(mend, undo)
		if took[f.name] == nil {
			took[f.name] = &account{}
		}
		d := s.settled(what, took[f.name])
		s.t.Logf("%-50s settled after %v", what, d.Round(time.Millisecond))
		s.alive(what)
	}
	for _, undo := range slices.Backward(mend) {
		undo()
	}
	s.settled("mending it", &account{})
	return len(mend)
}

// draw returns the faults in a random order, and in another when all have had
// their turn.
func (s *segment) draw() fault {
	if len(s.deck) == 0 {
		s.deck = faults()
		s.chance.Shuffle(len(s.deck), func(i, k int) { s.deck[i], s.deck[k] = s.deck[k], s.deck[i] })
	}
	f := s.deck[0]
	s.deck = s.deck[1:]
	return f
}

// alive looks for daemons that have ended without being told to.
func (s *segment) alive(after string) {
	s.t.Helper()
	for _, g := range s.gateways {
		if g.Up() && !g.Running() {
			s.t.Fatalf("after %s: %s has ended by itself\n%s", after, g.Name, g.Tail())
		}
	}
}
