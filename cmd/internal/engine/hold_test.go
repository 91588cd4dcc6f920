package engine

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

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
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

// heldHSRP is a host that has just become active after a Resign and waits for
// half a second at most.
func heldHSRP(t testing.TB) *host {
	t.Helper()
	h := newHost(t, preActive(hsrpConfig, "500ms")).up("eth0").standBy()
	h.clear().heard(hsrpFrame(hello.OpResign, hello.Active, better))
	h.state("eth0:10", "Active")
	return h
}

// heldVRRP is the same with a VRRP router.
func heldVRRP(t testing.TB) *host {
	t.Helper()
	h := newHost(t, preActive(vrrpConfig, "500ms")).up("eth0")
	h.heard(vrrpFrame(200))
	h.heard(vrrpFrame(0))
	for h.clear(); h.group("eth0:10").State != "Active"; h.run(time.Millisecond) {
	}
	return h
}

// virtual lists what left from the virtual MAC.
func (p *fakePort) virtual() []string { return p.having("send virtual") }

func TestHeldRouterSpeaksAtOnceAndFromItsOwnMAC(t *testing.T) {
	for _, tt := range []struct {
		name string
		host func(testing.TB) *host
		want []string
	}{
		{"hsrp", heldHSRP, []string{"send real Hello Active", "run hsrp:eth0:10"}},
		{"vrrp", heldVRRP, []string{"send real advert 110", "run vrrp:eth0:10"}},
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
		outcome string
		says    string
	}{
		{"exit status 0", func(h *host) { h.run(120 * time.Millisecond).ended(nil) }, 120 * time.Millisecond,
			status.Succeeded, "pre_active command ended; the address is taken after 120ms"},
		{"any other", func(h *host) { h.run(30 * time.Millisecond).ended(errKernel) }, 30 * time.Millisecond,
			status.Failed, "the kernel said no; the address is taken all the same after 30ms"},
		{"killed by its own deadline", func(h *host) { h.run(499 * time.Millisecond).ended(errDeadline) }, 499 * time.Millisecond,
			status.TimedOut, "killed: context deadline exceeded; the address is taken all the same after 499ms"},
		{"never", func(h *host) { h.run(500 * time.Millisecond) }, 500 * time.Millisecond,
			status.TimedOut, "pre_active command killed, not ended within 500ms: context deadline exceeded; the address is taken all the same after 500ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := heldHSRP(t)
			begun := h.now
			h.clear()
			tt.end(h)
			if got := h.port.having("gate"); len(got) != 1 {
				t.Fatalf("gates %q at the end of the wait", got)
			}
			taken := slices.Index(h.port.log, "gate +1 -0")
			want := []string{"gate +1 -0", "send virtual reply 192.0.2.10", "send virtual reply 192.0.2.1", "send virtual cisco reply 192.0.2.1", "address +1 -0"}
			if diff := cmp.Diff(want, h.port.log[taken:taken+len(want)]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tt.says}, h.told(eventHook)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			g := h.group("eth0:10")
			wait := &status.PreActive{Transition: g.LastTransition.ID, Outcome: tt.outcome, Since: begun, WaitedMS: tt.waited.Milliseconds()}
			if diff := cmp.Diff(wait, g.PreActive, cmpopts.IgnoreFields(status.PreActive{}, "Error")); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if (g.PreActive.Error == "") != (tt.outcome == status.Succeeded) {
				t.Errorf("error %q of outcome %s", g.PreActive.Error, tt.outcome)
			}
			h.clear().run(time.Second)
			if got := h.port.having("send virtual Hello Active"); len(got) == 0 || len(h.port.having("send real Hello")) > 0 {
				t.Errorf("afterwards %q, want hellos from the virtual MAC", h.port.log)
			}
		})
	}
}

