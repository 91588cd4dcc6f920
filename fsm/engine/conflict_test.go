package engine_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

const (
	arpRequest = 1
	arpReply   = 2
)

var client4 = netip.MustParseAddr("192.0.2.50")

func TestOnlyTheRouterThatServesTheAddressAnswersForIt(t *testing.T) {
	ask := arpFrame(arpRequest, otherMAC, client4, vip4)
	h := newHost(t, vrrpConfig).up("eth0").clear()
	h.heard(ask)
	if len(h.port.log) > 0 {
		t.Errorf("a router in Backup did %q", h.port.log)
	}
	h.until("eth0:10", "Active").clear()
	h.heard(ask)
	h.heard(arpFrame(arpRequest, otherMAC, client4, own4)) // the kernel's business
	h.heard(arpFrame(arpReply, otherMAC, client4, vip4))
	if diff := cmp.Diff([]string{"send virtual unicast reply 192.0.2.1"}, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := h.group("eth0:10").Counters.Answered; n != 1 {
		t.Errorf("%d answers counted", n)
	}
	h.heard(vrrpFrame(200))
	h.clear().heard(ask)
	if len(h.port.log) > 0 {
		t.Errorf("after the role was lost: %q", h.port.log)
	}
}

func TestNeighborSolicitationIsAnsweredByTheRouterThatServesTheAddress(t *testing.T) {
	h := newHost(t, `
[[vrrp]]
interface = "eth0"
vrid = 10
virtual_ips = ["fe80::1", "2001:db8::1"]
`).up("eth0").until("vrrp6:eth0:10", "Active").clear()
	vip := netip.MustParseAddr("2001:db8::1")
	h.heard(solicitation(vip))
	if len(h.port.frames) != 1 || describeFrame(h.port.frames[0]) != "virtual nd 136 2001:db8::1" {
		t.Errorf("did %q", h.port.log)
	}
	h.clear().heard(solicitation(netip.MustParseAddr("2001:db8::2")))
	if len(h.port.log) > 0 {
		t.Errorf("answered for another address: %q", h.port.log)
	}
}

// TestForeignClaimIsDefendedWithBackOff sends a claim every 100 ms for 20
// seconds: RFC 5227 section 2.4 does not want a war.
func TestForeignClaimIsDefendedWithBackOff(t *testing.T) {
	h := hsrpActive(t)
	for range 200 {
		h.heard(arpFrame(arpReply, otherMAC, vip4, vip4))
		h.run(100 * time.Millisecond)
	}
	n := len(slices.DeleteFunc(h.port.having("send virtual reply 192.0.2.1"), func(s string) bool { return s != "send virtual reply 192.0.2.1" }))
	if n < 4 || n > 7 {
		t.Errorf("defended %d times, want at 0, 1, 3, 7, 15 s", n)
	}
	g := h.group("eth0:10")
	if g.Machine.State != "Active" || g.Counters.Conflicts != 200 {
		t.Errorf("%s with %d conflicts", g.Machine.State, g.Counters.Conflicts)
	}
	if c := g.Conflict; c.At.IsZero() || c.MAC != otherMAC || c.Who != garp.Foreign || c.Address != vip4 {
		t.Errorf("conflict %+v", c)
	}
	if got := h.told(engine.KindConflict); len(got) != 1 {
		t.Errorf("told %q, want one line", got)
	}
}

func TestClaimsThatAreNoneAreLeftAlone(t *testing.T) {
	h := hsrpActive(t)
	h.heard(arpFrame(arpRequest, otherMAC, netip.IPv4Unspecified(), vip4)) // a probe, which is answered
	h.heard(arpFrame(arpReply, ownMAC, own4, own4))
	h.heard(arpFrame(arpReply, otherMAC, client4, client4))
	if g := h.group("eth0:10"); !g.Conflict.At.IsZero() || g.Counters.Conflicts > 0 {
		t.Errorf("conflict %+v", g.Conflict)
	}
}

// TestLoserIsToldAndAnnouncedOver proves what an active router does when
// another one that must lose says it is active too.
func TestLoserIsToldAndAnnouncedOver(t *testing.T) {
	for _, tt := range []struct {
		name  string
		host  func(testing.TB) *host
		frame []byte
		want  []string
	}{
		{"hsrp hello", hsrpActive, hsrpFrame(hello.OpHello, hello.Active), []string{
			"send virtual Coup Active", "send virtual Hello Active", "send virtual reply 192.0.2.1"}},
		{"hsrp resign", hsrpActive, hsrpFrame(hello.OpResign, hello.Active), []string{
			"send virtual Hello Active", "send virtual reply 192.0.2.1"}},
		{"vrrp advertisement", vrrpActive, vrrpFrame(100), []string{
			"send virtual advert 110", "send virtual reply 192.0.2.1"}},
		{"vrrp resignation", vrrpActive, vrrpFrame(0), []string{
			"send virtual advert 110", "send virtual reply 192.0.2.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.host(t).run(700 * time.Millisecond).clear()
			h.heard(tt.frame)
			if diff := cmp.Diff(tt.want, h.port.having("send")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func probing(t *testing.T, mode string) *host {
	t.Helper()
	return newHost(t, hsrpConfig+"announce = { probe = \""+mode+"\" }\n").up("eth0").clear().until("eth0:10", "Speak")
}

func TestProbesAreSentWhileTheGroupWaitsAnyway(t *testing.T) {
	for mode, want := range map[string]int{"off": 0, "warn": 3, "veto": 3} {
		h := probing(t, mode)
		from := h.now
		h.until("eth0:10", "Active")
		if got := h.port.having("send real probe 192.0.2.1"); len(got) != want {
			t.Errorf("%s: %d probes, want %d", mode, len(got), want)
		}
		if took := h.now.Sub(from); took > 3100*time.Millisecond {
			t.Errorf("%s: active after %v, want the hold time", mode, took)
		}
		h.clear().run(10 * time.Second)
		if got := h.port.having("send real probe"); len(got) > 0 {
			t.Errorf("%s: %q after the takeover", mode, got)
		}
	}
}

func TestProbesFromVRRPBackup(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0").until("eth0:10", "Active")
	if got := h.port.having("send real probe 192.0.2.1"); len(got) != 3 {
		t.Errorf("%d probes, want 3", len(got))
	}
}

func TestVRRPRouterThatStartsBesideAnActiveOneDoesNotProbe(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0").run(time.Second) // no advertisement can be later
	h.heard(vrrpFrame(200))
	h.run(2 * time.Second)
	if got := h.port.having("send real probe"); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// An active router may announce its address before its first advertisement is heard.
func TestAnnouncementBeforeTheFirstProbeIsNoAnswer(t *testing.T) {
	for name, mac := range map[string]hello.MAC{
		"virtual MAC":   hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 10),
		"interface MAC": peerMAC,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, vrrpConfig+"announce = { probe = \"veto\" }\n").up("eth0").run(500 * time.Millisecond)
			h.heard(arpFrame(arpReply, mac, vip4, vip4))
			h.heard(vrrpFrame(200))
			if g := h.group("eth0:10"); !g.Conflict.At.IsZero() || g.Counters.Conflicts > 0 {
				t.Errorf("conflict %+v", g.Conflict)
			}
			if got := h.told(engine.KindConflict); len(got) > 0 {
				t.Errorf("told %q", got)
			}
		})
	}
}

// Whoever becomes active announces behind its hello. A better router takes the role at
// the hello, and hears the rest when it has it.
func TestAnnouncementThatCrossesTheTakeoverIsAnnouncedOverAndNoConflict(t *testing.T) {
	h := newHost(t, hsrpConfig).up("eth0").run(time.Second)
	claim := arpFrame(arpReply, hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10), vip4, vip4)
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	h.state("eth0:10", "Active")
	h.clear()
	h.heard(claim)
	if got := h.port.having("send virtual reply 192.0.2.1"); len(got) == 0 {
		t.Errorf("did %q, want an announcement", h.port.log)
	}
	if g := h.group("eth0:10"); !g.Conflict.At.IsZero() || g.Counters.Conflicts > 0 {
		t.Errorf("conflict %+v", g.Conflict)
	}
	h.run(time.Second).heard(claim) // it goes on
	if n := h.group("eth0:10").Counters.Conflicts; n != 1 {
		t.Errorf("%d conflicts counted, want 1", n)
	}
	if got := h.told(engine.KindConflict); len(got) != 1 {
		t.Errorf("told %q, want one line", got)
	}
}

func TestTakeoverFromADeadPeerNeitherProbesNorWaits(t *testing.T) {
	h := hsrpStandby(t)
	for _, mode := range []string{"silence", "resign"} {
		if mode == "resign" {
			h = hsrpStandby(t)
			h.heard(hsrpFrame(hello.OpResign, hello.Active, better))
		}
		h.heard(arpFrame(arpReply, otherMAC, vip4, vip4))
		from := h.now
		h.until("eth0:10", "Active")
		if took := h.now.Sub(from); took > 3100*time.Millisecond {
			t.Errorf("%s: active after %v", mode, took)
		}
		if got := h.port.having("send real probe"); len(got) > 0 {
			t.Errorf("%s: sent %q", mode, got)
		}
	}
}

func TestThirdRouterDoesNotProbeForADeadOne(t *testing.T) {
	h := newHost(t, hsrpConfig).up("eth0")
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.heard(hsrpFrame(hello.OpHello, hello.Standby, better, func(m *hello.HSRP, e *hello.Envelope) {
		e.Src = netip.MustParseAddr("192.0.2.12")
	}))
	h.clear().until("eth0:10", "Active") // both are silent from now on
	if got := h.port.having("send real probe"); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

func TestFormerActiveRouterDoesNotProbe(t *testing.T) {
	h := newHost(t, hsrpConfig+"announce = { probe = \"veto\" }\n").up("eth0").until("eth0:10", "Active").clear()
	h.now = h.now.Add(time.Minute)
	h.e.Wake(h.now, 0)
	h.state("eth0:10", "Listen")
	h.heard(arpFrame(arpReply, otherMAC, vip4, vip4))
	h.until("eth0:10", "Active")
	if got := h.port.having("send real probe"); len(got) > 0 || !h.group("eth0:10").Conflict.At.IsZero() {
		t.Errorf("sent %q, conflict %+v", got, h.group("eth0:10").Conflict)
	}
}

func TestProbeThatIsAnsweredWarnsAndSaysWhoItWas(t *testing.T) {
	virtual := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	for _, tt := range []struct {
		name        string
		who         garp.Owner
		words       string
		mac, source hello.MAC
	}{
		{"stranger", garp.Foreign, "a stranger", otherMAC, otherMAC},
		{"virtual MAC", garp.Peer, "the virtual MAC of the group", virtual, virtual},
		{"virtual MAC from another one", garp.Peer, "the virtual MAC of the group", virtual, otherMAC},
		{"peer", garp.Peer, "it has kept the address", peerMAC, peerMAC},
		{"other group", garp.Foreign, "the virtual MAC of another group", hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 11), otherMAC},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := probing(t, "warn")
			h.heard(hsrpFrame(hello.OpHello, hello.Speak)) // of a peer that waits as well
			from := h.now
			answer := arpFrame(arpReply, tt.mac, vip4, own4)
			copy(answer[6:12], tt.source[:])
			h.heard(answer)
			if c := h.group("eth0:10").Conflict; c.Who != tt.who || c.MAC != tt.mac || !c.At.Equal(h.now) {
				t.Errorf("conflict %+v, want %s", c, tt.who)
			}
			if got := h.told(engine.KindConflict); len(got) != 1 || !strings.Contains(got[0], tt.words) || !strings.Contains(got[0], "claims it all the same") {
				t.Errorf("told %q, want %q", got, tt.words)
			}
			h.until("eth0:10", "Active")
			if took := h.now.Sub(from); took > 3100*time.Millisecond {
				t.Errorf("active after %v", took)
			}
		})
	}
}

