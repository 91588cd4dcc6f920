package e2e

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// What happens to interfaces of real hosts: each time the role goes to the other
// router and comes back, and in the end everybody is reached.
func TestInterfaceThatGoesAndComesBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		disturb func(*lan)
	}{
		{"renamed and back", func(l *lan) {
			l.rename(l.a, lanDev, "wan9")
			l.b.WaitAll("Active")
			l.a.WaitAll("Init")
			l.rename(l.a, "wan9", lanDev)
		}},
		{"renamed for an instant", func(l *lan) {
			l.rename(l.a, lanDev, "wan9")
			l.rename(l.a, "wan9", lanDev)
		}},
		{"deleted and made again", func(l *lan) {
			l.unmake(l.a)
			l.b.WaitAll("Active")
			l.remake(l.a)
		}},
		{"made again at once", func(l *lan) {
			l.unmake(l.a)
			l.remake(l.a)
		}},
		{"flapping", func(l *lan) {
			for range 5 {
				l.a.LinkDown()
				l.a.LinkUp()
			}
		}},
		{"carrier flapping", func(l *lan) {
			for range 5 {
				l.a.Unplug()
				l.a.Plug()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.start(both)
				tt.disturb(l)
				l.Settled(l.a, l.b)
				l.Eventually("switch", func() bool { return l.FDB(mac2) == "a" && l.FDB(mac6) == "a" })
				l.mustPing(vip, vip6, l.a.IP, l.b.IP)
				if !l.forwards(l.a, mac2) || l.forwards(l.b, mac2) {
					t.Error("want the active router to forward, and the standby not")
				}
			})
		})
	}
}

// rename gives a gateway's interface another name, as udev does.
func (l *lan) rename(g *gateway, from, to string) {
	l.t.Helper()
	must(l.t, g.NS.LinkDown(from))
	link, err := g.NS.Netlink().LinkByName(from)
	must(l.t, err)
	must(l.t, g.NS.Netlink().LinkSetName(link, to))
	must(l.t, g.NS.LinkUp(to))
}

// unmake deletes a gateway's interface, and the switch's port with it.
func (l *lan) unmake(g *gateway) {
	l.t.Helper()
	link, err := g.NS.Netlink().LinkByName(lanDev)
	must(l.t, err)
	must(l.t, g.NS.Netlink().LinkDel(link))
}

// remake makes it again.
func (l *lan) remake(g *gateway) {
	l.t.Helper()
	must(l.t, netlab.Veth(netlab.End{NS: g.NS, Name: lanDev, MAC: g.MAC}, netlab.End{NS: l.Switch, Name: g.Name}))
	must(l.t, l.Switch.Join(g.Name, "lan"))
	l.Address(g.NS, lanDev, g.IP, g.IP6)
}

// A switch that learns for an instant after a takeover, and then never again:
// from hellos and announcements that leave together it knows all it needs.
func TestSwitchThatLearnsOnlyFromWhatIsSaidAtOnce(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		l.mustPing(vip, vip6)
		began := time.Now()
		for _, ref := range []string{"v4", "v6"} {
			must(t, l.a.SetPriority(t.Context(), ref, 85))
		}
		l.Eventually("the switch learns", func() bool { return l.FDB(mac2) == "b" && l.FDB(mac6) == "b" })
		for _, g := range l.Gateways {
			l.forgetToLearn(g.Name)
		}
		claim := l.b.Says("virtual: hello Active", began, mac2)
		told := l.b.Says("virtual: arp reply 192.168.1.1 is-at virtual to everybody", began, mac2)
		if late := told.At.Sub(claim.At); late > 10*time.Millisecond+l.Witness.Late(began) {
			t.Errorf("the switches were told %v after the claim", late)
		}
		l.Settled(l.b, l.a)
		l.mustPing(vip, vip6)
		if !l.forwards(l.b, mac2) {
			t.Error("the router that took over does not forward")
		}
	})
}

// forgetToLearn makes a port of the switch keep the entries that it has, and
// learn nothing more.
func (l *lan) forgetToLearn(port string) {
	l.t.Helper()
	link, err := l.Switch.Netlink().LinkByName(port)
	must(l.t, err)
	must(l.t, l.Switch.Netlink().LinkSetLearning(link, false))
}
