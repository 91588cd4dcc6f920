package e2e

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
)

// The pictures of the report: Router-A (.100) is active, its priority drops to
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

		began := l.lower()
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
		if d := cmp.Diff(firstWords, takeover[:min(len(takeover), len(firstWords))]); d != "" {
			t.Errorf("what the new active said (-want +got):\n%s", d)
		}
		checkReplies(t, l.b, began, gratuitous, trio)
		checkReplies(t, l.a, began, withdrawal, reverse)
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

// firstWords are what the new active says, in this order: first who is
// active, then the three replies. The request form comes milliseconds later,
// because a deposed router that still held the address would answer it; an
// answer to the other's resignation may come between.
var firstWords = []string{
	"real: coup Standby",
	"virtual: hello Active",
	"virtual: arp reply 192.168.1.200 is-at virtual to everybody",
	"virtual: arp reply 192.168.1.1 is-at virtual to everybody",
	"virtual: arp reply 192.168.1.1 is-at virtual to 01:00:0c:cd:cd:cd",
}

// What the report shows of Router-B, byte by byte: its real address at the
// virtual MAC, then the virtual address to everybody and to the dummy multicast
// group.
var trio = []string{
	"ffffffffffff 00000c07ac0a 0806 0001 0800 06 04 0002 00000c07ac0a c0a801c8 ffffffffffff c0a801c8",
	"ffffffffffff 00000c07ac0a 0806 0001 0800 06 04 0002 00000c07ac0a c0a80101 ffffffffffff c0a80101",
	"01000ccdcdcd 00000c07ac0a 0806 0001 0800 06 04 0002 00000c07ac0a c0a80101 01000ccdcdcd c0a80101",
}

// The reverse, from Router-A: its real address is back at its real MAC.
var reverse = []string{
	"ffffffffffff 020000000100 0806 0001 0800 06 04 0002 020000000100 c0a80164 ffffffffffff c0a80164",
}

// lower takes the role from a by its priority and waits until b has it.
func (l *lan) lower() (began time.Time) {
	l.t.Helper()
	began = time.Now()
	setPriority(l.a, 85)
	l.Settled(l.b, l.a)
	return began
}

var gratuitous = arp(func(a garp.ARP) bool { return a.IsGratuitous() && a.Op == garp.OpReply })

// withdrawal tells what takes a real address back from what a router that is
// still active goes on announcing, from the virtual MAC.
func withdrawal(f netlab.Frame) bool { return gratuitous(f) && f.Source() != mac1 }

// checkReplies compares the first gratuitous replies of a gateway, of a kind.
func checkReplies(t testing.TB, g *gateway, since time.Time, kind match, want []string) {
	t.Helper()
	var got []string
	g.Eventually("gratuitous replies", func() bool {
		got = nil
		for _, f := range g.Sent(since) {
			if kind(f) && len(got) < len(want) {
				got = append(got, hex.EncodeToString(f.Data[:42]))
			}
		}
		return len(got) == len(want)
	})
	plain := strings.Split(strings.ReplaceAll(strings.Join(want, "\n"), " ", ""), "\n")
	if d := cmp.Diff(plain, got); d != "" {
		t.Errorf("gratuitous replies of %s (-want +got):\n%s", g.Name, d)
	}
}

// Router-A is no longer active, and the host still sends what is for its real
// address to the virtual MAC. The entry for the virtual address is right in any
// case, and packets 2 and 3 are what moves the switch's.
func TestHSRPBasics9RealAddressOfTheFormerActive(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{false, true} {
		t.Run(fmt.Sprintf("real_ip %t", told), func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				l.start(hsrp1 + announceTable("hsrp", fmt.Sprint("real_ip = ", told)))
				l.keep(l.Client, l.a.IP, mac1, unix.NUD_REACHABLE)
				l.mustPing(l.a.IP)
				began := l.lower()
				want := mac1
				if told {
					want = l.a.MAC
					l.Eventually("the client's entry", func() bool { return l.Entry(l.a.IP) == want })
				}
				l.reaches(told, l.Client, anybody, l.a.IP)
				l.checkEntry(l.a.IP, want)
				if got := l.FDB(mac1); got != "b" {
					t.Errorf("the switch has the virtual MAC behind %q", got)
				}
				l.b.Sends("anything to the dummy multicast group", began, func(f netlab.Frame) bool {
					return f.Destination() == garp.CiscoMulticast && f.Source() == mac1
				})
			})
		})
	}
}

// A crash takes nothing back. The restarted router does, although it may not
// know what it was.
func TestHSRPBasics9RealAddressAfterACrash(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		l.start(hsrp1)
		l.keep(l.Client, l.a.IP, mac1, unix.NUD_REACHABLE)
		l.a.Kill()
		l.b.WaitAll("Active")
		l.Eventually("end of the lease", func() bool { return !l.ping(l.Client, anybody, l.a.IP, few) })
		l.a.StartAs(hsrp1, 90)
		l.a.WaitAll("Standby")
		l.Eventually("the client's entry", func() bool { return l.Entry(l.a.IP) == l.a.MAC })
		l.mustPing(l.a.IP)
	})
}
