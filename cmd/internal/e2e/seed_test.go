package e2e

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// hsrp1 is the group of the seed scenario: version 1, number 10.
const hsrp1 = `
[[hsrp]]
interface = "eth0"
version = 1
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "1s"
`

var mac1 = hello.VirtualMAC(hello.ProtocolHSRP, 1, hello.IPv4, 10)

// The pictures of the seed: Router-A (.100) is active, its priority drops to
// 85, Router-B (.200) takes over, and the host and the switch follow.
func TestLoweredPriorityMovesTheRole(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.mustPing(l.a.IP, l.b.IP)
		l.startInTurn(hsrp1)
		l.mustPing(l.a.IP, l.b.IP, vip)
		l.Eventually("first picture", func() bool {
			return l.Entry(vip) == mac1 && l.Entry(l.a.IP) == mac1 && l.Entry(l.b.IP) == l.b.MAC && l.FDB(mac1) == "a"
		})
		if n := count(l.b.Sent(time.Time{}), from(mac1)); n != 0 {
			t.Errorf("the standby has sent %d frames from the virtual MAC", n)
		}

		began := time.Now()
		must(t, l.a.SetPriority(t.Context(), "eth0:10", 85))
		l.Settled(l.b, l.a)
		coup := l.b.Says("real: coup Standby", began, mac1)
		request := l.b.Says("virtual: arp request 192.168.1.1 is-at virtual to everybody", began, mac1)
		back := l.a.Says("real: arp reply 192.168.1.100 is-at real to everybody", began, mac1)

		// The delay counts from the decision, and the frames leave a moment after it.
		decided := l.b.Answer().Groups[0].LastTransition.At
		const clocks = 100 * time.Microsecond // are two, and may be adjusted
		if wait := request.At.Sub(decided); wait < garp.RequestDelay-clocks {
			t.Errorf("the request form followed the decision after %v, want %v or more", wait, garp.RequestDelay)
		}
		takeover := fhrptest.Said(mac1, l.b.Sent(coup.At))
		if d := cmp.Diff(seedTakeover, takeover[:min(len(takeover), len(seedTakeover))]); d != "" {
			t.Errorf("what the new active said (-want +got):\n%s", d)
		}
		l.Eventually("second picture", func() bool {
			return l.Entry(vip) == mac1 && l.Entry(l.a.IP) == l.a.MAC && l.Entry(l.b.IP) == mac1 && l.FDB(mac1) == "b"
		})
		l.mustPing(l.a.IP, l.b.IP, vip)
		if n := count(l.a.Sent(back.At), from(mac1)); n != 0 {
			t.Errorf("the former active has sent %d frames from the virtual MAC after its withdrawal", n)
		}
		before := len(l.b.Sent(time.Time{})) - len(l.b.Sent(coup.At))
		if n := count(l.b.Sent(time.Time{})[:before], from(mac1)); n != 0 {
			t.Errorf("the standby has sent %d frames from the virtual MAC before its coup", n)
		}
	})
}

// seedTakeover is what the new active says, in this order: first who is
// active, then the three replies. The request form comes milliseconds later,
// because a deposed router that still held the address would answer it; an
// answer to the other's resignation may come between.
var seedTakeover = []string{
	"real: coup Standby",
	"virtual: hello Active",
	"virtual: arp reply 192.168.1.200 is-at virtual to everybody",
	"virtual: arp reply 192.168.1.1 is-at virtual to everybody",
	"virtual: arp reply 192.168.1.1 is-at virtual to 01:00:0c:cd:cd:cd",
}
