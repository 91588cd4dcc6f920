package garp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/garp"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	ms = time.Millisecond
	s  = time.Second
)

// world drives a Schedule in virtual time and writes down what it does.
type world struct {
	garp.Schedule
	now time.Time
	log []string
}

func newWorld() *world { return &world{now: epoch} }

// take notes all that is due now.
func (w *world) take() {
	for {
		step, ok := w.Due(w.now)
		if !ok {
			return
		}
		form := ""
		if step.Requests {
			form = " requests"
		}
		if step.Again {
			form = " again"
		}
		w.log = append(w.log, fmt.Sprintf("%v %v%s", w.now.Sub(epoch), step.Kind, form))
	}
}

// run wakes at each deadline up to end, which is counted from the epoch.
func (w *world) run(end time.Duration) {
	for {
		at, ok := w.Deadline()
		if !ok || at.After(epoch.Add(end)) {
			break
		}
		if at.After(w.now) {
			w.now = at
		}
		w.take()
	}
	w.now = epoch.Add(end)
}

func (w *world) want(t *testing.T, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, w.log); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	w.log = nil
}

func TestBurstsComeAtZeroTwoAndFourSeconds(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 3, Interval: 2 * s})
	w.run(time.Hour)
	w.want(t,
		"0s claim", "5ms claim requests", "50ms claim again",
		"2s claim", "2.005s claim requests",
		"4s claim", "4.005s claim requests")
}

func TestStartForgetsWhatWasPlannedBefore(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 3, Interval: 2 * s, Refresh: 60 * s})
	w.take()
	w.Reassert(w.now)
	w.take()
	w.Reassert(w.now) // waits for a second
	w.log = nil
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(time.Hour)
	w.want(t, "0s claim", "5ms claim requests", "50ms claim again")
}

func TestCount(t *testing.T) {
	for count, want := range map[int]int{1: 1, 2: 2, 3: 3, 60: 60, 0: 501} {
		w := newWorld()
		w.Start(w.now, garp.Timing{Count: count, Interval: 2 * s})
		w.run(1000*s + 10*ms)
		// Two steps a burst, and the last word of the first.
		if got := (len(w.log) - 1) / 2; got != want {
			t.Errorf("count %d: %d bursts in 1000 s, want %d", count, got, want)
		}
	}
}

func TestNoIntervalIsOneBurstAndNeverAStorm(t *testing.T) {
	for _, count := range []int{0, 3} {
		w := newWorld()
		w.Start(w.now, garp.Timing{Count: count})
		w.run(time.Hour)
		w.want(t, "0s claim", "5ms claim requests", "50ms claim again")
	}
}

func TestRequestsKeepTheirDistanceFromLateReplies(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.now = epoch.Add(100 * ms)
	w.take()
	w.want(t, "100ms claim")
	w.run(s)
	w.want(t, "105ms claim requests", "150ms claim again")
}

func TestLateWakeUpSkipsWhatItMissed(t *testing.T) {
	for _, tt := range []struct {
		rule string
		wake time.Duration
		want []string
	}{
		{"past all repeats", 10 * s, []string{"10s claim", "10.005s claim requests"}},
		{"past the second", 3 * s, []string{"3s claim", "3.005s claim requests", "4s claim", "4.005s claim requests"}},
		{"shortly before the third", 3900 * ms, []string{"3.9s claim", "3.905s claim requests", "4.9s claim", "4.905s claim requests"}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			w := newWorld()
			w.Start(w.now, garp.Timing{Count: 3, Interval: 2 * s})
			w.run(5 * ms)
			w.log = nil
			w.now = epoch.Add(tt.wake)
			w.take()
			w.run(time.Hour)
			w.want(t, tt.want...)
		})
	}
}

func TestEarlyAndRepeatedWakeUpsDoNothing(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 2, Interval: 2 * s})
	w.take()
	w.take()
	w.want(t, "0s claim")
	w.now = epoch.Add(5*ms - 1)
	w.take()
	w.want(t)
	w.run(2*s - 1)
	w.want(t, "5ms claim requests", "50ms claim again")
}

