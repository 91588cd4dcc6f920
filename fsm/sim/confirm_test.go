package sim

import (
	"strings"
	"testing"
	"time"
)

// confirmed plays a plan whose groups ask about an overdue hello, of hosts that answer.
func confirmed(t *testing.T, p Plan, confirm bool) *Result {
	t.Helper()
	res, err := run(p, samePort, func(r *router) {
		r.answers = true
		for n := range r.config.Groups {
			r.config.Groups[n].Confirm = confirm
		}
		r.first = r.config
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// told counts lines of the story.
func (r *Result) told(what string) (n int) {
	for _, s := range r.Story {
		if strings.Contains(s, what) {
			n++
		}
	}
	return n
}

const (
	byTimer     = "active-timer-expired"
	byQuestions = "active-unanswered"
)

func confirmRouters(protocol string) []Router {
	r := Router{Protocol: protocol, Priority: 200, Preempt: true, Hello: time.Second, Hold: 3 * time.Second}
	other := r
	other.Priority = 100
	return []Router{r, other}
}

// Where a fifth of all frames is lost and each takes 50 ms, the questions mislead nobody:
// all mistakes are those of the hold time, which makes them without the key as well.
func TestQuestionsMakeNoMistakesOfTheirOwn(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 4
	}
	for _, protocol := range []string{"hsrp2", "hsrp6", "vrrp3", "vrrp6"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			var timer, with, asked int
			for seed := range seeds {
				p := Plan{Seed: seed + 1, Routers: confirmRouters(protocol), Length: 10 * time.Minute, Faults: []Fault{
					{At: 20 * time.Second, Kind: Loss, For: 10 * time.Minute, N: 20},
					{At: 20 * time.Second, Kind: Delay, For: 10 * time.Minute, N: 50},
				}}
				plain, res := confirmed(t, p, false), confirmed(t, p, true)
				if len(res.Broken) > 0 {
					t.Fatalf("seed %d: %s", p.Seed, strings.Join(res.Broken, "\n"))
				}
				timer += plain.told(byTimer)
				with += res.told(byTimer)
				asked += res.told(byQuestions)
			}
			t.Logf("%d hellos: %d takeovers by the hold time without the key, %d with it and %d by questions", seeds*600, timer, with, asked)
			if asked > 1 {
				t.Errorf("%d takeovers because questions were lost", asked)
			}
			if timer == 0 {
				t.Error("the hold time makes no mistake either: the loss is not what it should be")
			}
		})
	}
}

// A router that dies behind a switch, where no carrier tells of it.
func TestSilentDeathIsConfirmed(t *testing.T) {
	for _, protocol := range []string{"hsrp2", "hsrp6", "vrrp3", "vrrp6"} {
		t.Run(protocol, func(t *testing.T) {
			for seed := range uint64(10) {
				p := Plan{Seed: seed + 1, Routers: confirmRouters(protocol), Length: 50 * time.Second,
					Faults: []Fault{{At: 30*time.Second + time.Duration(seed)*100*time.Millisecond, Kind: Partition, A: 0, B: 1, For: 10 * time.Second}}}
				res := confirmed(t, p, true)
				if len(res.Broken) > 0 {
					t.Fatal(strings.Join(res.Broken, "\n"))
				}
				var took time.Duration
				for _, s := range res.Story {
					if !strings.Contains(s, byQuestions) {
						continue
					}
					at, err := time.ParseDuration(strings.Fields(s)[0])
					if err != nil {
						t.Fatal(err)
					}
					took = at - p.Faults[0].At
					break
				}
				if took <= 0 || took > 1400*time.Millisecond {
					t.Fatalf("seed %d: taken over after %v, want at most 1.4s:\n%s", p.Seed, took, strings.Join(res.Story, "\n"))
				}
			}
		})
	}
}
