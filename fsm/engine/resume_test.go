package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// asked is how long the questions take after which a role is resumed.
const asked = 120 * time.Millisecond

// crashed starts an engine whose interface has the gate of a process that has died,
// open for left.
func crashed(t *testing.T, toml string, left time.Duration) *host {
	t.Helper()
	h := newHost(t, toml)
	h.port.open[1], h.port.addrs[1] = true, true
	h.e.Found(h.now, 1, left)
	return h.up("eth0")
}

// resumed fails unless the group has its role again, with the gate open all the while.
func (h *host) resumed(cause fsm.Cause) {
	h.t.Helper()
	h.state("eth0:10", "Active")
	if got := h.group("eth0:10").Last.Cause; got != cause {
		h.t.Errorf("cause %q, want %q", got, cause)
	}
	if i := slices.IndexFunc(h.port.log, func(s string) bool { return strings.HasPrefix(s, "gate ") }); i < 0 || h.port.log[i] != "gate +1 -0" {
		h.t.Errorf("did %q, want one gate that opens", h.port.log)
	}
}

// Nobody answers: after three questions the role is resumed, with a hello and the
// announcements of a takeover.
func TestRoleOfADeadProcessIsResumed(t *testing.T) {
	for name, tt := range map[string]struct{ config, waits, hello string }{
		"HSRP": {hsrpConfig, "Listen", "send virtual Hello Active"},
		"VRRP": {vrrpConfig, "Backup", "send virtual advert 110"},
	} {
		t.Run(name, func(t *testing.T) {
			h := crashed(t, tt.config, 2*time.Second)
			h.run(asked - time.Millisecond)
			h.state("eth0:10", tt.waits)
			if got := h.port.having("send real probe"); len(got) != 3 || len(h.port.having("send virtual")) > 0 || len(h.port.having("gate")) > 0 {
				t.Errorf("did %q, want three questions", h.port.log)
			}
			h.run(time.Millisecond)
			h.resumed(fsm.CauseResumed)
			if len(h.port.having(tt.hello)) != 1 || len(h.port.having("send virtual reply")) == 0 {
				t.Errorf("said %q", h.port.log)
			}
			h.run(time.Minute)
			h.resumed(fsm.CauseResumed)
		})
	}
}

// Whoever may have the role by now keeps it, and what was found goes at once.
func TestRoleIsNotResumedWhereSomebodyElseMayHaveIt(t *testing.T) {
	virtual := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	worse := func(m *hello.HSRP, _ *hello.Envelope) { m.Priority = 50 }
	for name, tt := range map[string]struct {
		left time.Duration
		then func(*host)
	}{
		"an answer":                 {2 * time.Second, func(h *host) { h.heard(arpFrame(uint16(garp.OpReply), virtual, vip4, own4)) }},
		"an answer by a stranger":   {2 * time.Second, func(h *host) { h.heard(arpFrame(uint16(garp.OpReply), otherMAC, vip4, own4)) }},
		"a hello of a worse router": {2 * time.Second, func(h *host) { h.heard(hsrpFrame(hello.OpHello, hello.Active, worse)) }},
		"a Coup of a worse router":  {2 * time.Second, func(h *host) { h.heard(hsrpFrame(hello.OpCoup, hello.Standby, worse)) }},
		"the link":                  {2 * time.Second, func(h *host) { h.down("eth0"); h.run(time.Millisecond); h.up("eth0") }},
		"the lease":                 {asked - 10*time.Millisecond, func(*host) {}},
	} {
		t.Run(name, func(t *testing.T) {
			h := crashed(t, strings.Replace(hsrpConfig, "preempt = true", "", 1), tt.left)
			h.run(50 * time.Millisecond)
			tt.then(h)
			h.run(asked)
			if got := h.group("eth0:10").Machine.State; got == "Active" {
				t.Error("resumed")
			}
			if h.port.open[1] || h.port.addrs[1] || len(h.port.having("send virtual")) > 0 {
				t.Errorf("did %q, want gate and addresses given back", h.port.log)
			}
		})
	}
}

