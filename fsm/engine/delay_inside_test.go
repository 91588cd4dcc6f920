package engine

import (
	"testing"
	"time"
)

// A group whose role is held through a gap of its interface goes on.
func TestDelayInterruptsNobody(t *testing.T) {
	for _, runs := range []bool{false, true} {
		var d delay
		c := Delay{Minimum: 30 * time.Second}
		began := d.follow(start, "eth0", true, runs, c)
		if delayed := d.left(start) > 0; began == runs || delayed == runs || (d.why == "") != runs {
			t.Errorf("a group that runs (%t) is delayed by %v: %q", runs, d.left(start), d.why)
		}
		if d.follow(start, "eth0", true, false, c) {
			t.Error("the interface came up again, and was not down")
		}
	}
}
