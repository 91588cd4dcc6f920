package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// slowly has the groups of v wait for seconds, so that what happens meanwhile is not
// the protocol's doing.
func (v virtual) slowly() string {
	return strings.NewReplacer(`"200ms"`, `"1s"`, `"300ms"`, `"1s"`, `hold = "1s"`, `hold = "3s"`).Replace(v.groups)
}

// forwards are the groups of a gateway that forward for a silent active router.
func forwards(g *gateway) (n int) {
	for _, s := range g.Report().Groups {
		if s.Understudy != nil {
			n++
		}
	}
	return n
}

// startSlowly waits until b has heard the active router, and knows whom to ask.
func (l *lan) startSlowly(v virtual) {
	l.t.Helper()
	l.startInTurn(v.slowly())
	l.Eventually("the standby hears the active router", func() bool {
		return !slices.ContainsFunc(l.b.Report().Groups, func(g status.Group) bool { return g.Active == nil })
	})
	l.mustPing(v.host)
}

// The switch loses the port of the active router and floods, and the standby forwards
// long before it has the role: it says nothing and answers for nothing until then.
func TestStandbyForwardsWhenTheCableIsCut(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		l.startSlowly(v)
		began := time.Now()
		l.a.Unplug()
		l.mustPing(v.host)
		if l.b.All("Active") {
			t.Error("the role has moved before the host was reached")
		}
		if n := forwards(l.b); n == 0 {
			t.Errorf("the host is reached, and nobody forwards for the active router:\n%s", l.b.Tail())
		}
		for _, f := range fhrptest.Said(v.mac, l.b.Sent(began)) {
			t.Errorf("the standby says %q", f)
		}
		l.b.WaitAll("Active")
		if out, _ := l.b.Command("explain", "--all"); !strings.Contains(out, "this router forwarded for it from then on") || !strings.Contains(out, "the switch had lost it") {
			t.Errorf("explain says\n%s", out)
		}
		l.mustPing(append(v.addresses(), v.host)...)
		if n := forwards(l.b); n != 0 {
			t.Errorf("%d groups still say that they forward for another router", n)
		}
	})
}

// The active router's link is back at once, and its role is not. It answers for its own
// address again; the standby of HSRP goes on until somebody serves.
func TestStandbyForwardsOnWhenTheLinkFlaps(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		if strings.Contains(v.groups, "[[vrrp]]") {
			return
		}
		l.startSlowly(v)
		stop, began := l.Datagrams(v.host), time.Now()
		l.a.Unplug()
		l.Eventually("b forwards", func() bool { return forwards(l.b) > 0 || l.b.All("Active") })
		plugged := time.Now()
		l.a.Plug()
		l.a.Sends("an answer for its own address", plugged, l.answersForItself)
		l.mustPing(v.host)
		if forwards(l.b) == 0 && !l.b.All("Active") {
			t.Errorf("nobody forwards: b has stopped for a router without the role\n%s", l.b.Tails())
		}
		l.Eventually("somebody serves", func() bool { return l.a.All("Active") || l.b.All("Active") })
		d := stop()
		t.Logf("%d datagrams, %d lost, %d doubled, outage %v", d.Sent, len(d.Lost), len(d.Doubled), d.Outage)
		if most := time.Second + l.Witness.Spare(began); d.Outage > most || len(d.Doubled) > 0 {
			t.Errorf("an outage of %v, %d doubled; want less than %v, and none\n%s", d.Outage, len(d.Doubled), most, l.b.Tails())
		}
	})
}

// The switch forgets where the virtual MAC is, and nothing is wrong: the standby asks,
// forwards nothing, and the answer puts the switch right before the next hello.
func TestFlushedTableIsLearnedAgain(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		l.startSlowly(v)
		for range 5 {
			// Not an announcement: the router is not asked again within some milliseconds.
			l.a.Sends("a hello", time.Now(), and(claims, from(v.mac)))
			began := time.Now()
			l.Forget()
			l.mustPing(v.host)
			l.Eventually("the switch learns", func() bool { return l.FDB(v.mac) == "a" })
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("the switch has learned after %v, by the next hello at the latest", took)
			}
		}
		checkTransit(t, l, v, l.a, l.b)
		if n := forwards(l.b); n != 0 {
			t.Errorf("%d groups forward for a router that answers", n)
		}
		for _, g := range l.b.Report().Groups {
			if g.Counters.Understudied > 0 {
				t.Errorf("%s has forwarded beside the active router", g.Ref())
			}
		}
	})
}

// The group's interface is a bridge on either router. What the switch floods reaches the
// standby through the bridge's port, and its own guest's frames pass by: both are
// forwarded once the active router does not answer, and neither while it does.
func TestUnderstudyOnABridge(t *testing.T) {
	slow := strings.NewReplacer(`"200ms"`, `"1s"`, `"700ms"`, `"3s"`).Replace(bridgeGroups)
	scenario(t, func(t testing.TB, l *lan) {
		guests := l.bridged()
		for _, ns := range []*netlab.NS{l.Client, guests[1].ns} {
			must(t, ns.AddRoute(netip.MustParsePrefix("2001:db8:2::/64"), guestVIP6, lanDev))
		}
		reach := func(when string) {
			t.Helper()
			for _, from := range []guest{{"the client", l.Client}, guests[1]} {
				for _, to := range []netip.Addr{fhrptest.HostIP, fhrptest.HostIP6} {
					if !l.ping(from.ns, anybody, to, many) {
						t.Errorf("%s: %s does not reach %s\n%s", when, from.name, to, l.a.Tails())
					}
				}
			}
		}
		l.startInTurn(slow)
		l.Eventually("b hears the active router", func() bool {
			return !slices.ContainsFunc(l.b.Report().Groups, func(g status.Group) bool { return g.Active == nil })
		})
		reach("before")

		stop := l.numbers()
		for range 5 {
			l.Forget()
			for _, g := range l.Gateways {
				must(t, g.NS.FlushFDB(gatewayBridge))
			}
			reach("tables flushed")
		}
		if sent, lost, doubled := stop(); len(doubled) > 0 {
			t.Errorf("of %d datagrams %d were lost and %d came twice, though nothing is wrong", sent, len(lost), len(doubled))
		}
		for _, g := range l.b.Report().Groups {
			if g.Counters.Understudied > 0 {
				t.Errorf("%s has forwarded beside the active router", g.Ref())
			}
		}

		l.a.Unplug()
		reach("cable cut")
		if n := forwards(l.b); n == 0 || l.b.All("Active") {
			t.Errorf("%d groups forward for the active router, active: %v\n%s", n, l.b.All("Active"), l.b.Tail())
		}
		l.b.WaitAll("Active")
		reach("b active")
	})
}
