package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

var operator = engine.Caller{Known: true, UID: 1000, PID: 4343}

// handOver begins a hand-over that nobody answers, and lets it come to its Resign.
func (h *host) handOver(ref string) *host {
	h.t.Helper()
	if err := h.e.Handover(h.now, operator, ref, engine.HandoverOptions{}); err != nil {
		h.t.Fatal(err)
	}
	for end := h.now.Add(5 * time.Second); h.handover(ref).State == engine.HandoverAsking; h.clear().run(time.Millisecond) {
		if h.now.After(end) {
			h.t.Fatal("asks for ever")
		}
	}
	return h
}

func (h *host) handover(ref string) engine.Handover {
	h.t.Helper()
	v, err := h.e.Handovers(ref)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// fromVirtual has a frame of the peer leave from the virtual MAC, which says that it
// serves.
func fromVirtual(frame []byte) []byte {
	mac := hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 10)
	copy(frame[6:], mac[:])
	return frame
}

// This router goes on serving until the standby one is active, and leaves it the role
// though it is the better one and preempts.
func TestHandoverIsAResignThatServesOn(t *testing.T) {
	for _, tt := range []struct {
		name     string
		host     *host
		resigned string
		taken    func() []byte
		idle     string
	}{
		{"hsrp", hsrpActive(t), "send virtual Resign Active", func() []byte { return hsrpFrame(hello.OpHello, hello.Active) }, "Listen"},
		{"vrrp", vrrpActive(t), "send virtual advert 0", func() []byte { return vrrpFrame(100) }, "Backup"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.host
			h.heard(hsrpFrame(hello.OpHello, hello.Standby))
			h.clear().handOver("eth0:10")
			if got := h.port.having("send virtual"); len(got) != 1 || got[0] != tt.resigned {
				t.Errorf("said %q, want %q", got, tt.resigned)
			}
			h.clear().run(100 * time.Millisecond)
			h.heard(arpFrame(uint16(garp.OpRequest), peerMAC, peer4, vip4))
			if got := h.port.having("send virtual"); len(got) != 1 || len(h.port.having("gate")) > 0 {
				t.Errorf("before the successor: %q, want the answer to the request alone", h.port.log)
			}
			h.heard(arpFrame(2, peerMAC, vip4, vip4)) // it is announced before it is said
			if n := h.group("eth0:10").Counters.Conflicts; n > 0 {
				t.Errorf("%d conflicts with the successor", n)
			}
			h.clear().heard(tt.taken())
			if got := h.port.having("gate"); len(got) != 1 || got[0] != "gate +0 -1" {
				t.Errorf("with the successor: %q", got)
			}
			if v := h.handover("eth0:10"); v.State != engine.HandoverDone || v.To != peer4 {
				t.Errorf("%+v", v)
			}
			for range 10 {
				h.run(time.Second)
				h.heard(tt.taken())
			}
			if g := h.group("eth0:10"); g.Machine.Role == fsm.Active || !g.Yielded {
				t.Errorf("in %s, yielded %t: it preempts the one to whom it handed over", g.Machine.State, g.Yielded)
			}
			if err := h.e.SetPriority(h.now, operator, "eth0:10", -1); err != nil {
				t.Fatal(err)
			}
			for range 10 {
				h.heard(tt.taken())
				h.run(time.Second)
			}
			h.state("eth0:10", "Active")
		})
	}
}

func TestARoleThatNobodyTakesComesBack(t *testing.T) {
	quick := newHost(t, vrrpConfig+"advertise = \"200ms\"\n").up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
	for name, h := range map[string]*host{"hsrp": hsrpActive(t), "vrrp": vrrpActive(t), "vrrp, whose timer is faster": quick} {
		t.Run(name, func(t *testing.T) {
			h.heard(hsrpFrame(hello.OpHello, hello.Standby))
			h.clear().handOver("eth0:10").run(5 * time.Second)
			if g := h.group("eth0:10"); g.Machine.Role != fsm.Active || g.Yielded || g.Last.Cause != fsm.CauseTakenBack && h != quick {
				t.Errorf("in %s for %s, yielded %t", g.Machine.State, g.Last.Cause, g.Yielded)
			}
			if got := h.port.having("gate"); len(got) > 0 {
				t.Errorf("the address was left: %q", got)
			}
			if v := h.handover("eth0:10"); v.State != engine.HandoverRolledBack || v.Reason != "nobody has taken the role" {
				t.Errorf("%+v", v)
			}
			if got := h.port.having("send virtual reply"); len(got) == 0 && name == "hsrp" {
				t.Errorf("not announced: %q", h.port.log)
			}
		})
	}
}

func TestHandoverIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		host *host
		ref  string
		want string
	}{
		{"no standby router", hsrpActive(t), "eth0:10", "no standby router is heard: nobody would take it over"},
		{"not active", newHost(t, hsrpConfig).up("eth0"), "eth0:10", "it is not active here (state Listen)"},
		{"an owner", newHost(t, strings.Replace(vrrpConfig, "110", "255", 1)).up("eth0").run(time.Second), "eth0:10",
			"this router owns the address (priority 255): another one never has it for long"},
		{"its address waits", waitingVRRP(t), "eth0:10", "its address is not taken yet: it waits for the pre_active command"},
		{"a follower", followers(t).until("wan", "Active"), "lan", "it follows wan: hand that over, and it comes along"},
		{"twice", vrrpActive(t).handOver("eth0:10"), "eth0:10", "a hand-over is under way already"},
		{"no such group", hsrpActive(t), "eth0:99", "no such group"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := tt.host.moves
			err := tt.host.e.Handover(tt.host.now, operator, tt.ref, engine.HandoverOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if tt.host.moves != before {
				t.Error("something moved")
			}
		})
	}
}

// Groups that follow go with their leader, serve as long as it does, and come back
// with it.
func TestFollowersAreHandedOverWithTheirLeader(t *testing.T) {
	for _, taken := range []bool{false, true} {
		h := followers(t).until("wan", "Active")
		number := func(m *hello.HSRP, _ *hello.Envelope) { m.Group = h.group("wan").Number }
		h.heard(hsrpFrame(hello.OpHello, hello.Standby, number))
		h.run(time.Second).clear().handOver("wan")
		h.together("Listen", "Listen")
		for name, p := range h.ports {
			if got := p.having("gate"); len(got) > 0 {
				t.Errorf("%s let go at once: %q", name, got)
			}
		}
		if taken {
			h.heard(hsrpFrame(hello.OpHello, hello.Active, number))
			if gates := h.ports["eth0"].gates + h.ports["eth1"].gates; gates != 2 {
				t.Errorf("%d gates moved, want those of both interfaces", gates)
			}
			continue
		}
		h.run(5 * time.Second)
		h.together("Active", "Active")
		for name, p := range h.ports {
			if got := p.having("gate"); len(got) > 0 {
				t.Errorf("%s let go: %q", name, got)
			}
		}
	}
}

// What stops a group in the middle of a hand-over stops the serving as well, at the
// end of its time.
func TestAHandoverIsCutShort(t *testing.T) {
	for name, cut := range map[string]func(*host){
		"by the interface": func(h *host) { h.down("eth0"); h.run(5 * time.Second) },
		"by a stop":        func(h *host) { h.e.Stop(h.now); h.run(5 * time.Second) },
		"by a stall":       func(h *host) { h.now = h.now.Add(time.Minute); h.e.Wake(h.now, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			h := vrrpActive(t).handOver("eth0:10")
			cut(h)
			if v := h.handover("eth0:10"); v.State != engine.HandoverRolledBack || !strings.HasPrefix(v.Reason, "nobody has taken the role, and this router could not go on serving") {
				t.Errorf("%+v", v)
			}
			if len(h.port.open) > 0 {
				t.Error("the gate is open")
			}
		})
	}
}

// A successor whose address waits for its command speaks from its interface's MAC.
// Whoever loses to it serves until it speaks from the virtual one.
func TestTheAddressStaysWhileTheSuccessorsWaits(t *testing.T) {
	waiting := preActive(vrrpConfig, "500ms")
	active := func() *host {
		return newHost(t, waiting).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
	}
	for _, tt := range []struct {
		name string
		lose func(*host)
	}{
		{"handed over", func(h *host) { h.handOver("eth0:10").heard(vrrpFrame(100)) }},
		{"preempted", func(h *host) { h.heard(vrrpFrame(200)) }},
		{"stopped", func(h *host) { h.e.Stop(h.now); h.heard(vrrpFrame(100)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := active()
			tt.lose(h)
			h.run(300 * time.Millisecond)
			if got := h.port.having("gate"); len(got) > 0 {
				t.Fatalf("let go before the successor serves: %q", got)
			}
			h.heard(fromVirtual(vrrpFrame(200)))
			if diff := cmp.Diff([]string{"gate +0 -1"}, h.port.having("gate")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run(tt.name+", for ever", func(t *testing.T) {
			h := active()
			tt.lose(h)
			h.run(time.Second)
			if diff := cmp.Diff([]string{"gate +0 -1"}, h.port.having("gate")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			h.state("eth0:10", map[bool]string{false: "Backup", true: "Initialize"}[tt.name == "stopped"])
		})
	}
	t.Run("without a command nothing is waited for", func(t *testing.T) {
		h := vrrpActive(t)
		h.heard(vrrpFrame(200))
		if diff := cmp.Diff([]string{"gate +0 -1"}, h.port.having("gate")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
