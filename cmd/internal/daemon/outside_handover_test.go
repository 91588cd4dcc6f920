package daemon

import (
	"context"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// playHandover has a role handed over to nobody, then to a router that knows no
// questions, and is told to want it again. The other router is heard at no multiple of
// the time after which the daemon looks how far a hand-over is.
func playHandover(w *world) {
	say := func(d time.Duration, state hello.HSRPState) {
		m := hello.HSRP{State: state, Group: 10, Priority: 100, VirtualIP: addr("192.0.2.1")}
		w.later(d, peer.hsrp(m, hello.Auth{}))
	}
	w.link("lanA", true, "192.0.2.10/24")
	w.run(10 * time.Second)
	w.handover("users")
	w.handover("hsrp:lanA:11")
	say(0, hello.Standby)
	w.run(time.Second)
	say(1013*time.Millisecond, hello.Active)
	w.handover("users")
	w.repeat(3, func() { say(0, hello.Active) })
	w.look("1-handed-over")
	w.explainJSON("users")
	w.scrape()

	w.clear("hsrp", "users")
	w.setPriority("users", -1)
	say(0, hello.Active)
	w.run(time.Second)
	w.look("2-wanted-again")
}

func (w *world) handover(group string) {
	w.command(control.Change{Command: control.CommandHandover, Group: group}, "handover "+group,
		func(ctx context.Context) (string, error) {
			h, err := w.Handover(ctx, group, engine.DefaultHandoverTimeout)
			if err != nil {
				return "", err
			}
			return h.Text + "\n" + printed(h), nil
		})
}