func TestStrangerVetoesAsLongAsHeAnswers(t *testing.T) {
	h := probing(t, "veto")
	answer := func() { h.heard(arpFrame(arpReply, otherMAC, vip4, own4)) }
	answer()
	h.state("eth0:10", "Init")
	if last := h.group("eth0:10").Last; last.Cause != "address-conflict" || !strings.Contains(last.Detail, otherMAC.String()) {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	h.clear()
	for range 20 {
		h.run(time.Second)
		if n := len(h.port.having("send real probe")); n > 0 {
			answer()
		}
		h.state("eth0:10", "Init")
		if len(h.port.open) > 0 {
			t.Fatal("the gate is open")
		}
	}
	if n := len(h.port.having("send real probe")); n < 12 || n > 21 {
		t.Errorf("%d probes in 20 s, want three every hold time of 3 s", n)
	}
	h.clear().until("eth0:10", "Listen") // he is gone
	if last := h.group("eth0:10").Last; last.Cause != "address-conflict" {
		t.Errorf("cause %s", last.Cause)
	}
	h.until("eth0:10", "Active")
}

// The probes of a round are over after one hello time of a hold time.
func TestStrangerOfAnyMomentIsAskedAgain(t *testing.T) {
	for _, after := range []time.Duration{200 * time.Millisecond, 2 * time.Second, 2900 * time.Millisecond} {
		h := probing(t, "veto").run(after)
		h.heard(arpFrame(arpReply, otherMAC, vip4, own4))
		h.state("eth0:10", "Init")
		h.clear().run(10 * time.Second)
		if len(h.port.having("send real probe")) < 3 || h.group("eth0:10").Machine.State == "Init" {
			t.Errorf("a stranger after %v: asked %q, and the group is in %s",
				after, h.port.having("send real probe"), h.group("eth0:10").Machine.State)
		}
	}
}

func TestPeerHasNoVeto(t *testing.T) {
	h := probing(t, "veto")
	h.heard(arpFrame(arpReply, hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10), vip4, own4))
	h.state("eth0:10", "Speak")
	h.until("eth0:10", "Active")
}

