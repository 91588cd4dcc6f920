package chaos

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/garp"
)

const (
	// bound is how long it may take, on a machine that is busy with other
	// things, until one gateway owns every address. The timers ask for less than
	// a second, and for twice as long after a fence.
	bound = 10 * time.Second
	// forAnswers is how long answers are waited for.
	forAnswers = 40 * time.Millisecond
	// forSilence is how long the others must be silent: several hellos.
	forSilence = 500 * time.Millisecond
)

// owners returns who answers for each group's address now.
func (s *segment) owners() [][]*gateway {
	s.t.Helper()
	began := time.Now()
	for _, v := range s.groups {
		p, err := garp.Probe(v.vip, fhrptest.ClientMAC)
		must(s.t, err)
		must(s.t, s.asking.Send(p))
	}
	s.pass(forAnswers)
	out := make([][]*gateway, len(s.groups))
	for i, v := range s.groups {
		for _, g := range s.gateways {
			if g.answered(v.vip, began) {
				out[i] = append(out[i], g)
			}
		}
	}
	return out
}

// settled waits until the best gateway alone answers for every group, twice in
// a row, and then listens whether all others are silent. It returns how long
// that took, and adds to the account.
func (s *segment) settled(after string, to *account) time.Duration {
	s.t.Helper()
	began := time.Now()
	watch := outages{since: began, account: *to}
	var seen [][]*gateway
	for times := 0; times < 2; {
		seen = s.owners()
		watch.note(s, seen, time.Now())
		if s.asTheyShould(seen) {
			times++
			continue
		}
		times = 0
		if time.Since(began) > bound {
			s.t.Fatalf("after %s: %s\n%s", after, s.explain(seen), s.tails())
		}
	}
	took := time.Since(began)
	*to = watch.account
	to.settled = append(to.settled, took)
	s.silent(after)
	return took
}

func (s *segment) asTheyShould(seen [][]*gateway) bool {
	for i, v := range s.groups {
		best := s.best(v)
		switch {
		case best == nil && len(seen[i]) > 0, best != nil && (len(seen[i]) != 1 || seen[i][0] != best):
			return false
		}
	}
	return true
}

// silent looks for frames with a virtual MAC from a gateway that has no role.
func (s *segment) silent(after string) {
	s.t.Helper()
	since := time.Now()
	s.pass(forSilence)
	for _, v := range s.groups {
		for _, g := range s.gateways {
			if best := s.best(v); g != best && g.spokeFrom(v.mac, since) {
				s.t.Errorf("after %s: a frame from %s left %s, which is standby\n%s", after, v.mac, g.Name, s.tails())
			}
		}
	}
}

func (s *segment) explain(seen [][]*gateway) string {
	var list []string
	for i, v := range s.groups {
		var names []string
		for _, g := range seen[i] {
			names = append(names, g.Name)
		}
		want := "nobody"
		if best := s.best(v); best != nil {
			want = best.Name
		}
		list = append(list, fmt.Sprintf("%s is answered for by %v, want %s", v.vip, names, want))
	}
	return strings.Join(list, "; ")
}

func (s *segment) tails() string {
	var list []string
	for _, g := range s.gateways {
		list = append(list, fmt.Sprintf("%s: up %v, frozen %v, cut %v, priorities %v\n%s", g.Name, g.Up(), g.frozen, g.cut, g.priority, g.Tail()))
	}
	return strings.Join(list, "\n")
}
