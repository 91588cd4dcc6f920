package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

var errStuck = errors.New("no buffer space available")

// Who claims the role unheard stops when the others have stopped waiting.
func TestRouterWhoseMessagesDoNotLeaveStepsAside(t *testing.T) {
	for name, tt := range map[string]struct {
		config, idle string
		hold         time.Duration
	}{
		"hsrp":   {hsrpConfig, "Init", 3 * time.Second},
		"vrrp":   {vrrpConfig, "Initialize", 4 * time.Second},
		"vrrpv2": {vrrpConfig + "version = 2\n", "Initialize", 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
			h.port.fail(errStuck)
			h.run(tt.hold - 1100*time.Millisecond)
			h.state("eth0:10", "Active")
			h.run(2200 * time.Millisecond)
			h.state("eth0:10", tt.idle)
			if why := h.group("eth0:10").Obstacle; why != "no message leaves eth0: no buffer space available" {
				t.Errorf("obstacle %q", why)
			}
			if len(h.port.open)+len(h.port.addrs) != 0 {
				t.Error("gate or address remain")
			}
			if moved := len(h.told(engine.KindTransition)); moved != 1 {
				t.Errorf("%d transitions", moved)
			}
			h.port.fail(nil)
			h.run(time.Minute)
			h.state("eth0:10", "Active")
			if why := h.group("eth0:10").Obstacle; why != "" {
				t.Errorf("obstacle %q", why)
			}
		})
	}
}

// An interface that comes up again is tried at once, however long the pause.
func TestInterfaceThatComesUpIsTriedAtOnce(t *testing.T) {
	h := hsrpActive(t)
	h.port.fail(errStuck)
	h.run(time.Hour)
	h.port.fail(nil)
	h.down("eth0")
	h.run(time.Second).up("eth0").run(0)
	if why := h.group("eth0:10").Obstacle; why != "" {
		t.Errorf("obstacle %q", why)
	}
}

// A message that leaves in time makes up for those that did not.
func TestRouterThatIsHeardInTimeKeepsTheRole(t *testing.T) {
	h := hsrpActive(t)
	for range 20 {
		h.port.fail(errStuck)
		h.run(2 * time.Second)
		h.port.fail(nil)
		h.run(time.Second)
	}
	h.state("eth0:10", "Active")
	if moved := h.told(engine.KindTransition); len(moved) != 0 {
		t.Errorf("%q", moved)
	}
}

// Long after its last message a router that claims the role may lose the first
// two, each time.
func TestFirstMessagesMayBeLost(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0")
	for range 2 {
		h.port.fail(errStuck)
		h.until("eth0:10", "Active").run(1500 * time.Millisecond)
		h.port.fail(nil)
		h.run(10*time.Second).state("eth0:10", "Active")
		for range 20 {
			h.heard(vrrpFrame(200))
			h.run(time.Second)
		}
		h.state("eth0:10", "Backup")
		if why := h.group("eth0:10").Obstacle; why != "" {
			t.Errorf("obstacle %q", why)
		}
	}
	// Backup, Active, Backup, Active, Backup.
	if moved := h.told(engine.KindTransition); len(moved) != 5 {
		t.Errorf("%q", moved)
	}
}

// One that tries again while still nothing leaves does not stay for as long as
// the first time, and tries less and less.
func TestRouterThatIsStillUnheardGivesTheRoleBackAtOnce(t *testing.T) {
	h := hsrpActive(t)
	h.port.fail(errStuck)
	h.run(5 * time.Second)
	var served time.Duration
	attempts := 0
	for range 4 * 3600 {
		h.clear().run(time.Second)
		for _, ev := range h.events {
			if ev.Kind == engine.KindTransition && ev.Transition.To == "Active" {
				attempts++
			}
		}
		if h.group("eth0:10").Machine.State == "Active" {
			served += time.Second
		}
	}
	if attempts < 10 || attempts > 40 || served > 0 {
		t.Errorf("active %d times in 4 hours, for %v", attempts, served)
	}
}

// A standby that nobody hears does not stand in anybody's way.
func TestStandbyWhoseMessagesDoNotLeaveStays(t *testing.T) {
	h := newHost(t, hsrpConfig).up("eth0")
	better := hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.Priority = 200 })
	h.port.fail(errStuck)
	for range 30 {
		h.heard(better)
		h.run(time.Second)
	}
	h.state("eth0:10", "Standby")
}

// The way to a named peer is not the way to the hosts.
func TestRouterThatDoesNotReachItsPeersKeepsTheRole(t *testing.T) {
	h := newHost(t, vrrpConfig+"peers = [\"192.0.2.11\"]\n").up("eth0").until("eth0:10", "Active").clear()
	h.port.sendErr = errors.New("network is unreachable")
	before := h.group("eth0:10").Counters.Sent
	h.run(time.Minute)
	h.state("eth0:10", "Active")
	if sent := h.group("eth0:10").Counters.Sent; sent != before {
		t.Errorf("%d messages count as sent", sent-before)
	}
}
