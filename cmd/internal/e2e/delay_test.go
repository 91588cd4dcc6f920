package e2e

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink/nl"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// portDelay is of listening, and again of learning, in seconds: the least that the
// kernel has.
const portDelay = 2

// spanningTree makes a port of the switch forward only 4 s after its link is up.
// Ports that forward now go on doing so.
func (l *lan) spanningTree() {
	l.t.Helper()
	l.setBridge(nl.IFLA_BR_FORWARD_DELAY, binary.NativeEndian.AppendUint32(nil, 100*portDelay))
	l.setBridge(nl.IFLA_BR_STP_STATE, binary.NativeEndian.AppendUint32(nil, 1))
}

// A router whose switch port does not forward yet hears nobody. It must not be
// active alone and take the role from the good one when it is heard, neither when
// its link comes back nor when it boots.
func TestRouterIsSilentWhileItsPortDoesNotForward(t *testing.T) {
	leaveOutIfShort(t)
	const line = `delay = { minimum = "DELAY" }`
	groups := strings.ReplaceAll(both, "preempt = true", "preempt = false\n"+line) +
		table("vrrp", "vrid = 20", "priority = PRIORITY", "preempt = false", `virtual_ips = ["192.168.1.2"]`, `advertise = "200ms"`, line)
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(strings.ReplaceAll(groups, "DELAY", "1s"), 110)
		l.a.WaitAll("Active")
		l.b.StartAs(strings.ReplaceAll(groups, "DELAY", "0s"), 100)
		l.Settled(l.a, l.b)
		l.spanningTree()

		l.a.Stop()
		l.b.WaitAll("Active")
		l.a.LinkDown() // it reboots
		l.a.StartAs(strings.ReplaceAll(groups, "DELAY", "6s"), 110)
		moves := transitions(l.b)
		checkSilence(t, l, func() { l.a.LinkUp(); l.Address(l.a.NS, lanDev, l.a.IP6) })
		l.a.Unplug()
		l.a.WaitAll("Init", "Initialize")
		checkSilence(t, l, l.a.Plug)

		if !l.b.All("Active") || transitions(l.b) != moves {
			t.Errorf("the good router lost its role\n%s", l.a.Tails())
		}
		l.mustPing(vip)
	})
}

// transitions counts those of a router's groups.
func transitions(g *gateway) (n int) {
	for _, group := range g.Report().Groups {
		n += group.Transitions
	}
	return n
}

// checkSilence wants a router to wait and say nothing until its port forwards,
// and to become standby then. It fails when the port forwards at once, because
// there would be nothing to see.
func checkSilence(t testing.TB, l *lan, up func()) {
	t.Helper()
	const why = "silent for 6s after eth0 came up: delay.minimum"
	began := time.Now()
	up()
	l.Eventually("every group waits for its delay", func() bool {
		for _, g := range l.a.Answer().Groups {
			if g.Obstacle != why || g.Delay.LeftMS == 0 {
				return false
			}
		}
		return true
	})
	// Who asks late on a busy machine has an answer with every right.
	if l.ping(l.Client, anybody, l.a.IP, 1) && time.Since(began) < 2*portDelay*time.Second {
		t.Error("the port forwards already")
	}
	if out, _ := l.a.Command("show", "vrrp", "detail"); !strings.Contains(out, "State is INIT ("+why+")") || !strings.Contains(out, "Initial delay minimum 6 sec, reload 0 sec (") {
		t.Errorf("show vrrp says %s", out)
	}
	if out, _ := l.a.Command("explain", "vrrp:eth0:20"); !strings.Contains(out, why) {
		t.Errorf("explain says %s", out)
	}
	l.reaches(true, l.Client, anybody, l.a.IP)
	for _, f := range l.a.Sent(began) {
		if said := fhrptest.Message(f); said != "" || f.Source() != l.a.MAC {
			t.Errorf("a said %q before its port forwarded, from %s", said, f.Source())
		}
	}
	if !l.a.All("Init", "Initialize") {
		t.Errorf("a waits no longer when its port forwards\n%s", l.a.Tail())
	}
	l.a.WaitAll("Standby", "Backup")
}
