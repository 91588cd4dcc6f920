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
	before := collections()
	for told := range uint64(3) {
		litter()
		g.look(told + 1)
	}
	if g.busy.Load() || collections() != before {
		t.Error("collected while events were told")
	}
	litter()
	g.look(3)
	if err := netlab.Eventually(t.Context(), 10*time.Second, func() bool { return collections() == before+1 && !g.busy.Load() }); err != nil {
		t.Error("collect:", err)
	}
	g.look(3)
	if g.busy.Load() || collections() != before+1 {
		t.Error("collected though there is little garbage")
	}
	t.Setenv("GOGC", "100")
	litter()
	g.look(3)
	if g.busy.Load() || collections() != before+1 {
		t.Error("collected though whoever started it decided on garbage")
	}
}

func TestLoopLooksForGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "testdata/outside/hsrp.toml")
		w.link("lanA", true, "192.0.2.10/24", "fe80::10/64")
		w.run(lookMost)
		if w.garbage.samples == nil {
			t.Error("it does not")
		}
		w.end()
	})
}