func TestRefreshFollowsTheLastAnnouncement(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 2, Interval: 2 * s, Refresh: 60 * s})
	w.run(3 * s)
	w.log = nil
	w.run(150 * s)
	w.want(t, "1m2s refresh", "1m2.005s refresh requests", "2m2s refresh", "2m2.005s refresh requests")
	last, _ := w.LastRefresh()
	next, ok := w.NextRefresh()
	if last != epoch.Add(122*s) || next != epoch.Add(182*s) || !ok || w.Refreshes() != 2 {
		t.Errorf("last %v, next %v (%v), %d refreshes", last.Sub(epoch), next.Sub(epoch), ok, w.Refreshes())
	}
}

func TestRefreshZeroIsOff(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(s)
	if at, ok := w.Deadline(); ok {
		t.Errorf("something is planned at %v", at.Sub(epoch))
	}
	if _, ok := w.NextRefresh(); ok {
		t.Error("a refresh is planned")
	}
}

func TestRefreshIsSpreadByATenth(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: 54 * s, 0.25: 57 * s, 0.5: 60 * s, 1 - 1e-12: 66 * s} {
		w := newWorld()
		w.Rand = func() float64 { return random }
		w.Start(w.now, garp.Timing{Count: 1, Refresh: 60 * s})
		w.take()
		next, _ := w.NextRefresh()
		if d := next.Sub(epoch) - want; d.Abs() > ms {
			t.Errorf("random %v: refresh after %v, want %v", random, next.Sub(epoch), want)
		}
	}
}

func TestRetimeMovesTheRefreshAndSendsNothing(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1, Refresh: 60 * s})
	w.run(10 * s)
	w.log = nil
	w.Retime(w.now, garp.Timing{Count: 1, Refresh: 20 * s})
	w.run(31 * s)
	w.want(t, "30s refresh", "30.005s refresh requests")
	w.Retime(w.now, garp.Timing{})
	w.run(time.Hour)
	w.want(t)
}

func TestRetimeOfASilentGroupPlansNothing(t *testing.T) {
	w := newWorld()
	w.Retime(w.now, garp.Timing{Refresh: s})
	if _, ok := w.Deadline(); ok {
		t.Error("a refresh is planned without a role")
	}
}

// claims calls Reassert every gap until end, as a peer that never gives up
// makes the daemon do.
func (w *world) claims(gap, end time.Duration) {
	for w.now.Sub(epoch) < end {
		w.Reassert(w.now)
		w.run(w.now.Sub(epoch) + gap)
	}
}

func TestDefenceBacksOffToOneInTenSeconds(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(6 * ms)
	w.now, w.log = epoch, nil
	w.claims(10*ms, 46*s)
	var replies []string
	for i := 0; i < len(w.log); i += 2 {
		replies = append(replies, w.log[i])
	}
	want := []string{"0s reassert", "1s reassert", "3s reassert", "7s reassert", "15s reassert", "25s reassert", "35s reassert", "45s reassert"}
	if diff := cmp.Diff(want, replies); diff != "" {
		t.Errorf("defences (-want +got):\n%s", diff)
	}
}

func TestTwoStubbornOwnersDoNotStorm(t *testing.T) {
	a, b := newWorld(), newWorld()
	for _, w := range []*world{a, b} {
		w.Start(w.now, garp.Timing{Count: 1})
		w.run(6 * ms)
		w.log = nil
	}
	a.Reassert(a.now)
	for now := epoch.Add(6 * ms); now.Before(epoch.Add(120 * s)); now = now.Add(ms) {
		for _, pair := range [][2]*world{{a, b}, {b, a}} {
			self, other := pair[0], pair[1]
			before := len(self.log)
			self.now = now
			if self.take(); len(self.log) > before {
				other.Reassert(now)
			}
		}
	}
	// 0, 1, 3, 7, 15 s and then one in ten seconds, replies and requests.
	if n := len(a.log) + len(b.log); n < 2*2*12 || n > 2*2*17 {
		t.Errorf("%d steps in two minutes", n)
	}
}