func TestCommandIsKilledAtItsDeadline(t *testing.T) {
	h := heldHSRP(t).run(499 * time.Millisecond)
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
	h := heldHSRP(t).ended(nil)
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

func TestNothingIsAnsweredOrDefendedWhileTheAddressIsHeld(t *testing.T) {
	ask := arpFrame(uint16(garp.OpRequest), otherMAC, peer4, vip4)
	claim := arpFrame(uint16(garp.OpReply), otherMAC, vip4, vip4)
	h := heldHSRP(t).clear()
	h.heard(ask)
	h.heard(claim)
	h.e.Moved(h.now, []string{"eth0"}, "test")
	if h.run(10 * time.Millisecond); len(h.port.log) > 0 {
		t.Errorf("said %q", h.port.log)
	}
	for _, command := range []func() error{
		func() error { return h.e.Announce(h.now, "eth0:10") },
		func() error { return h.e.Verify(h.now, "eth0:10") },
	} {
		var refused *RefusedError
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
func TestHeldRouterAnswersAWorseActiveWithoutTheVirtualMAC(t *testing.T) {
	h := heldHSRP(t).clear()
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	h.run(10 * time.Millisecond)
	if diff := cmp.Diff([]string{"send real Coup Active"}, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who does not understand an advertisement claims the role as well.
func TestHeldRouterRepeatsItsAdvertisementInTheFormJustHeard(t *testing.T) {
	h := heldVRRP(t).clear()
	m := &hello.VRRP{Version: 3, VRID: 10, Priority: 100, Family: hello.IPv4, AdverInterval: time.Second, VirtualIPs: []netip.Addr{vip4}}
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, peer4, peerMAC)
	h.now = h.now.Add(time.Millisecond) // too soon for an answer of the machine
	h.heard(hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, m, "", hello.PseudoHeader, env.Src, env.Dst)))
	if diff := cmp.Diff([]string{"send real advert 110"}, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNeighborsAndHostsHearNothingOfAHeldIPv6Router(t *testing.T) {
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
			t.Errorf("said %q while the address was held", l)
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
		{"hsrp to a better router", heldHSRP, func(h *host) { h.heard(hsrpFrame(hello.OpHello, hello.Active, better)) },
			[]string{"send real Resign Speak", "send real Hello Speak", "send real reply 192.0.2.10"}},
		{"vrrp to a better router", heldVRRP, func(h *host) { h.heard(vrrpFrame(200)) }, nil},
		{"interface down", heldHSRP, func(h *host) { h.down("eth0") }, []string{"send real Resign Active"}},
		{"hsrp stop", heldHSRP, func(h *host) { h.e.Stop(h.now) }, []string{"send real Resign Active", "send real reply 192.0.2.10"}},
		{"vrrp stop", heldVRRP, func(h *host) { h.e.Stop(h.now) }, []string{"send real advert 0"}},
		{"stall", heldHSRP, func(h *host) { h.now = h.now.Add(time.Minute); h.e.Wake(h.now, 0) }, nil},
		{"suspended host", heldHSRP, func(h *host) { h.e.Wake(h.now, time.Minute) }, nil},
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
			if got := h.told(eventHook); len(got) != 1 || !strings.Contains(got[0], "the address was not taken") {
				t.Errorf("events %q", got)
			}
			if got := h.group("eth0:10").PreActive; got.Outcome != status.Cancelled || got.Transition != h.runs[0].Transition.ID {
				t.Errorf("status %+v", got)
			}
			h.ended(nil).run(time.Second) // the command was killed; its end is no news
			if got := slices.Concat(h.port.virtual(), h.port.having("gate"), h.port.having("address")); len(got) > 0 {
				t.Errorf("something of the role was there: %q", got)
			}
		})
	}
}

func TestStopWhileTheAddressIsHeldEndsAtOnce(t *testing.T) {
	for _, host := range []func(testing.TB) *host{heldHSRP, heldVRRP} {
		h := host(t)
		h.heard(hsrpFrame(hello.OpHello, hello.Standby)) // a successor does not make it stay
		if h.e.Stop(h.now); !h.e.Stopped() {
			t.Error("a router that serves nothing stays to serve")
		}
	}
}

func TestShortStallDoesNotCostTheRole(t *testing.T) {
	h := heldHSRP(t)
	h.now = h.now.Add(3500 * time.Millisecond) // the lease would be 4 s
	h.e.Wake(h.now, 0)
	h.e.Tick(h.now)
	h.state("eth0:10", "Active")
	if len(h.port.having("gate")) != 1 {
		t.Errorf("the time of the command is over, but %q", h.port.log)
	}
}

// The loop sleeps from hello to hello when nothing else is to be done.
func TestLeaseShorterThanAHelloTimeIsNoStallWhileTheAddressIsHeld(t *testing.T) {
	for _, tt := range []struct{ name, config string }{{"hsrp", hsrpConfig}, {"vrrp", vrrpConfig}} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, "[daemon]\nlease = \"500ms\"\n"+preActive(tt.config, "20s")).up("eth0").until("eth0:10", "Active")
			taken := h.group("eth0:10").LastTransition.ID
			if h.run(15 * time.Second); h.group("eth0:10").LastTransition.ID != taken {
				t.Errorf("%+v", h.group("eth0:10").LastTransition)
			}
			h.e.Wake(h.now.Add(501*time.Millisecond), 0)
			if last := h.group("eth0:10").LastTransition; last.Cause != string(fsm.CauseStalled) {
				t.Errorf("after a real stall: %+v", last)
			}
		})
	}
}

