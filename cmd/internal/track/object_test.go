package track

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

// journal collects reports with the virtual time since the start.
type journal struct {
	start time.Time
	lines []string
}

func (j *journal) report(up bool, detail string) {
	j.lines = append(j.lines, fmt.Sprintf("%v %s: %s", time.Since(j.start), map[bool]string{true: "up", false: "down"}[up], detail))
}

var object1s = configs.Track{
	Name: "uplink", Kind: configs.TrackPing, Rise: 2, Fall: 3,
	Interval: time.Second, Timeout: 500 * time.Millisecond,
}

// reports runs one object with a fake check for some virtual time.
func reports(t *testing.T, c configs.Track, run time.Duration, look check) []string {
	t.Helper()
	var j journal
	synctest.Test(t, func(t *testing.T) {
		j.start = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), run)
		defer cancel()
		newObject(c, look, j.report).run(ctx)
	})
	return j.lines
}

// script answers one check after the other: "+" at once, "-" with an error.
func script(results string) check {
	i := -1
	return func(context.Context) (string, error) {
		i = min(i+1, len(results)-1)
		if results[i] == '+' {
			return "answered", nil
		}
		return "", errors.New("silent")
	}
}

func TestReports(t *testing.T) {
	delayed := object1s
	delayed.DelayDown = 4 * time.Second
	single := object1s
	single.Rise, single.Fall = 1, 1
	tests := []struct {
		name    string
		cfg     configs.Track
		run     time.Duration
		results string
		want    []string
	}{
		{"a state that lasts is told again for its details", object1s, 25 * time.Second, "+", []string{
			"0s up: answered", "10s up: answered", "20s up: answered",
		}},
		{"nothing is told before the state is known", object1s, 2500 * time.Millisecond, "---", []string{
			"2s down: silent (3 of 3)",
		}},
		{"the first good result has no count", object1s, 2500 * time.Millisecond, "--+", []string{
			"2s up: answered",
		}},
		{"the count goes along", object1s, 6500 * time.Millisecond, "+---+++", []string{
			"0s up: answered", "1s up: silent (1 of 3)", "2s up: silent (2 of 3)", "3s down: silent (3 of 3)",
			"4s down: answered (1 of 2)", "5s up: answered (2 of 2)",
		}},
		{"a false alarm is called off", object1s, 3500 * time.Millisecond, "+-++", []string{
			"0s up: answered", "1s up: silent (1 of 3)", "2s up: answered",
		}},
		{"a count of one is not worth a word", single, 2500 * time.Millisecond, "+-+", []string{
			"0s up: answered", "1s down: silent", "2s up: answered",
		}},
		{"a change that is held back says until when", delayed, 7500 * time.Millisecond, "+-", []string{
			"0s up: answered", "1s up: silent (1 of 3)", "2s up: silent (2 of 3)", "3s up: silent (3 of 3); down in 4s",
			"4s up: silent (3 of 3); down in 3s", "5s up: silent (3 of 3); down in 2s", "6s up: silent (3 of 3); down in 1s",
			"7s down: silent (3 of 3)",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, reports(t, tt.cfg, tt.run, script(tt.results))); diff != "" {
				t.Errorf("reports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHungCheckCountsAndIsNotRepeated(t *testing.T) {
	var running, most atomic.Int32
	release := make(chan struct{})
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		j := journal{start: time.Now()}
		first := true
		look := func(context.Context) (string, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			if first {
				first = false
				<-release // deaf to its context
			}
			return "answered", nil
		}
		time.AfterFunc(5250*time.Millisecond, func() { close(release) })
		ctx, cancel := context.WithTimeout(t.Context(), 6700*time.Millisecond)
		defer cancel()
		newObject(object1s, look, j.report).run(ctx)
		want := []string{
			"2.7s down: no result for 2.7s; the check hangs (3 of 3)",
			// What the hung check said in the end is too old: the next one begins at
			// once, and it takes two.
			"5.25s down: answered (1 of 2)",
			"6.25s up: answered (2 of 2)",
		}
		if diff := cmp.Diff(want, j.lines); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	})
	if n := most.Load(); n != 1 {
		t.Errorf("%d checks at once, want 1", n)
	}
}

func TestCheckSeesItsTimeout(t *testing.T) {
	got := reports(t, object1s, 2800*time.Millisecond, func(ctx context.Context) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	})
	if diff := cmp.Diff([]string{"2.5s down: context deadline exceeded (3 of 3)"}, got); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestNudgeLooksAtOnceButNotTooOften(t *testing.T) {
	c := object1s
	c.Kind, c.Interval = configs.TrackRoute, 10*time.Second
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		o := newObject(c, func(context.Context) (string, error) {
			at = append(at, time.Since(start))
			return "", nil
		}, func(bool, string) {})
		for _, d := range []time.Duration{3 * time.Second, 3010 * time.Millisecond, 3020 * time.Millisecond} {
			time.AfterFunc(d, o.nudge)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
		defer cancel()
		o.run(ctx)
		want := []time.Duration{0, 3 * time.Second, 3100 * time.Millisecond, 13100 * time.Millisecond}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
	})
}

func TestEndWaitsForACheckButNotForEver(t *testing.T) {
	tests := []struct {
		name string
		look check
		want time.Duration
	}{
		{"one that hears its context", func(ctx context.Context) (string, error) {
			<-ctx.Done()
			<-time.After(50 * time.Millisecond) // reaping
			return "", ctx.Err()
		}, 150 * time.Millisecond},
		{"one that does not", func(context.Context) (string, error) {
			<-time.After(time.Hour)
			return "", nil
		}, 100*time.Millisecond + drain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				newObject(object1s, tt.look, func(bool, string) {}).run(ctx)
				if got := time.Since(start); got != tt.want {
					t.Errorf("ended after %v, want %v", got, tt.want)
				}
				<-time.After(2 * time.Hour) // virtual: the deaf check has to end as well
			})
		})
	}
}
