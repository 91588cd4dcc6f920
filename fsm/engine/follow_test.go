package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// The followers come first in the file: their leader does not exist yet when
// they are read.
const followConfig = `
[[hsrp]]
interface = "eth1"
group = 20
name = "lan"
virtual_ips = ["192.0.2.2"]
follow = "wan"

[[hsrp]]
interface = "eth0"
group = 30
name = "dmz"
virtual_ips = ["192.0.2.3"]
follow = "wan"

[[hsrp]]
interface = "eth0"
group = 10
name = "wan"
virtual_ips = ["192.0.2.1"]
priority = 110
preempt = true
hello = "1s"
hold = "3s"
`

func followers(t *testing.T) *host {
	t.Helper()
	return newHost(t, followConfig).up("eth0", "eth1")
}

// together checks the states of all three groups.
func (h *host) together(leader, follower string) {
	h.t.Helper()
	h.state("wan", leader)
	h.state("lan", follower)
	h.state("dmz", follower)
}

func TestFollowersMoveInTheFlushOfTheirLeader(t *testing.T) {
	h := followers(t)
	h.together("Listen", "Listen")
	h.until("wan", "Active")
	h.together("Active", "Active")
	var made []time.Time
	for _, tr := range h.e.Transitions() {
		if tr.To == "Active" {
			made = append(made, tr.At)
		}
	}
	if len(made) != 3 || !made[0].Equal(made[2]) {
		t.Errorf("became active at %v, want all three at once", made)
	}
	if !h.ports["eth1"].open[1] || !h.port.open[2] || !h.port.open[3] {
		t.Error("not every gate is open")
	}

	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.together("Speak", "Listen")
	if len(h.ports["eth1"].open)+len(h.port.open) > 0 {
		t.Error("a gate stayed open")
	}
}

// The last run may have ended with the real address at the virtual MAC.
func TestEveryGroupThatStartsSaysWhereItsRealAddressIs(t *testing.T) {
	const real = "send real reply 192.0.2.10"
	h := followers(t)
	for _, name := range []string{"eth0", "eth1"} {
		if !slices.Contains(h.ports[name].log, real) {
			t.Errorf("%s: did %q", name, h.ports[name].log)
		}
	}
	v := newHost(t, vrrpConfig+"announce = { real_ip = \"on\" }\n").up("eth0")
	if !slices.Contains(v.port.log, real) {
		t.Errorf("VRRP: did %q", v.port.log)
	}
}

func TestFollowersCauseNamesTheLeadersLastMove(t *testing.T) {
	h := followers(t).until("wan", "Active")
	last := h.group("lan").Last
	if last.Cause != "leader" || !strings.Contains(last.Detail, "active-timer-expired") {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
}

func TestFollowersLinkTakesEverybodyAlong(t *testing.T) {
	h := followers(t).until("wan", "Active").clear()
	h.down("eth1")
	h.state("wan", "Init")
	h.state("lan", "Init")
	h.state("dmz", "Listen")
	if last := h.group("wan").Last; last.Cause != "interface-down" || !strings.Contains(last.Detail, "follower hsrp:eth1:20") {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	if !slices.Contains(h.port.log, "send virtual Resign Active") {
		t.Errorf("the leader did not resign: %q", h.port.log)
	}
	moves := h.moves
	h.down("eth1")
	h.up("eth0")
	if h.moves != moves {
		t.Error("news that change nothing moved somebody")
	}
	h.up("eth1").together("Listen", "Listen")
	if last := h.group("wan").Last; last.Cause != "interface-up" {
		t.Errorf("cause %s, want interface-up", last.Cause)
	}
}

func TestLeadersLinkTakesItsFollowersAlong(t *testing.T) {
	h := followers(t).until("wan", "Active")
	h.down("eth0")
	h.state("wan", "Init")
	h.state("lan", "Listen") // its own interface is fine
	h.state("dmz", "Init")
	if len(h.ports["eth1"].open) > 0 {
		t.Error("the follower's gate stayed open")
	}
}

func TestRefusedFollowerTakesItsLeaderAlong(t *testing.T) {
	h := followers(t)
	h.ports["eth1"].refuse = func(open []engine.Claim, _ []engine.ID) error {
		if len(open) > 0 {
			return errKernel
		}
		return nil
	}
	h.until("wan", "Init") // it was active within one flush
	if last := h.group("wan").Last; last.Cause != "acquire-failed" || last.From != "Active" {
		t.Errorf("%s from %s: %s", last.Cause, last.From, last.Detail)
	}
	if len(h.port.open) > 0 {
		t.Error("the others' gates stayed open")
	}
	if got := append(h.port.having("send virtual Hello"), h.port.having("send virtual reply")...); len(got) > 0 {
		t.Errorf("the leader had claimed the role: %q", got)
	}
	h.ports["eth1"].refuse = nil
	h.run(11900 * time.Millisecond)
	h.state("wan", "Init")
	h.run(200 * time.Millisecond) // the pause is three times what the others need to take over
	h.together("Listen", "Listen")
	h.until("wan", "Active").together("Active", "Active")
}

func TestFollowersLostLeaseTakesItsLeaderAlong(t *testing.T) {
	h := followers(t).until("wan", "Active").clear()
	h.ports["eth1"].lost = []engine.ID{1}
	h.run(2 * time.Second)
	h.together("Listen", "Listen")
	if !slices.Contains(h.port.log, "send virtual Resign Active") {
		t.Errorf("the leader kept the role: %q", h.port.log)
	}
}

func TestStallFencesFollowersInSilence(t *testing.T) {
	blocks := strings.SplitAfter(followConfig, "follow = \"wan\"\n")
	for _, config := range []string{followConfig, blocks[2] + blocks[0] + blocks[1]} { // the leader last and first
		h := newHost(t, config).up("eth0", "eth1").until("wan", "Active").run(10 * time.Second).clear()
		h.now = h.now.Add(time.Minute)
		h.e.Wake(h.now, 0)
		h.together("Listen", "Listen")
		if got := append(h.port.having("send"), h.ports["eth1"].having("send")...); len(got) > 0 {
			t.Errorf("said %q", got)
		}
	}
}

// Leases are renewed at other times on other interfaces.
func TestAStallThatOutlivesTheFollowersLeaseAloneIsSilentToo(t *testing.T) {
	alone := 0
	for gap := 3 * time.Second; gap < 5*time.Second; gap += 10 * time.Millisecond {
		h := followers(t).until("wan", "Active").run(10*time.Second + gap/10).clear()
		h.now = h.now.Add(gap)
		h.e.Wake(h.now, 0)
		if h.group("lan").Machine.State == "Active" {
			continue
		}
		alone++
		h.together("Listen", "Listen")
		if got := append(h.port.having("send"), h.ports["eth1"].having("send")...); len(got) > 0 {
			t.Fatalf("after %v: said %q", gap, got)
		}
	}
	if alone == 0 {
		t.Error("no stall was long enough")
	}
}

func TestFollowersLeaseIsItsLeaders(t *testing.T) {
	h := followers(t).until("wan", "Active")
	if got, want := h.ports["eth1"].leases[1], 4*time.Second; got != want {
		t.Errorf("lease %v, want hold and hello of the leader: %v", got, want)
	}
}

func TestStopEndsFollowersToo(t *testing.T) {
	h := followers(t).until("wan", "Active").clear()
	h.e.Stop(h.now)
	h.together("Init", "Init")
	if diff := cmp.Diff([]string{"gate +0 -1"}, h.ports["eth1"].having("gate")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
