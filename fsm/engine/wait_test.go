package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// preActive makes the last group of a configuration wait for a command.
func preActive(config, deadline string) string {
	protocol := config[strings.LastIndex(config, "[[")+2 : strings.LastIndex(config, "]]")]
	return fmt.Sprintf("%s[%s.hooks]\npre_active = { command = [\"/before\"], deadline = %q }\n", config, protocol, deadline)
}

// standBy makes the HSRP group the standby router of a better one.
func (h *host) standBy() *host {
	for range 10 {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
		h.run(time.Second)
	}
	return h
}

// waitingHSRP is a host that has just become active after a Resign and waits for
// half a second at most.
func waitingHSRP(t testing.TB) *host {
	t.Helper()
	h := newHost(t, preActive(hsrpConfig, "500ms")).up("eth0").standBy()
	h.clear().heard(hsrpFrame(hello.OpResign, hello.Active, better))
	h.state("eth0:10", "Active")
	return h
}

// waitingVRRP is the same with a VRRP router.
func waitingVRRP(t testing.TB) *host {
	t.Helper()
	h := newHost(t, preActive(vrrpConfig, "500ms")).up("eth0")
	h.heard(vrrpFrame(200))
	h.heard(vrrpFrame(0))
	for h.clear(); h.group("eth0:10").Machine.State != "Active"; h.run(time.Millisecond) {
	}
	return h
}

// virtual lists what left from the virtual MAC.
func (p *fakePort) virtual() []string { return p.having("send virtual") }

