package engine_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// A standby router wakes for none of its hellos as long as it hears those of the active
// router, which are jittered. It says as much as that router does.
func TestHellosOfTheStandbyRouterLeaveWithThoseOfTheActiveOne(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	h := newHost(t, hsrpConfig, func(o *engine.Options) { o.Random = chance.Float64 }).up("eth0")
	frame := hsrpFrame(hello.OpHello, hello.Active, better)
	hear := func(n int) (alone int) {
		for range n {
			before := len(h.port.frames)
			h.run(time.Second - time.Duration(chance.Int64N(int64(260*time.Millisecond))))
			alone += len(h.port.frames) - before
			h.heard(frame)
		}
		return alone
	}
	hear(20) // it becomes the standby router, and comes into step
	h.state("hsrp:eth0:10", "Standby")
	h.clear()
	if alone := hear(100); alone > 0 || len(h.port.frames) != 100 {
		t.Errorf("100 hellos of the active router: %d of its own, %d of them alone; want 100, none alone", len(h.port.frames), alone)
	}
}
