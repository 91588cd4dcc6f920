package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// BenchmarkSnapshot is what a daemon does while it stands still for its successor,
// and what that does before it goes on.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{1, 1000} {
		toml := manyHSRP(n, "")
		e, port := idleEngine(b, toml)
		now := t0.Add(time.Minute)
		for at, armed := e.Deadline(); armed && at.Before(now); at, armed = e.Deadline() {
			e.Tick(at)
		}
		snapshot, err := e.Snapshot(now)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("take/groups=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Snapshot(now); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(snapshot)), "bytes")
		})
		b.Run(fmt.Sprintf("restore/groups=%d", n), func(b *testing.B) {
			config, o := parsed(b, toml), engine.Options{Ports: map[string]engine.Port{"eth0": port}, Now: now}
			for b.Loop() {
				if _, _, err := engine.Restore(config, o, snapshot); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
