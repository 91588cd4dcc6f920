package daemon

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/hello"
)

// playMaintenance has groups leave, one after the other and together, to a router that
// dies meanwhile, and come back.
func playMaintenance(w *world) {
	text := sure(hello.TextAuth("cisco"))
	hsrp := func(state hello.HSRPState) {
		w.hear(peer.hsrp(hello.HSRP{State: state, Group: 10, Priority: 100, VirtualIP: addr("192.0.2.1")}, text))
	}
	vrrp := func() {
		w.hear(peer.vrrp(hello.VRRP{VRID: 20, Priority: 100, VirtualIPs: addresses("192.0.2.2")}, "", hello.MessageOnly))
	}
	w.link("lanA", true, "192.0.2.10/24")
	w.run(15 * time.Second)
	hsrp(hello.Standby)
	w.later(1055*time.Millisecond, peer.hsrp(hello.HSRP{State: hello.Active, Group: 10, Priority: 100, VirtualIP: addr("192.0.2.1")}, text))
	w.maintenance(true, "users")
	w.maintenance(true, "nobody")
	w.look("1-one-of-two")

	sure(ask(w, func(ctx context.Context) ([]string, error) {
		return w.maintain(control.WithCaller(ctx, unix.Ucred{Pid: 4343, Uid: 1000}), true, nil)
	}))
	w.look("2-the-other-leaves")
	w.run(3 * time.Millisecond)
	w.maintenance(true)
	for range 5 {
		hsrp(hello.Active)
		vrrp()
		w.run(time.Second)
	}
	w.look("3-all")
	w.run(10 * time.Second)
	w.look("4-nobody-serves")
	w.explainJSON("users")

	w.maintenance(false, "vrrp:lanA:20")
	w.maintenance(false)
	w.run(time.Second)
	w.look("5-initial-delay")
	w.run(15 * time.Second)
	w.look("6-active-again")
}
