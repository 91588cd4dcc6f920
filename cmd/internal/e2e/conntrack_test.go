package e2e

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

const flowsPerEvent = 40

func TestConnectionsOutliveAKilledDaemon(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		f.goOn(t, "fhrpd of the active router upgraded", p.a, func() { upgrade(p.a); p.settled(p.a, p.b) })
		f.goOn(t, "fhrpd of the active router killed", p.b, func() { p.a.Kill(); p.b.WaitAll("Active") })
		f.open(flowsPerEvent)
		f.goOn(t, "it is started again, and preempts", p.a, func() { p.a.Restart(); p.settled(p.a, p.b) })
		f.checkTranslated(translatedIP)
	})
}

// The role goes over and back by a command, with both groups.
func TestConnectionsOutliveAHandOver(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		f.goOn(t, "hand-over to the other router", p.b, func() { p.command(p.a, "handover", "users"); p.settled(p.b, p.a) })
		f.open(flowsPerEvent)
		f.goOn(t, "hand-over back", p.a, func() { p.command(p.b, "handover", "users"); p.settled(p.a, p.b) })
		f.checkTranslated(translatedIP)
	})
}

func TestConnectionsOutliveMaintenance(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		f.goOn(t, "maintenance of the active router on", p.b, func() { p.command(p.a, "maintenance", "on"); p.b.WaitAll("Active") })
		f.open(flowsPerEvent)
		f.goOn(t, "maintenance off, and it preempts", p.a, func() { p.command(p.a, "maintenance", "off"); p.settled(p.a, p.b) })
		f.checkTranslated(translatedIP)
	})
}

// command runs a command on a gateway that must succeed.
func (p *translated) command(g *gateway, args ...string) {
	p.t.Helper()
	if out, exit := g.Command(args...); exit != 0 {
		p.t.Fatalf("%s: exit %d: %s\n%s", strings.Join(args, " "), exit, out, g.Tail())
	}
}

func TestConnectionsOutliveACleanStop(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		left := func() int { return strings.Count(p.a.File("daemon.log"), "hook=standby") }
		before := left()
		f.goOn(t, "fhrpd of the active router stopped", p.b, func() { p.a.StopCleanly(); p.b.WaitAll("Active") })
		if left() == before {
			t.Errorf("the stop has run no command for the role that it left\n%s", p.a.Tail())
		}
		f.open(flowsPerEvent)
		f.goOn(t, "it is started again, and preempts", p.a, func() { p.a.Restart(); p.settled(p.a, p.b) })
		f.checkTranslated(translatedIP)
	})
}

func TestConnectionsOutliveARebootOfTheActiveRouter(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		f.goOn(t, "power failure of the active router", p.b, func() { p.cut(p.a); p.b.WaitAll("Active") })
		f.open(flowsPerEvent)
		f.goOn(t, "it boots without the link between the gateways", p.b, func() {
			p.boot(p.a, lanDev, coreDev)
			p.a.WaitAll("Standby")
			p.a.Eventually("a router that knows it lacks the table", func() bool { return p.a.Group("users").Priority == 90 })
			checkStays(t, p.b, p.a)
		})
		f.goOn(t, "the link is back: it synchronises, then preempts", p.a, func() { must(t, p.a.NS.LinkUp(syncDev)); p.settled(p.a, p.b) })
		f.checkTranslated(translatedIP)
	})
}

// checkStays wants the roles to stay for longer than a router would wait that
// means to preempt.
func checkStays(t testing.TB, active, standby *gateway) {
	t.Helper()
	fhrptest.Pass(t, 2*time.Second)
	if !active.All("Active") || !standby.All("Standby") {
		t.Errorf("the roles have changed\n%s", standby.Tails())
	}
}

