package e2e

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/garp"
)

// The node that takes over looks whether the address is free, with 0.0.0.0 as
// the sender, and says nothing else.
func TestKB980424ProbesTeachNobody(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		l.deliverByHand()
		l.a.LinkDown()
		must(t, l.b.NS.AddAddr(lanDev, netip.PrefixFrom(vip, 32)))
		probe, err := garp.Probe(vip, l.b.MAC)
		must(t, err)
		must(t, l.b.NS.Send(lanDev, probe, probe, probe))
		l.reaches(false, l.Client, anybody, vip)
		l.checkEntry(vip, l.a.MAC)
	})
}

// deliverByHand gives a the address without a daemon, and the client a's MAC.
func (l *lan) deliverByHand() {
	l.t.Helper()
	must(l.t, l.a.NS.AddAddr(lanDev, netip.PrefixFrom(vip, 32)))
	l.keep(l.Client, vip, l.a.MAC, unix.NUD_REACHABLE)
	l.mustPing(vip)
}

func TestKB980424PromotionTeachesEverybody(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		l.start(cluster(address4, subSecond))
		l.keep(l.Client, vip, l.a.MAC, unix.NUD_REACHABLE)
		l.mustPing(vip)

		began := time.Now()
		l.lose()
		claim := l.b.Sends("claim", began, claims)
		l.followed(l.b)
		l.b.Sends("announcement", claim.At, arp(func(a garp.ARP) bool { return a.SenderIP == vip && a.SenderMAC == l.b.MAC }))
		for _, f := range l.b.Sent(claim.At) {
			if fromNobody(f) {
				t.Errorf("%v after the claim: an ARP packet from 0.0.0.0: %x", f.At.Sub(claim.At), f.Data)
			}
		}
	})
}

// fromNobody looks for the sender 0.0.0.0.
var fromNobody = arp(func(a garp.ARP) bool { return a.SenderIP.IsUnspecified() })

// followed waits until the client has a gateway's MAC at the address, and wants
// it to be reached there.
func (l *lan) followed(g *gateway) {
	l.t.Helper()
	l.Eventually("the client's entry", func() bool { return l.Entry(vip) == g.MAC })
	l.mustPing(vip)
}

// The old node lives on, outside the cluster, and speaks from the address.
func TestKB980424LeftoverAddressIsAConflict(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		conflict := l.leftover(`probe = "off"`)
		l.b.WaitAll("Active")
		must(t, l.a.NS.FlushNeighbors(lanDev))
		l.ping(l.a.NS, vip, fhrptest.ClientIP, few)
		conflict(l.a.MAC.String())
		l.Eventually("the client's entry", func() bool { return l.Entry(vip) == l.b.MAC })
	})
}

// probes looks for questions whether the address is free.
var probes = arp(func(a garp.ARP) bool { return a.IsProbe() && a.TargetIP == vip })

// The node that takes over asks first and is answered.
func TestKB980424ProbeFindsTheLeftoverAddress(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		conflict := l.leftover(`probe = "warn"`)
		asked := l.b.Sends("probe", time.Time{}, probes)
		had, looked := l.Entry(vip), time.Now()
		conflict(l.a.MAC.String())
		l.b.WaitAll("Active")
		claim := l.b.Sends("claim", time.Time{}, claims)
		if claim.At.Before(asked.At) {
			t.Error("the claim came before the question")
		}
		// Who is kept from looking may see what the claim has changed.
		if had != l.a.MAC && claim.At.After(looked) {
			t.Errorf("the question changed the client's entry from %s to %s", l.a.MAC, had)
		}
	})
}

// Where a conflict is a veto the node waits, asks again, and takes over when
// nobody answers any more.
func TestKB980424VetoWaitsForTheLeftoverAddress(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		conflict := l.leftover(`probe = "veto"`)
		conflict(l.a.MAC.String())
		const rounds = 3
		l.b.Eventually("more rounds of questions", func() bool { return count(l.b.Sent(time.Time{}), probes) > rounds*3 })
		if slices.ContainsFunc(l.b.Sent(time.Time{}), claims) {
			t.Fatal("the address was claimed in spite of the veto")
		}
		l.mustPing(vip)
		must(t, l.a.NS.DelAddr(lanDev, netip.PrefixFrom(vip, 32)))
		l.b.WaitAll("Active")
		l.followed(l.b)
	})
}

// leftover gives a the address by hand and starts b alone. The function that it
// returns waits for a conflict that names somebody.
func (l *lan) leftover(announce string) (conflict func(name string)) {
	l.t.Helper()
	l.deliverByHand()
	l.b.StartAs(cluster(address4, subSecond)+announceTable("hsrp", announce), 100)
	l.b.Answer()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	l.t.Cleanup(cancel)
	events, err := l.b.Subscribe(ctx)
	must(l.t, err)
	return func(name string) {
		l.t.Helper()
		for ev := range events {
			if ev.Kind == "conflict" && strings.Contains(ev.Message, name) {
				return
			}
		}
		l.t.Errorf("no event names %s as a conflict\n%s", name, l.b.Tail())
	}
}