func TestWaitingRouterSpeaksAtOnceAndFromItsInterfaceMAC(t *testing.T) {
	for _, tt := range []struct {
		name string
		host func(testing.TB) *host
		want []string
	}{
		{"hsrp", waitingHSRP, []string{"send real Hello Active", "run hsrp:eth0:10"}},
		{"vrrp", waitingVRRP, []string{"send real advert 110", "run vrrp:eth0:10"}},
		{"hsrp that preempts", func(t testing.TB) *host {
			h := newHost(t, preActive(hsrpConfig, "500ms")).up("eth0").standBy()
			h.clear().heard(hsrpFrame(hello.OpHello, hello.Active))
			return h
		}, []string{"send real Coup Standby", "send real Hello Active", "run hsrp:eth0:10"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.host(t).port.log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// errDeadline is what the daemon says of a command that was too slow.
var errDeadline = fmt.Errorf("killed: %w", context.DeadlineExceeded)

func TestAddressIsTakenHoweverTheCommandEnds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		end     func(*host)
		waited  time.Duration
		outcome engine.Outcome
		says    string
	}{
		{"exit status 0", func(h *host) { h.run(120 * time.Millisecond).ended(nil) }, 120 * time.Millisecond,
			engine.Succeeded, "pre_active command ended; the address is taken after 120ms"},
		{"any other", func(h *host) { h.run(30 * time.Millisecond).ended(errKernel) }, 30 * time.Millisecond,
			engine.Failed, "the kernel said no; the address is taken all the same after 30ms"},
		{"killed by its own deadline", func(h *host) { h.run(499 * time.Millisecond).ended(errDeadline) }, 499 * time.Millisecond,
			engine.TimedOut, "killed: context deadline exceeded; the address is taken all the same after 499ms"},
		{"never", func(h *host) { h.run(500 * time.Millisecond) }, 500 * time.Millisecond,
			engine.TimedOut, "pre_active command killed, not ended within 500ms: context deadline exceeded; the address is taken all the same after 500ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := waitingHSRP(t)
			begun := h.now
			h.clear()
			tt.end(h)
			if got := h.port.having("gate"); len(got) != 1 {
				t.Fatalf("gates %q at the end of the wait", got)
			}
			taken := slices.Index(h.port.log, "gate +1 -0")
			want := []string{"gate +1 -0", "send virtual Hello Active", "send virtual reply 192.0.2.10", "send virtual reply 192.0.2.1", "send virtual cisco reply 192.0.2.1", "address +1 -0"}
			if diff := cmp.Diff(want, h.port.log[taken:taken+len(want)]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tt.says}, h.told(engine.KindHook)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			g := h.group("eth0:10")
			wait := engine.Wait{Transition: g.Last.ID, Outcome: tt.outcome, Since: begun, Waited: tt.waited}
			if diff := cmp.Diff(wait, g.Wait, cmpopts.IgnoreFields(engine.Wait{}, "Err")); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if (g.Wait.Err == "") != (tt.outcome == engine.Succeeded) {
				t.Errorf("error %q of outcome %s", g.Wait.Err, tt.outcome)
			}
			h.clear().run(time.Second)
			if got := h.port.having("send virtual Hello Active"); len(got) == 0 || len(h.port.having("send real Hello")) > 0 {
				t.Errorf("afterwards %q, want hellos from the virtual MAC", h.port.log)
			}
		})
	}
}

func TestCommandIsKilledAtItsDeadline(t *testing.T) {
	h := waitingHSRP(t).run(499 * time.Millisecond)
	if h.runs[0].killed != nil || len(h.port.having("gate")) > 0 {
		t.Errorf("killed (%v) or taken (%q) too early", h.runs[0].killed, h.port.log)
	}
	if h.run(time.Millisecond); !errors.Is(h.runs[0].killed, context.DeadlineExceeded) {
		t.Errorf("killed for %v, want the deadline", h.runs[0].killed)
	}
	if h.clear().ended(errDeadline); len(h.port.log)+len(h.events) > 0 {
		t.Errorf("the answer that came late did %q and told %v", h.port.log, h.events)
	}
}

func TestCommandThatHasEndedIsNotKilled(t *testing.T) {
	h := waitingHSRP(t).ended(nil)
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if h.run(time.Second); h.runs[0].killed != nil {
		t.Errorf("killed: %v", h.runs[0].killed)
	}
}

// A hello that is late for the command's sake would be a failover.
func TestHungCommandDelaysNoHello(t *testing.T) {
	for _, tt := range []struct{ name, config string }{{"hsrp", hsrpConfig}, {"vrrp", vrrpConfig}} {
		t.Run(tt.name, func(t *testing.T) {
			want := hellosOf(newHost(t, tt.config))
			got := hellosOf(newHost(t, preActive(tt.config, "20s")))
			if diff := cmp.Diff(want, got); diff != "" || len(got) < 10 {
				t.Errorf("%d hellos; without and with a command (-without +with):\n%s", len(got), diff)
			}
		})
	}
}

// hellosOf says when a host that is alone has sent hellos as active.
func hellosOf(h *host) (at []time.Duration) {
	h.up("eth0").until("eth0:10", "Active").clear()
	began := h.now
	for h.now.Sub(began) < 15*time.Second {
		h.clear().run(time.Millisecond)
		for _, f := range h.port.having("send") {
			if strings.Contains(f, "Hello Active") || strings.Contains(f, "advert") {
				at = append(at, h.now.Sub(began))
			}
		}
	}
	return at
}

func TestNothingIsAnsweredOrDefendedWhileTheAddressWaits(t *testing.T) {
	ask := arpFrame(uint16(garp.OpRequest), otherMAC, peer4, vip4)
	claim := arpFrame(uint16(garp.OpReply), otherMAC, vip4, vip4)
	h := waitingHSRP(t).clear()
	h.heard(ask)
	h.heard(claim)
	h.e.Moved(h.now, []string{"eth0"}, "test")
	if h.run(10 * time.Millisecond); len(h.port.log) > 0 {
		t.Errorf("said %q", h.port.log)
	}
	for _, command := range []func() error{
		func() error { return h.e.Announce(h.now, engine.Caller{}, "eth0:10") },
		func() error { return h.e.Verify(h.now, "eth0:10") },
	} {
		var refused *engine.RefusedError
		if err := command(); !errors.As(err, &refused) || !strings.Contains(err.Error(), "waits for the pre_active command") {
			t.Errorf("error %v, want a refusal that says why", err)
		}
	}
	h.ended(nil).clear().heard(ask)
	if got := h.port.having("send virtual"); len(got) != 1 {
		t.Errorf("afterwards the answer is %q", h.port.log)
	}
}

// A continuing active router would show the switches where it is.
func TestWaitingRouterAnswersAWorseActiveWithoutTheVirtualMAC(t *testing.T) {
	h := waitingHSRP(t).clear()
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	h.run(10 * time.Millisecond)
	if diff := cmp.Diff([]string{"send real Coup Active"}, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who does not understand an advertisement claims the role as well.
func TestWaitingRouterRepeatsItsAdvertisementInTheFormJustHeard(t *testing.T) {
	h := waitingVRRP(t).clear()
	m := &hello.VRRP{Version: 3, VRID: 10, Priority: 100, Family: hello.IPv4, AdverInterval: time.Second, VirtualIPs: []netip.Addr{vip4}}
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, peer4, peerMAC)
	h.now = h.now.Add(time.Millisecond) // too soon for an answer of the machine
	h.heard(hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, m, "", hello.PseudoHeader, env.Src, env.Dst)))
	if diff := cmp.Diff([]string{"send real advert 110"}, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNeighborsAndHostsHearNothingOfAWaitingIPv6Router(t *testing.T) {
	config := preActive(`
[[vrrp]]
interface = "eth0"
vrid = 10
virtual_ips = ["fe80::1", "2001:db8::1"]
neighbors = ["2001:db8::99"]
[vrrp.announce]
router_lifetime = "30m"
`, "5s")
	h := newHost(t, config).up("eth0").until("eth0:10", "Active").clear().run(4 * time.Second)
	for _, l := range h.port.log {
		if l != "send real advert 100" {
			t.Errorf("said %q while the address waited", l)
		}
	}
	if len(h.port.log) == 0 {
		t.Error("said nothing at all")
	}
	h.clear().ended(nil)
	for _, want := range []string{"gate +1 -0", "send virtual 86dd", "send virtual nd 136 fe80::1", "send virtual nd 136 2001:db8::1"} {
		if !slices.Contains(h.port.log, want) {
			t.Errorf("no %q in %q", want, h.port.log)
		}
	}
}

func TestLosingTheRoleCancelsTheWait(t *testing.T) {
	for _, tt := range []struct {
		name string
		host func(testing.TB) *host
		lose func(*host)
		want []string // what leaves with the role
	}{
		{"hsrp to a better router", waitingHSRP, func(h *host) { h.heard(hsrpFrame(hello.OpHello, hello.Active, better)) },
			[]string{"send real Resign Speak", "send real Hello Speak", "send real reply 192.0.2.10"}},
		{"vrrp to a better router", waitingVRRP, func(h *host) { h.heard(vrrpFrame(200)) }, nil},
		{"interface down", waitingHSRP, func(h *host) { h.down("eth0") }, []string{"send real Resign Active"}},
		{"hsrp stop", waitingHSRP, func(h *host) { h.e.Stop(h.now) }, []string{"send real Resign Active", "send real reply 192.0.2.10"}},
		{"vrrp stop", waitingVRRP, func(h *host) { h.e.Stop(h.now) }, []string{"send real advert 0"}},
		{"stall", waitingHSRP, func(h *host) { h.now = h.now.Add(time.Minute); h.e.Wake(h.now, 0) }, nil},
		{"suspended host", waitingHSRP, func(h *host) { h.e.Wake(h.now, time.Minute) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.host(t).run(100 * time.Millisecond).clear()
			tt.lose(h)
			if got := h.port.log[:min(len(tt.want), len(h.port.log))]; !slices.Equal(got, tt.want) {
				t.Errorf("said %q, want %q first", h.port.log, tt.want)
			}
			if h.runs[0].killed == nil {
				t.Error("the command goes on")
			}
			if got := h.told(engine.KindHook); len(got) != 1 || !strings.Contains(got[0], "the address was not taken") {
				t.Errorf("events %q", got)
			}
			if got := h.group("eth0:10").Wait; got.Outcome != engine.Cancelled || got.Transition != h.runs[0].Transition.ID {
				t.Errorf("status %+v", got)
			}
			h.ended(nil).run(time.Second) // the command was killed; its end is no news
			if got := slices.Concat(h.port.virtual(), h.port.having("gate"), h.port.having("address")); len(got) > 0 {
				t.Errorf("something of the role was there: %q", got)
			}
		})
	}
}

func TestStopWhileTheAddressWaitsEndsAtOnce(t *testing.T) {
	for _, host := range []func(testing.TB) *host{waitingHSRP, waitingVRRP} {
		h := host(t)
		h.heard(hsrpFrame(hello.OpHello, hello.Standby)) // a successor does not make it stay
		if h.e.Stop(h.now); !h.e.Stopped() {
			t.Error("a router that serves nothing stays to serve")
		}
	}
}

func TestShortStallDoesNotCostTheRole(t *testing.T) {
	h := waitingHSRP(t)
	h.now = h.now.Add(3500 * time.Millisecond) // the lease would be 4 s
	h.e.Wake(h.now, 0)
	h.e.Tick(h.now)
	h.state("eth0:10", "Active")
	if len(h.port.having("gate")) != 1 {
		t.Errorf("the time of the command is over, but %q", h.port.log)
	}
}

// The loop sleeps from hello to hello when nothing else is to be done.
func TestLeaseShorterThanAHelloTimeIsNoStallWhileTheAddressWaits(t *testing.T) {
	for _, tt := range []struct{ name, config string }{{"hsrp", hsrpConfig}, {"vrrp", vrrpConfig}} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, "[daemon]\nlease = \"500ms\"\n"+preActive(tt.config, "20s")).up("eth0").until("eth0:10", "Active")
			taken := h.group("eth0:10").Last.ID
			if h.run(15 * time.Second); h.group("eth0:10").Last.ID != taken {
				t.Errorf("%+v", h.group("eth0:10").Last)
			}
			h.e.Wake(h.now.Add(501*time.Millisecond), 0)
			if last := h.group("eth0:10").Last; last.Cause != fsm.CauseStalled {
				t.Errorf("after a real stall: %+v", last)
			}
		})
	}
}

