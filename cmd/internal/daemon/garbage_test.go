package daemon

import (
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// litter makes garbage that is worth collecting.
func litter() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for range 64 {
		runtime.KeepAlive(make([]byte, m.HeapAlloc/128+garbageLeast/32))
	}
}

func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumForcedGC
}

func TestGarbageIsCollectedInQuietMoments(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nobody else collects
	var g garbage
	now := time.Now()
	before := collections()
	for told := range uint64(3) {
		litter()
		g.look(now, told+1)
	}
	if g.busy.Load() || collections() != before {
		t.Error("collected while events were told")
	}
	litter()
	g.look(now, 3)
	if err := netlab.Eventually(t.Context(), 10*time.Second, func() bool { return collections() == before+1 && !g.busy.Load() }); err != nil {
		t.Error("collect:", err)
	}
	now = now.Add(garbageRests)
	g.look(now, 3)
	if g.busy.Load() || collections() != before+1 {
		t.Error("collected though there is little garbage")
	}
	litter()
	g.look(now.Add(garbageRests-1), 3)
	if g.busy.Load() || collections() != before+1 {
		t.Error("collected so soon again, though no event was told")
	}
	t.Setenv("GOGC", "100")
	g.look(now.Add(garbageRests), 3)
	if g.busy.Load() || collections() != before+1 {
		t.Error("collected though whoever started it decided on garbage")
	}
}

func TestLoopLooksForGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "testdata/outside/hsrp.toml")
		w.link("lanA", true, "192.0.2.10/24", "fe80::10/64")
		w.run(2 * lookMost) // to tell of the start, and to see that no more is told
		if w.garbage.samples == nil {
			t.Error("it does not")
		}
		w.end()
	})
}
