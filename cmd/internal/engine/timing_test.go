package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestHellosShareFewInstants(t *testing.T) {
	e := &Engine{started: time.Unix(1e9, 12345)}
	chance := rand.New(rand.NewPCG(1, 2))
	for _, helloTime := range []time.Duration{time.Second, 3 * time.Second, 255 * time.Second} {
		at := map[time.Time]bool{}
		for range 10_000 {
			due := e.started.Add(helloTime + time.Duration(chance.Int64N(int64(helloTime))))
			got := e.align(due, helloTime)
			if early := due.Sub(got); early < 0 || early >= helloTime/instants+instants {
				t.Fatalf("hello time %v: %v early, want less than a %dth", helloTime, early, instants)
			}
			at[got] = true
		}
		if n := len(at); n > instants+1 {
			t.Errorf("hello time %v: %d instants in one interval, want %d", helloTime, n, instants)
		}
	}
	due := e.started.Add(1234567 * time.Nanosecond)
	if got := e.align(due, 999*time.Millisecond); got != due {
		t.Errorf("a hello below a second leaves %v early", due.Sub(got))
	}
}
