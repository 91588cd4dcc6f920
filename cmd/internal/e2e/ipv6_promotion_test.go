package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
)

// The announcements of a takeover, by address, until the second refresh.
func TestPromotionAnnouncesOnSchedule(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		l.startInTurn(p.config(p.announce(`count = 3`, `interval = "400ms"`, `refresh = "1s"`)))
		began := time.Now()
		l.a.Kill()
		// Three bursts, and refreshes for as long as the role lasts.
		const bursts, refreshes = 3, 2
		sent := func(a netip.Addr) (list []netlab.Frame) {
			for _, f := range l.b.Sent(began) {
				if announces(p.mac, a)(f) {
					list = append(list, f)
				}
			}
			return list
		}
		// The first address is announced a second time in each burst, after what
		// a deposed router may still have had to say.
		l.Eventually("refreshes", func() bool {
			return len(sent(p.local)) >= 2*bursts+refreshes && len(sent(global)) >= bursts+refreshes
		})
		late := l.Witness.Late(began)
		checkTimes(t, late, sent(global), 0, 400*time.Millisecond, 800*time.Millisecond, 1800*time.Millisecond, 2800*time.Millisecond)
		// Both count from the decision: what is late the first time is not late again.
		const clocks = 100 * time.Microsecond // are two, and may be adjusted
		decided := l.b.Answer().Groups[0].LastTransition.At
		if again := sent(p.local)[1].At.Sub(decided); again < garp.RequestDelay-clocks {
			t.Errorf("the first address was announced again %v after the decision, want %v", again, garp.RequestDelay)
		}
		claim := l.b.Sends("a hello", began, and(p.hellos(), from(p.mac)))
		if first := sent(p.local)[0]; first.At.Before(claim.At) {
			t.Errorf("announced %v before the first hello", claim.At.Sub(first.At))
		}
		if n := count(l.b.Sent(began), and(is(neighborAdvertisement), func(f netlab.Frame) bool {
			_, n, err := garp.ParseND(f.Data)
			return err != nil || !n.Router || !n.Override || n.Solicited && f.Source() == p.mac && n.Dst.IsMulticast()
		})); n != 0 {
			t.Errorf("%d advertisements would have cost the hosts their router", n)
		}
	})
}

// checkTimes compares when frames came, counted from the first, with a plan. A
// refresh may come a tenth early or late. By what the machine was late any frame
// may be, the first as well, so that others seem early.
func checkTimes(t testing.TB, late time.Duration, frames []netlab.Frame, plan ...time.Duration) {
	t.Helper()
	late += 50 * time.Millisecond
	for i, want := range plan {
		got := frames[i].At.Sub(frames[0].At)
		if early := want / 10; got < want-early-late || got > want+early+late {
			t.Errorf("announcement %d came after %v, want %v", i, got, want)
		}
	}
}

// A host that has the router from an advertisement keeps it, its entry and the
// router flag of that entry, however the role moves.
func TestHostKeepsItsRouter(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*gateway){"killed": (*gateway).Kill, "stopped": func(g *gateway) { g.StopCleanly() }} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t testing.TB, l *lan, p protocol) {
				l.startInTurn(p.config(p.announce(`router_lifetime = "30m"`)))
				checkFailover(t, l, p, leave)
			})
		})
	}
}

// A host that does not believe unsolicited advertisements has nothing to learn
// from them: the MAC stays.
func TestHostThatDropsUnsolicitedAdvertisements(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		must(t, l.Client.Sysctl("net/ipv6/conf/"+lanDev+"/drop_unsolicited_na", "1"))
		l.startInTurn(p.config(p.announce(`router_lifetime = "30m"`)))
		checkFailover(t, l, p, (*gateway).Kill)
	})
}

// checkFailover takes the role from a and looks at the client all the while.
func checkFailover(t testing.TB, l *lan, p protocol, leave func(*gateway)) {
	t.Helper()
	want := neighbor{MAC: p.mac, Router: true}
	l.waitDefaultRouter(p.local)
	l.mustPing(fhrptest.HostIP6, p.local, global)
	l.Eventually("entry of the router", func() bool { return l.neighbor(p.local) == want })
	lost := l.lostRoutes()
	began := time.Now()
	leave(l.a)
	checkEntry := func() {
		if got := l.neighbor(p.local); got != want {
			t.Fatalf("the client has %+v for its router, want %+v", got, want)
		}
	}
	l.Eventually("the other router", func() bool {
		checkEntry()
		return count(l.b.Sent(began), announces(p.mac, p.local)) > 1 && l.FDB(p.mac) == "b"
	})
	l.mustPing(fhrptest.HostIP6, p.local, global)
	checkEntry()
	l.waitDefaultRouter(p.local)
	if n := lost(); n != 0 {
		t.Errorf("the client has lost its default route %d times", n)
	}
}
