package fhrptest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// measured is a machine that stood still for so long.
type measured struct{ ordinary, realtime time.Duration }

func (m measured) Longest(time.Time) time.Duration    { return m.ordinary }
func (m measured) Standstill(time.Time) time.Duration { return m.realtime }

func TestOnlyAMachineThatStoodStillIsAnExcuse(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		limits Limits
		was    measured
		want   bool
	}{
		"nothing was late":                {Limits{300 * ms, 20 * ms}, measured{}, false},
		"less than the limits":            {Limits{300 * ms, 20 * ms}, measured{299 * ms, 19 * ms}, false},
		"an ordinary thread":              {Limits{300 * ms, 20 * ms}, measured{300 * ms, 0}, true},
		"a thread in real time":           {Limits{300 * ms, 20 * ms}, measured{30 * ms, 20 * ms}, true},
		"no limit for ordinary ones":      {Limits{Realtime: 20 * ms}, measured{time.Second, ms}, false},
		"no limit for those in real time": {Limits{Ordinary: 300 * ms}, measured{30 * ms, time.Second}, false},
	} {
		if got := tc.limits.exceeded(tc.was, time.Time{}); (got != "") != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAScenarioIsRepeatedWhileTheMachineStandsStill(t *testing.T) {
	for name, tc := range map[string]struct {
		excuse string
		good   int // the first attempt that does not fail
		plays  int
		fails  bool
	}{
		"passes":                             {"stood still", 1, 1, false},
		"fails on a machine that ran":        {"", 9, 1, true},
		"fails once on one that stood still": {"stood still", 2, 2, false},
		"fails as long as it stands still":   {"stood still", 99, attempts, true},
	} {
		outer := &attempt{TB: t}
		plays := 0
		watch := func(testing.TB) func() string { return func() string { return tc.excuse } }
		outer.run(func(o testing.TB) {
			steady(o, watch, func(t testing.TB) {
				if plays++; plays < tc.good {
					t.Fatal("wrong")
				}
			})
		})
		if plays != tc.plays || outer.Failed() != tc.fails {
			t.Errorf("%s: played %d times, failed %v; want %d, %v", name, plays, outer.Failed(), tc.plays, tc.fails)
		}
		if text := strings.Join(outer.faults, ""); tc.fails && !strings.Contains(text, "steady_test.go:") {
			t.Errorf("%s: %q does not say where", name, text)
		}
	}
}

func TestAnAttemptCleansUpAfterItself(t *testing.T) {
	a := &attempt{TB: t}
	var order []string
	a.run(func(t testing.TB) {
		t.Cleanup(func() { order = append(order, "first") })
		t.Cleanup(func() { t.Fatal("cannot be removed") })
		t.Cleanup(func() { order = append(order, "last") })
		t.Errorf("goes %s", "on")
		t.FailNow()
		order = append(order, "not reached")
	})
	if d := cmp.Diff([]string{"last", "first"}, order); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
	if !a.Failed() || len(a.faults) != 2 || !strings.HasSuffix(a.faults[0], ": goes on") {
		t.Errorf("failed %v, faults %q", a.Failed(), a.faults)
	}
	skipped := &attempt{TB: t}
	skipped.run(func(t testing.TB) { t.Skip("no", "kernel") })
	if skipped.skip != "no kernel" || skipped.Failed() {
		t.Errorf("skip %q, failed %v", skipped.skip, skipped.Failed())
	}
}

func TestAGapCountsFromTheTimeThatIsAskedFor(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond) }
	w := &Witness{
		ordinary: []gap{{at(100), at(400)}, {at(500), at(700)}},
		realtime: []gap{{at(600), at(650)}},
		kernel:   []gap{{at(650), at(1000)}},
	}
	for since, want := range map[int][3]time.Duration{
		0: {850, 350, 50}, 300: {650, 350, 50}, 610: {440, 350, 40}, 990: {10, 10, 0}, 1000: {},
	} {
		got := [3]time.Duration{w.Held(at(since)), w.Longest(at(since)), w.Standstill(at(since))}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if got != want {
			t.Errorf("since %d ms: %v, want %v", since, got, want)
		}
	}
	if spare, late := w.Spare(at(0)), w.Late(at(0)); spare != 2550*time.Millisecond || late != 900*time.Millisecond {
		t.Errorf("spare %v, late %v", spare, late)
	}
	w.refused = true
	if got := w.Standstill(at(0)); got != 300*time.Millisecond {
		t.Errorf("without real-time priority %v", got)
	}
}
