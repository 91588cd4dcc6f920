package fieldreports

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// basics is the group of the report: version 1, number 10. Router-A is g1 with
// .100, Router-B is g2 with .200.
const basics = `
[[hsrp]]
interface = "eth0"
version = 1
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "250ms"
hold = "1s"
[hsrp.announce]
real_ip = %t
`

var basicsMAC = hello.MAC{0x00, 0x00, 0x0c, 0x07, 0xac, 0x0a}

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

func TestHSRPBasics9TrioAndItsReverse(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		s.start(fmt.Sprintf(basics, true))
		began := s.lower()
		checkReplies(t, s.g2, began, gratuitous, trio)
		checkReplies(t, s.g1, began, withdrawal, reverse)
		late := s.g1.passed(t, "withdrawal", began, withdrawal)
		for _, f := range s.g1.sent(late.At) {
			if source(f) == basicsMAC {
				t.Errorf("%v after the withdrawal the former active sends from the virtual MAC", f.At.Sub(late.At))
			}
		}
	})
}

// lower takes the role from g1 by its priority, as the report does, and waits
// until g2 has it.
func (s *segment) lower() (began time.Time) {
	s.t.Helper()
	began = time.Now()
	must(s.t, s.g1.SetPriority(s.t.Context(), "eth0:10", 85))
	s.g2.WaitAll("Active")
	s.g1.WaitAll("Standby")
	return began
}

func gratuitous(f netlab.Frame) bool {
	a, ok := arp(f)
	return ok && !f.Sent && a.IsGratuitous() && a.Op == garp.OpReply
}

// withdrawal tells what takes a real address back from what a router that is
// still active goes on announcing, from the virtual MAC.
func withdrawal(f netlab.Frame) bool { return gratuitous(f) && source(f) != basicsMAC }

// checkReplies compares the first gratuitous replies of a gateway, of a kind.
func checkReplies(t testing.TB, g *gateway, since time.Time, kind func(netlab.Frame) bool, want []string) {
	t.Helper()
	var got []string
	g.Eventually("gratuitous replies", func() bool {
		got = nil
		for _, f := range g.sent(since) {
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
// address to the virtual MAC.
func TestHSRPBasics9RealAddressOfTheFormerActive(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{false, true} {
		t.Run(fmt.Sprintf("real_ip %t", told), func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				s := newSegment(t)
				s.start(fmt.Sprintf(basics, told))
				s.keep(s.r, s.g1.ip, basicsMAC, unix.NUD_REACHABLE)
				s.reaches(true, s.r, anybody, s.g1.ip)
				s.lower()
				want := basicsMAC
				if told {
					want = s.g1.mac
					s.g2.Eventually("r's entry", func() bool { return s.entry(s.g1.ip) == want })
				}
				s.reaches(told, s.r, anybody, s.g1.ip)
				s.checkEntry(s.g1.ip, want)
				s.checkLearned()
			})
		})
	}
}

// checkLearned: the hosts' entry is right in any case, and packets 2 and 3 are
// what moves the switch's.
func (s *segment) checkLearned() {
	s.t.Helper()
	if got := s.port(basicsMAC); got != "g2" {
		s.t.Errorf("the switch has the virtual MAC behind %q", got)
	}
	for _, f := range s.g2.sent(time.Time{}) {
		if bytes.Equal(f.Data[:6], garp.CiscoMulticast[:]) && source(f) == basicsMAC {
			return
		}
	}
	s.t.Error("nothing was sent to the dummy multicast group")
}

// A crash takes nothing back. The restarted router does, although it may not
// know what it was.
func TestHSRPBasics9RealAddressAfterACrash(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		config := fmt.Sprintf(basics, true)
		s.start(config)
		s.keep(s.r, s.g1.ip, basicsMAC, unix.NUD_REACHABLE)
		s.g1.Kill()
		s.g2.WaitAll("Active")
		s.g2.Eventually("end of the lease", func() bool { return !s.ping(s.r, anybody, s.g1.ip, few) })
		s.g1.StartAs(config, 90)
		s.g1.WaitAll("Standby")
		s.g1.Eventually("r's entry", func() bool { return s.entry(s.g1.ip) == s.g1.mac })
		s.reaches(true, s.r, anybody, s.g1.ip)
	})
}