func TestHelloOfAnActiveRouterEndsTheProbes(t *testing.T) {
	h := probing(t, "veto")
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.clear().heard(arpFrame(arpReply, otherMAC, vip4, vip4))
	h.run(2 * time.Second)
	if got := h.port.having("send real probe"); len(got) > 0 || !h.group("eth0:10").Conflict.At.IsZero() {
		t.Errorf("sent %q, conflict %+v", got, h.group("eth0:10").Conflict)
	}
}

func TestVetoAgainstAFollowerKeepsItsLeader(t *testing.T) {
	h := newHost(t, strings.Replace(followConfig, "virtual_ips = [\"192.0.2.3\"]", "virtual_ips = [\"192.0.2.3\"]\nannounce = { probe = \"veto\" }", 1)).up("eth0", "eth1")
	h.until("wan", "Speak")
	h.heard(arpFrame(arpReply, otherMAC, netip.MustParseAddr("192.0.2.3"), own4))
	h.state("wan", "Init")
	if last := h.group("wan").Last; last.Cause != "address-conflict" || !strings.Contains(last.Detail, "follower hsrp:eth0:30") {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	h.until("wan", "Active").together("Active", "Active")
}

func TestRefreshIsCountedAndForeseen(t *testing.T) {
	h := hsrpActive(t)
	g := h.group("eth0:10")
	if wait := g.NextRefresh.Sub(h.now); !g.LastRefresh.IsZero() || wait <= 0 || wait > time.Minute {
		t.Errorf("before: last at %v, next in %v", g.LastRefresh, wait)
	}
	h.run(65 * time.Second)
	g = h.group("eth0:10")
	if g.Refreshes != 1 || g.LastRefresh.IsZero() || !g.NextRefresh.After(h.now) {
		t.Errorf("after: %d, last at %v, next at %v", g.Refreshes, g.LastRefresh, g.NextRefresh)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if g = h.group("eth0:10"); !g.NextRefresh.IsZero() {
		t.Errorf("without the role: next at %v", g.NextRefresh)
	}
}