// A standby router that says so does not have the role.
func TestRoleIsResumedBesideAStandbyRouter(t *testing.T) {
	h := crashed(t, hsrpConfig, 2*time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	h.run(asked)
	h.resumed(fsm.CauseResumed)
}

// A group that is in maintenance takes up nothing, neither then nor when it comes back.
func TestMaintenanceIsNotResumed(t *testing.T) {
	h := newHost(t, hsrpConfig, func(o *engine.Options) { o.Maintenance = engine.Maintenance{All: &byRoot} })
	h.e.Found(h.now, 1, 2*time.Second)
	h.up("eth0").run(time.Second)
	h.state("eth0:10", "Init")
	h.maintenance(false)
	h.run(2 * time.Second)
	h.state("eth0:10", "Listen")
}

// The delays are for a host that boots, or an interface that comes up.
func TestResumptionIsNotDelayed(t *testing.T) {
	h := crashed(t, hsrpConfig+"delay = { minimum = \"5s\", reload = \"60s\" }\n", 2*time.Second)
	h.run(asked)
	h.resumed(fsm.CauseResumed)
	h.down("eth0")
	h.up("eth0").run(time.Second)
	h.state("eth0:10", "Init")
}

// Followers take up their addresses with their leader.
func TestFollowersResumeWithTheirLeader(t *testing.T) {
	h := newHost(t, strings.Replace(hsrpConfig, "group = 10", "group = 10\nname = \"lead\"", 1)+"[[hsrp]]\ninterface = \"eth0\"\ngroup = 11\nvirtual_ips = [\"192.0.2.2\"]\nfollow = \"lead\"\n")
	h.e.Found(h.now, 1, 2*time.Second)
	h.e.Found(h.now, 2, 2*time.Second)
	h.up("eth0").run(asked)
	h.state("eth0:10", "Active")
	h.state("eth0:11", "Active")
	if got := h.port.having("gate"); len(got) != 1 || got[0] != "gate +2 -0" {
		t.Errorf("gates %q, want both in one transaction", got)
	}
}

// Nor do they keep what their leader gives back.
func TestFollowersGiveBackWithTheirLeader(t *testing.T) {
	h := newHost(t, followConfig)
	h.e.Found(h.now, 1, 2*time.Second)
	h.e.Found(h.now, 3, 2*time.Second)
	h.up("eth0", "eth1").clear()
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	for name, p := range h.ports {
		if got := p.having("gate"); len(got) != 1 || got[0] != "gate +0 -1" {
			t.Errorf("%s: gates %q, want it shut", name, got)
		}
	}
}

// The first gate that is opened replaces all that were found, so they are opened
// together, however many there are.
func TestManyRolesAreResumedTogether(t *testing.T) {
	const groups = 100
	var b strings.Builder
	for n := range groups {
		fmt.Fprintf(&b, "[[vrrp]]\ninterface = \"eth0\"\nvrid = %d\nvirtual_ips = [\"192.0.2.%d\"]\n", n+1, n+100)
	}
	h := newHost(t, b.String())
	for n := range groups {
		h.e.Found(h.now, engine.ID(n+1), 2*time.Second)
	}
	h.up("eth0").run(time.Second)
	if got := h.port.having("gate"); len(got) != 1 || got[0] != "gate +100 -0" {
		t.Errorf("gates %q, want one transaction", got)
	}
	claim := slices.IndexFunc(h.port.log, func(s string) bool { return strings.HasPrefix(s, "gate") })
	asked := 0
	for _, s := range h.port.log[:max(claim, 0)] {
		if strings.HasPrefix(s, "send real probe") {
			asked++
		}
	}
	if asked != 3*groups {
		t.Errorf("%d questions before the first gate, want %d", asked, 3*groups)
	}
}