func TestSecondTermWaitsAnewAndTheFirstCommandsEndIsNoNews(t *testing.T) {
	h := waitingHSRP(t)
	h.standBy()
	h.heard(hsrpFrame(hello.OpResign, hello.Active, better))
	if len(h.runs) != 2 {
		t.Fatalf("%d commands, want one for each term", len(h.runs))
	}
	h.clear().e.PreActiveDone(h.now, h.runs[0].Group, h.runs[0].Transition.ID, nil)
	if len(h.port.log) > 0 {
		t.Errorf("the end of the first command did %q", h.port.log)
	}
	if h.ended(nil); len(h.port.having("gate +1")) != 1 {
		t.Errorf("the end of the second command did %q", h.port.log)
	}
}

func TestRoleGainedAndLostInOneTurnRunsNothing(t *testing.T) {
	h := newHost(t, preActive(hsrpConfig, "500ms")).up("eth0").standBy()
	h.clear()
	h.e.Frame(h.now, "eth0", hsrpFrame(hello.OpResign, hello.Active, better), true)
	h.state("eth0:10", "Active")
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if len(h.runs)+len(h.told(engine.KindHook)) > 0 || slices.Contains(h.port.log, "send real Hello Active") {
		t.Errorf("commands %d, %q, %q", len(h.runs), h.port.log, h.told(engine.KindHook))
	}
	if st := h.group("eth0:10").Wait; st != (engine.Wait{}) {
		t.Errorf("a wait is shown that never began: %+v", st)
	}
}

