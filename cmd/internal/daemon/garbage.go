package daemon

import (
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Garbage is collected in quiet moments, long before Go's runtime would do it: where a
// thousand groups change their roles together, the collector takes a third of the time
// in which they all announce themselves. Locked memory does not become less, so that an
// eighth of what is in use is enough garbage.
const (
	garbageShare = 8
	garbageLeast = 1 << 20 // bytes, which are not worth the work
	garbageRests = 10 * time.Second
)

// garbage decides when to collect. The zero value is for the loop alone.
type garbage struct {
	told    uint64    // events when it was asked last
	next    time.Time // when to measure again: what makes garbage tells events, mostly
	samples []metrics.Sample
	busy    atomic.Bool
}

// look collects when there is much and no event was told since the last call. Whoever
// started the process with $GOGC has decided on garbage.
func (g *garbage) look(now time.Time, told uint64) {
	if told != g.told {
		g.told, g.next = told, now
		return
	}
	if now.Before(g.next) || os.Getenv("GOGC") != "" || g.busy.Load() {
		return
	}
	g.next = now.Add(garbageRests)
	if g.samples == nil {
		g.samples = []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	}
	metrics.Read(g.samples)
	if !tooMuch(g.samples[0].Value.Uint64(), g.samples[1].Value.Uint64()) {
		return
	}
	g.busy.Store(true)
	go func() {
		runtime.GC()
		g.busy.Store(false)
	}()
}

// tooMuch says so of the garbage among objects, of which so many bytes were in use when
// it was collected last.
func tooMuch(live, objects uint64) bool {
	return objects > live+max(live/garbageShare, garbageLeast)
}