func TestConnectionsOutliveARebootOfTheStandby(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		f.goOn(t, "power failure of the standby", p.a, func() { p.cut(p.b); p.a.WaitAll("Active") })
		f.open(flowsPerEvent)
		f.goOn(t, "it boots and synchronises", p.a, func() {
			p.boot(p.b, lanDev, coreDev, syncDev)
			p.settled(p.a, p.b)
		})
		f.goOn(t, "power failure of the active router after that", p.b, func() { p.cut(p.a); p.b.WaitAll("Active") })
		f.checkTranslated(translatedIP)
	})
}

// Connections that began while nobody told of them are told of later.
func TestConnectionsOutliveACrashOfConntrackd(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		f.goOn(t, "conntrackd of the active router killed", p.a, func() {
			p.stopSync(p.a)
			f.open(flowsPerEvent)
			p.b.Eventually("a standby that hears nothing of new connections", func() bool { return !synced(p.b) })
			checkStays(t, p.a, p.b)
		})
		f.goOn(t, "it is started again", p.a, func() {
			p.startSync(p.a)
			p.b.Eventually("the connections of a", func() bool { return synced(p.b) && p.learned(p.b) >= len(f.list) })
			checkStays(t, p.a, p.b)
		})
		f.goOn(t, "fhrpd of the active router killed after that", p.b, func() { p.a.Kill(); p.b.WaitAll("Active") })
		f.checkTranslated(translatedIP)
	})
}

// What conntrack calls invalid is not translated, and is for the router itself, which must
// not answer with a reset: that of an answer that strays at a takeover ends a connection.
func TestStrayAnswerIsNotReset(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		server := netip.AddrPortFrom(fhrptest.HostIP, 80)
		const unknown, closed = 7, 9
		resets, err := p.Core.Capture(p.a.Name, netlab.CaptureOptions{Arriving: true, Keep: func(f netlab.Frame) bool { return resetFrom(f.Data, translatedIP) != 0 }})
		must(t, err)
		t.Cleanup(func() { resets.Close() })
		p.strays(server, netip.AddrPortFrom(translatedIP, unknown), tcpACK)
		p.strays(server, netip.AddrPortFrom(translatedIP, closed), tcpSYN)
		first, err := resets.WaitFor(func(netlab.Frame) bool { return true }, patience)
		must(t, err)
		if port := resetFrom(first.Data, translatedIP); port != closed {
			t.Errorf("a reset of port %d comes before that of the port that nobody listens on", port)
		}
	})
}

// What the others prove nothing without: nobody goes on when nobody commits.
func TestConnectionsEndWithoutTheirTable(t *testing.T) {
	natScenario(t, func(t testing.TB, p *translated) {
		p.start()
		f := p.flows()
		must(t, fhrptest.WriteProgram(p.b.Path("fhrpd-conntrack"), []byte("#!/bin/sh\nexit 0\n")))
		went, _ := f.event(p.b, 3*time.Second, func() { p.a.Kill(); p.b.WaitAll("Active") })
		t.Logf("%-58s %3d of %3d connections went on", "fhrpd of the active router killed, nobody commits", went, len(f.list))
		f.opens()
		if went != 0 {
			t.Errorf("%d connections went on through a router that does not know them", went)
		}
	})
}

// Who masquerades has connections that cannot move: they are those of one router.
func TestMasqueradeTakesTheRoutersOwnAddress(t *testing.T) {
	nft := skip.Without(t, "nft")
	needConntrack(t)
	// Not beside others: its connections take a processor for themselves.
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
		p := newTranslated(t, "", nft)
		p.a.Start(p.file(p.a, "a-fhrpd.toml"))
		p.a.WaitAll("Active")
		p.serves(p.a)
		f := newFlows(p)
		f.opens()
		f.checkTranslated(translatedIP)
		mustRun(p.a, "flush chain ip nat postrouting\nadd rule ip nat postrouting oifname eth1 masquerade\n", nft, "-f", "-")
		f = newFlows(p)
		f.opens()
		f.checkTranslated(p.a.CoreIP)
	})
}
