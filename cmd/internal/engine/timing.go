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

// instants is how many different instants of one hello time there are for the
// hellos of all groups. Each costs a wake-up, at the sender and at the
// receiver, which is most of what a hello costs; a single one would be a burst
// that makes others late.
const instants = 64

// align brings a periodic hello forward to one of the instants at which hellos
// leave together. Those below a second leave when they are due.
func (e *Engine) align(at time.Time, helloTime time.Duration) time.Time {
	if helloTime < time.Second {
		return at
	}
	return at.Add(-(at.Sub(e.started) % (helloTime / instants)))
}
