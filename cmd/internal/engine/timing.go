package engine

import "time"

// Timing counts how late deadlines were served.
type Timing struct {
	Served uint64        // deadlines served
	Over1  uint64        // more than 1 ms late
	Over2  uint64        // more than 2 ms late
	Over10 uint64        // more than 10 ms late
	Worst  time.Duration // the latest
}

func (t *Timing) record(late time.Duration) {
	t.Served++
	t.Worst = max(t.Worst, late)
	if late > time.Millisecond {
		t.Over1++
	}
	if late > 2*time.Millisecond {
		t.Over2++
	}
	if late > 10*time.Millisecond {
		t.Over10++
	}
}

// Timing returns how punctual the engine has been since its start.
func (e *Engine) Timing() Timing { return e.timing }
