package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

func TestStoppedVRRPServesUntilItsSuccessorIsHeard(t *testing.T) {
	h := vrrpActive(t)
	h.e.Stop(h.now)
	if diff := cmp.Diff([]string{"send virtual advert 0"}, h.port.having("send")); diff != "" {
		t.Errorf("at the stop (-want +got):\n%s", diff)
	}
	h.clear().run(300 * time.Millisecond)
	h.heard(arpFrame(uint16(garp.OpRequest), peerMAC, peer4, vip4))
	if got := h.port.having("send"); len(got) != 1 || h.e.Stopped() {
		t.Errorf("before the successor: %q, stopped %t; want the answer to the request", got, h.e.Stopped())
	}
	h.clear().heard(vrrpFrame(100))
	h.run(0)
	if diff := cmp.Diff([]string{"gate +0 -1", "address +0 -1"}, h.port.log); diff != "" {
		t.Errorf("with the successor (-want +got):\n%s", diff)
	}
	h.e.Tick(h.now)
	if !h.e.Stopped() {
		t.Error("not stopped")
	}
}

func TestStoppedVRRPWithoutASuccessorLetsGo(t *testing.T) {
	h := vrrpActive(t)
	h.e.Stop(h.now)
	h.heard(vrrpFrame(0)) // another one that resigns takes nothing over
	h.run(engine.FarewellMost - time.Millisecond)
	if len(h.port.having("gate")) > 0 {
		t.Errorf("let go too early: %q", h.port.log)
	}
	h.run(time.Millisecond)
	if got := h.port.having("gate"); len(got) != 1 || !h.e.Stopped() {
		t.Errorf("gates %q, stopped %t", got, h.e.Stopped())
	}
}

// The answer would turn the switches back from the successor.
func TestStallDuringTheFarewellEndsIt(t *testing.T) {
	h := vrrpActive(t)
	h.e.Stop(h.now)
	h.now = h.now.Add(6 * time.Second) // the lease is 5 s
	h.clear().e.Wake(h.now, 0)
	h.heard(arpFrame(uint16(garp.OpRequest), peerMAC, peer4, vip4))
	if got := h.port.having("send"); len(got) > 0 {
		t.Errorf("said %q", got)
	}
	if h.e.Tick(h.now); !h.e.Stopped() {
		t.Error("not stopped")
	}
}

func TestStoppedHSRPServesUntilItsStandbyIsActive(t *testing.T) {
	h := hsrpActive(t)
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	h.clear().e.Stop(h.now)
	if len(h.port.having("gate")) > 0 {
		t.Errorf("the gate was shut before the standby was active: %q", h.port.log)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	if len(h.port.having("gate")) > 0 {
		t.Error("a standby's hello was taken for an active one's")
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	if got := h.port.having("gate"); len(got) != 1 {
		t.Errorf("gates %q", got)
	}
}

func TestStoppedHSRPWithoutAStandbyIsGoneAtOnce(t *testing.T) {
	h := hsrpActive(t)
	h.e.Stop(h.now)
	if !h.e.Stopped() || len(h.port.having("gate")) != 1 {
		t.Errorf("stopped %t, did %q", h.e.Stopped(), h.port.log)
	}
}

func TestWhoHasResignedClaimsNothing(t *testing.T) {
	h := vrrpActive(t)
	h.e.Stop(h.now)
	h.clear()
	h.e.Moved(h.now, []string{"eth0"}, "a new path")
	if err := h.e.Announce(h.now, engine.Caller{}, "eth0:10"); err == nil {
		t.Error("announced after resigning")
	}
	h.run(900 * time.Millisecond)
	if got := h.port.having("send"); len(got) > 0 {
		t.Errorf("sent %q after resigning", got)
	}
}

func TestFollowersStayAsLongAsTheirLeader(t *testing.T) {
	h := followers(t).until("wan", "Active")
	h.heard(hsrpFrame(hello.OpHello, hello.Standby, func(m *hello.HSRP, _ *hello.Envelope) { m.Group = h.group("wan").Number }))
	leader := h.group("wan").Interface
	if !h.group("wan").Machine.Standby.Known {
		t.Fatalf("the leader on %s has heard no standby", leader)
	}
	h.clear().e.Stop(h.now)
	for name, p := range h.ports {
		if got := p.having("gate"); len(got) > 0 {
			t.Errorf("%s let go at once: %q", name, got)
		}
	}
	h.run(2 * engine.FarewellMost)
	for name, p := range h.ports {
		if got := p.having("gate"); len(got) != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestEachStoppedRouterLetsGoInItsOwnTime(t *testing.T) {
	h := newHost(t, manyVRRP(1, 1, "advertise = \"100ms\"")+manyVRRP(2, 1, "advertise = \"500ms\"")).up("eth0").
		until("eth0:2", "Active").run(time.Second).clear()
	h.e.Stop(h.now)
	for _, step := range []struct {
		after time.Duration
		open  map[engine.ID]bool
	}{
		{140 * time.Millisecond, map[engine.ID]bool{1: true, 2: true}},
		{20 * time.Millisecond, map[engine.ID]bool{2: true}},
		{380 * time.Millisecond, map[engine.ID]bool{2: true}},
		{20 * time.Millisecond, map[engine.ID]bool{}},
	} {
		h.run(step.after)
		if diff := cmp.Diff(step.open, h.port.open); diff != "" {
			t.Errorf("gates after another %v (-want +got):\n%s", step.after, diff)
		}
	}
	if !h.e.Stopped() {
		t.Error("the engine goes on though nothing is left")
	}
}

// Switches have seen the virtual MAC here only while the gate was open: a
// resignation from there without it would turn them for nothing.
func TestResignationLeavesFromTheMACThatTheGroupWasSeenAt(t *testing.T) {
	refused := func(t testing.TB) *host {
		h := newHost(t, vrrpConfig).up("eth0").run(3 * time.Second).clear()
		h.port.refuse = func(open []engine.Claim, _ []engine.ID) error {
			if len(open) > 0 {
				return errKernel
			}
			return nil
		}
		return h
	}
	for _, tt := range []struct {
		name string
		host func(testing.TB) *host
		do   func(*host)
		want string
	}{
		{"refused gate", refused, func(h *host) { h.run(time.Second) }, "send real advert 0"},
		{"stopped with the address", vrrpActive, func(h *host) { h.e.Stop(h.now) }, "send virtual advert 0"},
		{"stopped while the address waits", waitingVRRP, func(h *host) { h.clear().e.Stop(h.now) }, "send real advert 0"},
		{"address that could not be added", vrrpActive, func(h *host) { h.e.Addressed(h.now, h.port.round, []engine.ID{1}, errKernel) }, "send virtual advert 0"},
		{"interface down", vrrpActive, func(h *host) { h.down("eth0") }, "send virtual advert 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.host(t)
			tt.do(h)
			if diff := cmp.Diff([]string{tt.want}, h.port.having("send")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
