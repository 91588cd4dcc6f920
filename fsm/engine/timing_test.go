package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestHellosShareFewInstants(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		groups   int
		tenure   tenure
		instants int
	}{{1, serving, 16}, {256, serving, 16}, {1000, serving, 20}, {1000, waiting, 20}, {1000, absent, 16}, {4096, serving, 64}} {
		r := &router{started: time.Unix(1e9, 12345), groups: make([]*group, tt.groups)}
		g := &group{r: r, tenure: tt.tenure}
		for _, helloTime := range []time.Duration{time.Second, 3 * time.Second, 255 * time.Second} {
			grid := helloTime / time.Duration(tt.instants)
			at := map[time.Time]bool{}
			for range 10_000 {
				due := r.started.Add(helloTime + time.Duration(chance.Int64N(int64(helloTime))))
				got := g.align(due, helloTime)
				if early := due.Sub(got); early < 0 || early >= grid {
					t.Fatalf("%d groups, tenure %d, hello time %v: %v early, want less than %v", tt.groups, tt.tenure, helloTime, early, grid)
				}
				at[got] = true
			}
			// The two intervals that the time touches need not begin with an instant.
			if n := len(at); n > tt.instants+1 || n < tt.instants {
				t.Errorf("%d groups, tenure %d, hello time %v: %d instants in one interval, want %d", tt.groups, tt.tenure, helloTime, n, tt.instants)
			}
		}
	}
}

func TestHellosBelowASecondLeaveWhenTheyAreDue(t *testing.T) {
	r := &router{started: time.Unix(1e9, 12345)}
	g := &group{r: r}
	due := r.started.Add(1234567 * time.Nanosecond)
	if got := g.align(due, 999*time.Millisecond); got != due {
		t.Errorf("%v early", due.Sub(got))
	}
}

func TestHellosOfManyGroupsKeepNoCompany(t *testing.T) {
	for groups, want := range map[int]bool{1: true, leastInstants: true, leastInstants + 1: false} {
		if got := (&router{groups: make([]*group, groups)}).company(); got != want {
			t.Errorf("%d groups: %t, want %t", groups, got, want)
		}
	}
}

// A wake-up for each refresh of a thousand groups would cost as much as their hellos do.
func TestRefreshesShareInstants(t *testing.T) {
	r := &router{started: time.Unix(1e9, 12345)}
	for _, tt := range []struct{ refresh, grid time.Duration }{{time.Minute, time.Second}, {10 * time.Second, time.Second}, {9 * time.Second, 0}} {
		g := &group{r: r}
		g.Group.Announce.Timing.Refresh = tt.refresh
		for at := r.started.Add(time.Minute); at.Before(r.started.Add(70 * time.Second)); at = at.Add(123456789 * time.Nanosecond) {
			got := g.alignRefresh(at)
			switch early := at.Sub(got); {
			case tt.grid == 0 && early != 0:
				t.Fatalf("every %v: %v early", tt.refresh, early)
			case tt.grid > 0 && (early < 0 || early >= tt.grid || got.Sub(r.started)%tt.grid != 0):
				t.Fatalf("every %v: due %v after the start, brought forward by %v", tt.refresh, at.Sub(r.started), early)
			}
		}
	}
}