func TestTransitionSaysThatTheAddressWaits(t *testing.T) {
	h := waitingHSRP(t)
	if tr := h.group("eth0:10").Last; !tr.Waits || h.runs[0].Transition.ID != tr.ID || !h.runs[0].Transition.Waits {
		t.Errorf("transition %+v, command for %+v", tr, h.runs[0].Transition)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if tr := h.group("eth0:10").Last; tr.Waits {
		t.Errorf("%s to %s waits", tr.From, tr.To)
	}
}

func TestRefusedGateAfterTheWaitCostsTheRole(t *testing.T) {
	h := waitingHSRP(t)
	h.port.refuse = func(open []engine.Claim, shut []engine.ID) error {
		if len(open) > 0 {
			return errKernel
		}
		return nil
	}
	h.ended(nil)
	if tr := h.group("eth0:10").Last; tr.Cause != fsm.CauseAcquireFailed {
		t.Errorf("last transition %+v", tr)
	}
	if got := h.port.virtual(); len(got) > 0 {
		t.Errorf("said %q without the gate", got)
	}
}

func TestFollowersWaitWithTheirLeader(t *testing.T) {
	h := newHost(t, preActive(followConfig, "500ms")).up("eth0", "eth1").until("wan", "Active")
	h.together("Active", "Active")
	open := func() int { return len(h.port.open) + len(h.ports["eth1"].open) }
	if open() > 0 || len(h.runs) != 1 {
		t.Fatalf("%d gates open, %d commands", open(), len(h.runs))
	}
	if st := h.group("lan").Wait; st.Outcome != engine.Waiting || st.Leader.String() != "hsrp:eth0:10" || st.Left == 0 {
		t.Errorf("status of a follower %+v", st)
	}
	if h.ended(errKernel); open() != 3 {
		t.Errorf("%d gates open, want all three", open())
	}
	if st := h.group("lan").Wait; st.Outcome != engine.Failed || st.Leader.String() != "hsrp:eth0:10" {
		t.Errorf("status of a follower %+v", st)
	}
}

func TestFollowerWaitsForItsOwnCommandToo(t *testing.T) {
	config := strings.Replace(preActive(followConfig, "500ms"), "follow = \"wan\"\n",
		"follow = \"wan\"\nhooks = { pre_active = { command = [\"/lan\"], deadline = \"2s\" } }\n", 1)
	for _, tt := range []struct {
		name string
		end  func(h *host, leader, follower *run)
	}{
		{"leader first", func(h *host, leader, follower *run) {
			h.e.PreActiveDone(h.now, leader.Group, leader.Transition.ID, nil)
			if !h.port.open[3] || !h.port.open[2] || h.ports["eth1"].open[1] {
				t.Error("leader first: the leader waits for its follower, or the follower does not wait")
			}
			h.e.PreActiveDone(h.now, follower.Group, follower.Transition.ID, nil)
		}},
		{"follower first", func(h *host, leader, follower *run) {
			h.e.PreActiveDone(h.now, follower.Group, follower.Transition.ID, nil)
			if h.ports["eth1"].open[1] {
				t.Error("follower first: it did not wait for its leader")
			}
			h.e.PreActiveDone(h.now, leader.Group, leader.Transition.ID, nil)
		}},
	} {
		h := newHost(t, config).up("eth0", "eth1").until("wan", "Active")
		if len(h.runs) != 2 {
			t.Fatalf("%s: %d commands", tt.name, len(h.runs))
		}
		leader, follower := h.runs[0], h.runs[1]
		if leader.Transition.Group.String() != "hsrp:eth0:10" {
			leader, follower = follower, leader
		}
		tt.end(h, leader, follower)
		if !h.ports["eth1"].open[1] || !h.port.open[3] {
			t.Errorf("%s: not every gate is open", tt.name)
		}
	}
}

func TestFollowersLoseTheWaitWithTheirLeader(t *testing.T) {
	for _, lose := range []func(*host){
		func(h *host) { h.heard(hsrpFrame(hello.OpHello, hello.Active, better)) },
		func(h *host) { h.now = h.now.Add(time.Minute); h.e.Wake(h.now, 0) },
	} {
		h := newHost(t, preActive(followConfig, "500ms")).up("eth0", "eth1").until("wan", "Active").clear()
		lose(h)
		h.together(h.group("wan").Machine.State, "Listen")
		h.ended(nil)
		if got := slices.Concat(h.port.having("gate"), h.ports["eth1"].having("gate")); len(got) > 0 {
			t.Errorf("gates %q", got)
		}
		h.now = h.now.Add(2 * time.Second) // without a Wake; a wait would have asked for one
		h.e.Tick(h.now)
		if at, _ := h.e.Deadline(); !at.After(h.now) {
			t.Errorf("a wait that is over has a deadline %v ago", h.now.Sub(at))
		}
	}
}

func TestStatusTellsOfTheWait(t *testing.T) {
	h := waitingHSRP(t)
	begun := h.now
	h.run(100 * time.Millisecond)
	g := h.group("eth0:10")
	want := engine.Wait{Transition: g.Last.ID, Outcome: engine.Waiting, Since: begun, Waited: 100 * time.Millisecond, Left: 400 * time.Millisecond}
	if g.Wait != want || !g.Machine.Active.Local {
		t.Errorf("while it waits: %+v, want %+v", g.Wait, want)
	}
	want.Outcome, want.Left = engine.Succeeded, 0
	if g = h.ended(nil).group("eth0:10"); g.Wait != want {
		t.Errorf("afterwards: %+v, want %+v", g.Wait, want)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if g = h.group("eth0:10"); g.Wait != want || g.Last.ID == want.Transition {
		t.Errorf("after transition %d: %+v, want %+v", g.Last.ID, g.Wait, want)
	}
}

func TestDeadlineOfAWaitIsTheEngines(t *testing.T) {
	h := waitingVRRP(t) // advertises once a second
	at, armed := h.e.Deadline()
	if want := h.group("eth0:10").Since.Add(500 * time.Millisecond); !armed || !at.Equal(want) {
		t.Errorf("deadline %v (%t), want %v", at, armed, want)
	}
}