func TestADisputeIsForgottenAfterAMinute(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(s)
	w.claims(10*ms, 20*s)
	w.run(60 * s)
	w.log = nil
	at, _ := w.Reassert(w.now)
	if at != epoch.Add(60*s) {
		t.Errorf("45 s after the last defence the next is due at %v", at.Sub(epoch))
	}
	w.run(121 * s)
	w.log = nil
	w.Reassert(w.now)
	w.run(121*s + ms)
	w.Reassert(w.now)
	w.run(125 * s)
	w.want(t, "2m1s reassert", "2m1.005s reassert requests", "2m2s reassert", "2m2.005s reassert requests")
}

func TestASecondClaimDoesNotPostponeTheDefence(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(s)
	first, _ := w.Reassert(w.now)
	second, _ := w.Reassert(w.now.Add(3 * ms))
	if first != epoch.Add(s) || second != first {
		t.Errorf("due at %v, then at %v; want 1s twice", first.Sub(epoch), second.Sub(epoch))
	}
}

func TestReassertNeedsARole(t *testing.T) {
	w := newWorld()
	if _, ok := w.Reassert(w.now); ok {
		t.Error("defended before the start")
	}
	w.Start(w.now, garp.Timing{Count: 1})
	w.Stop()
	if _, ok := w.Reassert(w.now); ok {
		t.Error("defended after the stop")
	}
	w.run(time.Hour)
	w.want(t)
}

func TestABurstSaysWhatADefenceWould(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1, Refresh: 60 * s})
	w.Reassert(w.now)
	w.run(s)
	w.want(t, "0s claim", "5ms claim requests", "50ms claim again")
}

func TestStopSilencesEverything(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 3, Interval: 2 * s, Refresh: 60 * s})
	w.take()
	w.Reassert(w.now)
	w.Stop()
	w.log = nil
	w.run(time.Hour)
	w.want(t)
}

func TestWithdrawReplacesWhatWasPlanned(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 3, Interval: 2 * s, Refresh: 60 * s})
	w.take()
	w.now = epoch.Add(2 * ms)
	w.Withdraw(w.now)
	w.log = nil
	w.run(time.Hour)
	w.want(t, "2ms withdraw", "7ms withdraw requests")
}

func TestStartAgainAnnouncesAllOverAgain(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 2, Interval: 2 * s})
	w.run(s)
	w.log = nil
	w.Start(w.now, garp.Timing{Count: 2, Interval: 2 * s})
	w.run(time.Hour)
	w.want(t, "1s claim", "1.005s claim requests", "1.05s claim again", "3s claim", "3.005s claim requests")
}

// The last word waits for nobody who has been silenced meanwhile, and a burst
// that comes first says the same.
func TestTheLastWordEndsWithTheRole(t *testing.T) {
	w := newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(20 * ms)
	w.log = nil
	w.Withdraw(w.now)
	w.run(s)
	w.want(t, "20ms withdraw", "25ms withdraw requests")

	w = newWorld()
	w.Start(w.now, garp.Timing{Count: 1})
	w.run(20 * ms)
	w.log = nil
	w.Reassert(w.now)
	w.run(s)
	w.want(t, "20ms reassert", "25ms reassert requests")
}

func TestTheZeroScheduleIsSilent(t *testing.T) {
	w := newWorld()
	w.run(time.Hour)
	w.want(t)
}

// TestDeadlineAllocatesNothing: it is asked after every frame of every group.
func TestDeadlineAllocatesNothing(t *testing.T) {
	var s garp.Schedule
	s.Start(time.Unix(0, 0), garp.Timing{Count: 3, Interval: time.Second, Refresh: time.Minute})
	if n := testing.AllocsPerRun(100, func() { s.Deadline() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRefreshMayShareAnInstant(t *testing.T) {
	w := newWorld()
	var asked []time.Time
	w.Align = func(at time.Time) time.Time { asked = append(asked, at); return at.Add(-3 * s) }
	w.Start(w.now, garp.Timing{Count: 1, Refresh: 60 * s})
	w.take()
	if at, _ := w.NextRefresh(); len(asked) != 1 || asked[0].Sub(epoch) != 60*s || at.Sub(epoch) != 57*s {
		t.Errorf("asked about %v, refresh at %v", asked, at)
	}
}
