package fieldreports

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
)

// cluster is a pair without a virtual MAC, as in the report: the address moves
// from one node's MAC to the other's.
const cluster = `
[[hsrp]]
interface = "eth0"
group = 10
name = "cluster"
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
mac = "interface"
hello = "250ms"
hold = "1s"
`

// The node that takes over looks whether the address is free, with 0.0.0.0 as
// the sender, and says nothing else.
func TestKB980424ProbesTeachNobody(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		must(t, s.g1.NS.AddAddr(dev, netip.PrefixFrom(vip, 32)))
		s.keep(s.r, vip, s.g1.mac, unix.NUD_REACHABLE)
		s.reaches(true, s.r, anybody, vip)

		must(t, s.g1.NS.LinkDown(dev))
		must(t, s.g2.NS.AddAddr(dev, netip.PrefixFrom(vip, 32)))
		probe, err := garp.NewProbe(vip, s.g2.mac)
		must(t, err)
		must(t, s.g2.NS.Send(dev, probe.Frame(), probe.Frame(), probe.Frame()))
		s.reaches(false, s.r, anybody, vip)
		s.checkEntry(vip, s.g1.mac)
	})
}

func TestKB980424PromotionTeachesEverybody(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		s.start(cluster)
		s.keep(s.r, vip, s.g1.mac, unix.NUD_REACHABLE)
		s.reaches(true, s.r, anybody, vip)

		began := time.Now()
		s.lose(s.g1, s.g2)
		claim := s.g2.passed(t, "claim", began, claims)
		s.g2.Eventually("entry of r", func() bool { return s.entry(vip) == s.g2.mac })
		s.reaches(true, s.r, anybody, vip)
		checkSenders(t, s.g2, claim.At)
	})
}

// checkSenders proves that a gateway announced the address and that nothing it
// has sent since its claim had the sender 0.0.0.0.
func checkSenders(t testing.TB, g *gateway, claim time.Time) {
	t.Helper()
	announced := func(f netlab.Frame) bool {
		a, ok := arp(f)
		return ok && !f.Sent && a.SenderIP == vip && a.SenderMAC == g.mac
	}
	g.passed(t, "announcement", claim, announced)
	for _, f := range g.sent(claim) {
		if a, ok := arp(f); ok && a.SenderIP.IsUnspecified() {
			t.Errorf("%v after the claim: an ARP %s from 0.0.0.0 for %s", f.At.Sub(claim), a.Op, a.TargetIP)
		}
	}
}

// The old node lives on, outside the cluster, and speaks from the address.
func TestKB980424LeftoverAddressIsAConflict(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		conflict := s.leftover(`probe = "off"`)
		s.g2.WaitAll("Active")
		must(t, s.g1.NS.FlushNeighbors(dev))
		s.ping(s.g1.NS, vip, rIP, few)
		conflict(s.g1.mac.String())
		s.g2.Eventually("r's entry", func() bool { return s.entry(vip) == s.g2.mac })
	})
}

// The node that takes over asks first and is answered.
func TestKB980424ProbeFindsTheLeftoverAddress(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		conflict := s.leftover(`probe = "warn"`)
		asked := s.g2.passed(t, "probe", time.Time{}, func(f netlab.Frame) bool {
			a, ok := arp(f)
			return ok && !f.Sent && a.IsProbe() && a.TargetIP == vip
		})
		had, looked := s.entry(vip), time.Now()
		conflict(s.g1.mac.String())
		s.g2.WaitAll("Active")
		claim := s.g2.passed(t, "claim", time.Time{}, claims)
		if claim.At.Before(asked.At) {
			t.Error("the claim came before the question")
		}
		// Who is kept from looking may see what the claim has changed.
		if had != s.g1.mac && claim.At.After(looked) {
			t.Errorf("the question changed r's entry from %s to %s", s.g1.mac, had)
		}
	})
}

// Where a conflict is a veto the node waits, asks again, and takes over when
// nobody answers any more.
func TestKB980424VetoWaitsForTheLeftoverAddress(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		conflict := s.leftover(`probe = "veto"`)
		conflict(s.g1.mac.String())
		const rounds = 3
		probes := 0
		s.g2.Eventually("more rounds of questions", func() bool {
			probes = 0
			for _, f := range s.g2.sent(time.Time{}) {
				if a, ok := arp(f); ok && a.IsProbe() && a.TargetIP == vip {
					probes++
				}
			}
			return probes > rounds*3
		})
		for _, f := range s.g2.sent(time.Time{}) {
			if claims(f) {
				t.Fatal("the address was claimed in spite of the veto")
			}
		}
		s.reaches(true, s.r, anybody, vip)
		link, err := s.g1.NS.Netlink().LinkByName(dev)
		must(t, err)
		address, err := netlink.ParseAddr(vip.String() + "/32")
		must(t, err)
		must(t, s.g1.NS.Netlink().AddrDel(link, address))
		s.g2.WaitAll("Active")
		s.g2.Eventually("r's entry", func() bool { return s.entry(vip) == s.g2.mac })
		s.reaches(true, s.r, anybody, vip)
	})
}

// leftover gives g1 the address by hand and starts g2 alone. The function that
// it returns waits for a conflict that names somebody.
func (s *segment) leftover(announce string) (conflict func(name string)) {
	s.t.Helper()
	must(s.t, s.g1.NS.AddAddr(dev, netip.PrefixFrom(vip, 32)))
	s.keep(s.r, vip, s.g1.mac, unix.NUD_REACHABLE)
	s.reaches(true, s.r, anybody, vip)
	s.g2.StartAs(cluster+"[hsrp.announce]\n"+announce, 100)
	s.g2.Eventually("daemon", func() bool { return len(s.g2.Report().Groups) > 0 })
	ctx, cancel := context.WithTimeout(s.t.Context(), fhrptest.Patience)
	s.t.Cleanup(cancel)
	events, err := s.g2.Subscribe(ctx)
	must(s.t, err)
	return func(name string) {
		s.t.Helper()
		for ev := range events {
			if ev.Kind == "conflict" && strings.Contains(ev.Message, name) {
				return
			}
		}
		s.t.Errorf("no event names %s as a conflict\n%s", name, s.g2.Tail())
	}
}
