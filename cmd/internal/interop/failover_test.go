package interop

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

const fast = 200 * time.Millisecond

// pairings are the ways of talking that are tried with every event.
var pairings = []pairing{
	{peer: "keepalived", version: 2, family: hello.IPv4, every: time.Second},
	{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
	{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, text: "secret12", every: time.Second},
	{peer: "keepalived", version: 2, family: hello.IPv4, unicast: true, every: time.Second},
	{peer: "keepalived", version: 3, family: hello.IPv4, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv4, unicast: true, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv6, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv6, vmac: true, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv6, unicast: true, every: fast},
	{peer: "frr", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
	{peer: "frr", version: 3, family: hello.IPv4, vmac: true, every: fast},
	{peer: "frr", version: 3, family: hello.IPv6, vmac: true, every: fast},
}

// Priorities: the peer keeps its own, ours is first above and then below it.
const (
	above  = 200
	theirs = 150
	below  = 100
)

func needPeer(t testing.TB, p pairing) {
	t.Helper()
	if p.peer == "frr" {
		need(t, frrZebra, frrVRRPd, "tshark")
		return
	}
	need(t, "keepalived", "tshark")
}

// Ten milliseconds is the shortest interval of version 3. It gets the machine
// for itself.
func TestFailoverAtTheShortestInterval(t *testing.T) {
	p := pairing{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: 10 * time.Millisecond}
	steady(t, p, func(t testing.TB) { failover(t, p) })
}

func TestFailover(t *testing.T) {
	for _, p := range pairings {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) { failover(t, p) })
		})
	}
}

// failover lets each router lose the role in every way and take it back.
func failover(t testing.TB, p pairing) {
	needPeer(t, p)
	m := newMatch(t, p, options{})
	m.theyServe()
	m.weWin()
	m.ours.Stop()
	m.await(them)
	m.theyWin()
	m.judge()
}

func (m *match) weWin() {
	m.t.Helper()
	m.event("fhrpd joins with the higher priority", us, 0, func() { m.ours.start(above) })
	m.event("fhrpd is killed", them, m.p.down(theirs), m.ours.Kill)
	m.event("fhrpd returns after a kill", us, 0, func() { m.ours.start(above) })
	m.event("fhrpd stops", them, m.p.skew(theirs), m.ours.Stop)
	m.event("fhrpd returns after a stop", us, 0, func() { m.ours.start(above) })
	m.event("fhrpd loses its link", them, m.p.down(theirs), m.Gateway(us).Unplug)
	m.event("fhrpd's link returns", us, 0, m.Gateway(us).Plug)
}

func (m *match) theyWin() {
	m.t.Helper()
	m.stays("fhrpd joins with the lower priority", them, us, below, func() { m.ours.start(below) })
	m.event("the peer is killed", us, m.p.down(below), m.theirs.Kill)
	m.event("the peer returns after a kill", them, 0, func() { m.theirs.start(theirs) })
	m.event("the peer stops", us, m.p.skew(below), m.theirs.Stop)
	m.event("the peer returns after a stop", them, 0, func() { m.theirs.start(theirs) })
	m.event("the peer loses its link", us, m.p.down(below), m.Gateway(them).Unplug)
	m.event("the peer's link returns", them, 0, m.Gateway(them).Plug)
}