func TestSecondTermWaitsAnewAndTheFirstCommandsEndIsNoNews(t *testing.T) {
	h := heldHSRP(t)
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
	if len(h.runs)+len(h.told(eventHook)) > 0 || slices.Contains(h.port.log, "send real Hello Active") {
		t.Errorf("commands %d, %q, %q", len(h.runs), h.port.log, h.told(eventHook))
	}
	if st := h.group("eth0:10").PreActive; st != nil {
		t.Errorf("a wait is shown that never began: %+v", st)
	}
}

func TestTransitionSaysThatTheAddressIsHeld(t *testing.T) {
	h := heldHSRP(t)
	if tr := h.group("eth0:10").LastTransition; !tr.Held || h.runs[0].Transition.ID != tr.ID || !h.runs[0].Transition.Held {
		t.Errorf("transition %+v, command for %+v", tr, h.runs[0].Transition)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if tr := h.group("eth0:10").LastTransition; tr.Held {
		t.Errorf("%s to %s is held", tr.From, tr.To)
	}
}

func TestRefusedGateAfterTheWaitCostsTheRole(t *testing.T) {
	h := heldHSRP(t)
	h.port.refuse = func(open []Claim, shut []ID) error {
		if len(open) > 0 {
			return errKernel
		}
		return nil
	}
	h.ended(nil)
	if tr := h.group("eth0:10").LastTransition; tr.Cause != string(fsm.CauseAcquireFailed) {
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
	if st := h.group("lan").PreActive; st.Outcome != status.Waiting || st.Leader != "hsrp:eth0:10" || st.LeftMS == 0 {
		t.Errorf("status of a follower %+v", st)
	}
	if h.ended(errKernel); open() != 3 {
		t.Errorf("%d gates open, want all three", open())
	}
	if st := h.group("lan").PreActive; st.Outcome != status.Failed || st.Leader != "hsrp:eth0:10" {
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
		if leader.Ref != "hsrp:eth0:10" {
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
		h.together(h.group("wan").State, "Listen")
		h.ended(nil)
		if got := slices.Concat(h.port.having("gate"), h.ports["eth1"].having("gate")); len(got) > 0 || h.e.holds != (holds{}) {
			t.Errorf("gates %q, waits %+v", got, h.e.holds)
		}
	}
}

func TestExplainTellsOfTheWait(t *testing.T) {
	h := heldHSRP(t).run(100 * time.Millisecond)
	last := func() string {
		x, err := h.e.Explain(h.now, "eth0:10")
		if err != nil || len(x.Lines) > 5 {
			t.Fatalf("%v, %d lines", err, len(x.Lines))
		}
		return x.Lines[len(x.Lines)-1]
	}
	if want := "Now: state Active, active router local; the address waits for the pre_active command, 400ms at most."; last() != want {
		t.Errorf("while it waits: %q, want %q", last(), want)
	}
	h.ended(nil)
	if want := "; the address was taken 100ms later, when the pre_active command had ended."; !strings.HasSuffix(last(), want) {
		t.Errorf("afterwards: %q, want %q at the end", last(), want)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if strings.Contains(last(), "pre_active") {
		t.Errorf("another transition: %q", last())
	}
}

func TestDeadlineOfAHeldGroupIsTheEngines(t *testing.T) {
	h := heldVRRP(t) // advertises once a second
	at, armed := h.e.Deadline()
	if want := h.group("eth0:10").Since.Add(500 * time.Millisecond); !armed || !at.Equal(want) {
		t.Errorf("deadline %v (%t), want %v", at, armed, want)
	}
	if got := h.e.speaking.Len(); got != 1 {
		t.Errorf("%d groups are served before the others, want the one that speaks as active", got)
	}
}
