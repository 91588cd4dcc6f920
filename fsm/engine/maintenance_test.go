package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

var byRoot = engine.Leave{Since: t0, By: "root, uid 0"}

const maintained = "maintenance is on since 2026-03-01 12:00:00 UTC, by root, uid 0"

// maintenance gives the word and returns what would have been stored.
func (h *host) maintenance(on bool, groups ...string) engine.Maintenance {
	h.t.Helper()
	o, err := h.e.OrderMaintenance(on, operator, groups, byRoot)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.e.Maintain(h.now, o); err != nil {
		h.t.Fatal(err)
	}
	return o.After
}

// restarted is the host after a crash, with what was stored.
func (h *host) restarted(toml string, m engine.Maintenance) *host {
	h.t.Helper()
	return newHost(h.t, toml, func(o *engine.Options) { o.Maintenance = m }).up("eth0")
}

// idle is the first state of a group.
func idle(config string) string {
	if strings.Contains(config, "vrrp") {
		return "Initialize"
	}
	return "Init"
}

// active has a peer that would take over, which is heard.
func activeWithAPeer(t *testing.T, config string) *host {
	h := newHost(t, config).up("eth0").until("eth0:10", "Active").run(10 * time.Second)
	if strings.Contains(config, "hsrp") {
		h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	}
	return h.clear()
}

// peerServes is a message of the other router, which is active.
func peerServes(config string) []byte {
	if strings.Contains(config, "vrrp") {
		return vrrpFrame(100)
	}
	return hsrpFrame(hello.OpHello, hello.Active)
}

var bothProtocols = []struct{ name, config string }{{"HSRP", hsrpConfig}, {"VRRP", vrrpConfig}}

func TestMaintenanceHandsOverAndLeaves(t *testing.T) {
	for _, tt := range bothProtocols {
		t.Run(tt.name, func(t *testing.T) {
			h := activeWithAPeer(t, tt.config)
			h.maintenance(true)
			if g := h.group("eth0:10"); g.Leave == nil || !g.Departing || len(h.port.having("gate")) > 0 {
				t.Errorf("leave %v, departing %t, gates %q: the successor has not been heard", g.Leave, g.Departing, h.port.having("gate"))
			}
			h.run(1100 * time.Millisecond).heard(peerServes(tt.config))
			h.run(0)
			if g := h.group("eth0:10"); g.StandIn != peer4 {
				t.Errorf("%s serves, want %s", g.StandIn, peer4)
			}
			h.run(10 * time.Second)
			g := h.group("eth0:10")
			if g.Machine.State != idle(tt.config) || g.Obstacle != maintained || g.Departing || len(h.port.open) > 0 {
				t.Errorf("in %s (%s), departing %t, open gates %v", g.Machine.State, g.Obstacle, g.Departing, h.port.open)
			}
			if how := h.handover("eth0:10"); how.State != engine.HandoverDone {
				t.Errorf("the hand-over: %s", how)
			}
			if g.Last.Cause != fsm.CauseMaintenance {
				t.Errorf("cause %s", g.Last.Cause)
			}
			if got := h.told(engine.KindCommand); len(got) == 0 || got[0] != "maintenance on, by uid 1000 (pid 4343)" {
				t.Errorf("commands %q", got)
			}
			h.clear().run(time.Minute)
			if said := h.port.having("send"); len(said) > 0 {
				t.Errorf("in maintenance it said %q", said)
			}
		})
	}
}

// A router whose successor could take the role and does not goes all the same: as at a
// stop, which serves on for a while.
func TestMaintenanceWithoutASuccessorIsAResignation(t *testing.T) {
	for _, tt := range bothProtocols {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
			h.maintenance(true)
			h.run(20 * time.Second)
			h.state("eth0:10", idle(tt.config))
			if len(h.port.open) > 0 {
				t.Errorf("open gates %v", h.port.open)
			}
		})
	}
}

// Who cannot hand over resigns as at a stop: it serves for as long as a successor needs.
func TestMaintenanceOfAnOwnerIsAResignationThatServesOn(t *testing.T) {
	h := newHost(t, strings.NewReplacer("192.0.2.1", "192.0.2.10", "priority = 110", "priority = 255").Replace(vrrpConfig)).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
	h.maintenance(true)
	if diff := cmp.Diff([]string{"send virtual advert 0"}, h.port.having("send")); diff != "" {
		t.Errorf("at the order (-want +got):\n%s", diff)
	}
	if g := h.group("eth0:10"); !g.Departing || g.Machine.State != "Initialize" {
		t.Errorf("in %s, departing %t", g.Machine.State, g.Departing)
	}
	h.run(engine.FarewellMost - time.Millisecond)
	if got := h.port.having("gate"); len(got) > 0 {
		t.Errorf("let go too early: %q", got)
	}
	h.run(time.Millisecond)
	if g := h.group("eth0:10"); g.Departing || len(h.port.open) > 0 {
		t.Errorf("departing %t, open gates %v", g.Departing, h.port.open)
	}
}

func TestMaintenanceOutlivesTheProcess(t *testing.T) {
	for _, tt := range bothProtocols {
		t.Run(tt.name, func(t *testing.T) {
			h := activeWithAPeer(t, tt.config)
			stored := h.maintenance(true)
			h = h.restarted(tt.config, stored)
			h.run(time.Minute)
			if g := h.group("eth0:10"); g.Machine.State != idle(tt.config) || g.Obstacle != maintained {
				t.Errorf("in %s: %s", g.Machine.State, g.Obstacle)
			}
			if said := append(h.port.having("send"), h.port.having("gate")...); len(said) > 0 {
				t.Errorf("said and did %q", said)
			}
			if got := h.told(engine.KindWarning); len(got) == 0 || !strings.Contains(got[0], maintained) {
				t.Errorf("at the start it warned of %q", got)
			}
			if st := h.e.Status(h.now); !st.Maintenance || st.Leave == nil || *st.Leave != byRoot {
				t.Errorf("maintenance %t, %v", st.Maintenance, st.Leave)
			}
			if m := h.maintenance(false); !m.None() {
				t.Errorf("stored afterwards: %+v", m)
			}
			h.until("eth0:10", "Active")
		})
	}
}

func TestMaintenanceEndsWithTheInitialDelay(t *testing.T) {
	for _, tt := range delayedGroups {
		t.Run(tt.name, func(t *testing.T) {
			config := withDelay(tt.config, "30s", "1m")
			h := newHost(t, config).up("eth0").run(2 * time.Minute)
			h.maintenance(true)
			h.run(time.Minute).state("eth0:10", tt.waits)
			h.maintenance(false)
			h.silentFor(30*time.Second, tt.waits, tt.starts, "silent for 30s after maintenance: delay.minimum")

			// One that has taken no part since its start begins as at a start.
			h = h.restarted(config, engine.Maintenance{All: &byRoot})
			h.run(10 * time.Minute)
			h.maintenance(false)
			h.silentFor(time.Minute, tt.waits, tt.starts, "silent for 1m0s after maintenance: delay.reload")
		})
	}
}

func TestMaintenanceEndsWhileTheGroupLeaves(t *testing.T) {
	for _, tt := range bothProtocols {
		t.Run(tt.name, func(t *testing.T) {
			for _, after := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond, 700 * time.Millisecond, 1200 * time.Millisecond, 3 * time.Second} {
				h := activeWithAPeer(t, tt.config)
				h.maintenance(true)
				h.run(after)
				h.maintenance(false)
				h.until("eth0:10", "Active").run(10 * time.Second)
				if len(h.port.open) != 1 || len(h.port.addrs) != 1 {
					t.Errorf("ended after %v: active with open gates %v and addresses %v", after, h.port.open, h.port.addrs)
				}
			}
		})
	}
}

// A hand-over that goes on is no reason for an initial delay: the group runs.
func TestMaintenanceThatEndsAtOnceDelaysNothing(t *testing.T) {
	for _, tt := range bothProtocols {
		h := newHost(t, withDelay(tt.config+"DELAY", "5s", "5s")).up("eth0").until("eth0:10", "Active").run(10 * time.Second)
		if tt.name == "HSRP" {
			h.heard(hsrpFrame(hello.OpHello, hello.Standby))
		}
		h.maintenance(true)
		h.run(time.Millisecond)
		h.maintenance(false)
		h.run(time.Millisecond)
		if g := h.group("eth0:10"); g.Obstacle != "" || g.DelayLeft != 0 || g.Machine.State == idle(tt.config) {
			t.Errorf("%s: in %s: %s, %v left", tt.name, g.Machine.State, g.Obstacle, g.DelayLeft)
		}
	}
}

// The times of the one who serves count, where they are longer than the own ones.
func TestWhoServesMayBeSlower(t *testing.T) {
	slow := map[string][]byte{
		"VRRP": vrrpFrame(100, func(m *hello.VRRP, _ *hello.Envelope) { m.AdverInterval = 10 * time.Second }),
		"HSRP": hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.HelloTime, m.HoldTime = 10*time.Second, 30*time.Second }),
	}
	for _, tt := range bothProtocols {
		h := newHost(t, tt.config, func(o *engine.Options) { o.Maintenance = engine.Maintenance{All: &byRoot} }).up("eth0")
		h.heard(slow[tt.name])
		if h.run(39 * time.Second); !h.group("eth0:10").Unserved.IsZero() {
			t.Errorf("%s: nobody serves, it says, after less than the hold time", tt.name)
		}
		if h.run(12 * time.Second); h.group("eth0:10").Unserved.IsZero() {
			t.Errorf("%s: somebody serves, it says, after more than the hold time", tt.name)
		}
	}
}

const twoGroups = vrrpConfig + `
[[vrrp]]
interface = "eth1"
vrid = 20
virtual_ips = ["192.0.2.2"]
`

func TestSingleGroupsGoAndCome(t *testing.T) {
	h := newHost(t, twoGroups).up("eth0", "eth1").until("eth1:20", "Active").run(10 * time.Second)
	states := func(want ...string) {
		t.Helper()
		h.run(20 * time.Second)
		if got := []string{h.group("eth0:10").Machine.State, h.group("eth1:20").Machine.State}; !slices.Equal(got, want) {
			t.Errorf("in %q, want %q", got, want)
		}
	}
	h.maintenance(true, "eth0:10", "vrrp:eth0:10")
	states("Initialize", "Active")
	if st := h.e.Status(h.now); st.Maintenance || st.Leave != nil || st.Groups[1].Leave != nil {
		t.Errorf("one of two is in maintenance, and the status says %+v, %v", st.Maintenance, st.Groups[1].Leave)
	}
	first := h.maintenance(true, "eth0:10")
	if diff := cmp.Diff(map[engine.Ref]engine.Leave{h.group("eth0:10").Ref: byRoot}, first.Groups); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	h.maintenance(true, "eth1:20")
	states("Initialize", "Initialize")
	if !h.e.Status(h.now).Maintenance {
		t.Error("every group is, and the whole is not")
	}
	h.maintenance(true)
	m := h.maintenance(false, "eth1:20") // out of all
	states("Initialize", "Active")
	if m.All != nil || len(m.Groups) != 1 {
		t.Errorf("stored %+v", m)
	}
	h.maintenance(false)
	states("Active", "Active")
}

func TestFollowersAreInMaintenanceWithTheirLeader(t *testing.T) {
	h := followers(t)
	stored := h.maintenance(true, "wan")
	h.run(20 * time.Second)
	for _, g := range h.e.Status(h.now).Groups {
		if !strings.HasPrefix(g.Machine.State, "Init") || g.Obstacle != maintained || g.Leave == nil {
			t.Errorf("%s is in %s: %s, leave %v", g.Ref, g.Machine.State, g.Obstacle, g.Leave)
		}
	}
	if len(stored.Groups) != 1 {
		t.Errorf("stored %+v", stored)
	}
	for _, on := range []bool{true, false} {
		_, err := h.e.OrderMaintenance(on, operator, []string{"lan"}, byRoot)
		if err == nil || !strings.HasSuffix(err.Error(), "refused: it follows wan: name that, and it comes along") {
			t.Errorf("a follower alone, %t: %v", on, err)
		}
	}
	h.maintenance(false)
	h.run(20 * time.Second)
	for _, g := range h.e.Status(h.now).Groups {
		if g.Machine.State != "Active" {
			t.Errorf("%s is in %s: %s", g.Ref, g.Machine.State, g.Obstacle)
		}
	}
}

// A group that is not configured any more stays in maintenance, should it come back.
func TestGroupsThatAreGoneStayInMaintenance(t *testing.T) {
	h := newHost(t, twoGroups).up("eth0", "eth1").until("eth1:20", "Active").run(10 * time.Second)
	h.maintenance(true, "eth1:20")
	h.run(10 * time.Second)
	reload := func(config string) {
		t.Helper()
		if err := h.e.Reconfigure(h.now, parsed(t, config), map[string]engine.Port{"eth1": h.ports["eth1"]}, operator); err != nil {
			t.Fatal(err)
		}
		h.run(10 * time.Second)
	}
	reload(vrrpConfig)
	if got := h.e.Unconfigured(); len(got) != 1 || got[0].String() != "vrrp:eth1:20" {
		t.Errorf("unconfigured: %v", got)
	}
	reload(twoGroups)
	h.up("eth1").run(10*time.Second).state("eth1:20", "Initialize")
	reload(vrrpConfig)
	if m := h.maintenance(false, "vrrp:eth1:20"); !m.None() {
		t.Errorf("stored %+v", m)
	}
	reload(twoGroups)
	h.up("eth1").until("eth1:20", "Active")
}

func TestNobodyServesDuringMaintenance(t *testing.T) {
	for _, tt := range bothProtocols {
		t.Run(tt.name, func(t *testing.T) {
			h := activeWithAPeer(t, tt.config)
			h.maintenance(true)
			for range 60 {
				h.heard(peerServes(tt.config))
				h.run(time.Second)
			}
			if g := h.group("eth0:10"); !g.Unserved.IsZero() || len(h.told(engine.KindWarning)) > 0 {
				t.Errorf("unserved since %v, warned of %q, and the peer serves", g.Unserved, h.told(engine.KindWarning))
			}
			h.clear().run(10 * time.Second)
			g := h.group("eth0:10")
			warned := h.told(engine.KindWarning)
			if g.Unserved.IsZero() || len(warned) != 1 || !strings.HasPrefix(warned[0], "nobody serves for ") {
				t.Errorf("unserved since %v, warned of %q", g.Unserved, warned)
			}
			if g.Machine.State != idle(tt.config) {
				t.Errorf("came back: %s", g.Machine.State)
			}
			h.clear().run(24 * time.Hour)
			if n := len(h.told(engine.KindWarning)); n < 20 || n > 25 {
				t.Errorf("said %d times in a day", n)
			}
			h.clear().heard(peerServes(tt.config))
			if g := h.group("eth0:10"); !g.Unserved.IsZero() || len(h.told(engine.KindNotice)) != 1 {
				t.Errorf("unserved since %v, told %q, and the peer serves again", g.Unserved, h.told(engine.KindNotice))
			}
			h.clear().run(10 * time.Second)
			if h.group("eth0:10").Unserved.IsZero() {
				t.Error("the second time nobody has noticed")
			}
			h.down("eth0")
			if !h.group("eth0:10").Unserved.IsZero() {
				t.Error("who hears nobody does not know who serves")
			}
		})
	}
}

func TestWhoReturnsWhenNobodyServes(t *testing.T) {
	const returns = "[daemon]\nmaintenance = \"return\"\n"
	for _, tt := range bothProtocols {
		t.Run(tt.name, func(t *testing.T) {
			config := withDelay(returns+tt.config+"DELAY", "1h", "1h")
			var stored []engine.Maintenance
			h := newHost(t, config, func(o *engine.Options) {
				o.Maintenance = engine.Maintenance{All: &byRoot}
				o.Returned = func(m engine.Maintenance) { stored = append(stored, m) }
			}).up("eth0")
			for range 60 {
				h.heard(peerServes(tt.config))
				h.run(time.Second)
			}
			h.state("eth0:10", idle(tt.config))
			h.until("eth0:10", "Active")
			if len(stored) != 1 || !stored[0].None() {
				t.Errorf("stored %+v", stored)
			}
			warned := h.told(engine.KindWarning)
			if len(warned) < 2 || !strings.HasPrefix(warned[1], "comes back from maintenance by itself: nobody served for ") {
				t.Errorf("warned of %q", warned)
			}
		})
		t.Run(tt.name+", by a reload", func(t *testing.T) {
			h := newHost(t, tt.config, func(o *engine.Options) { o.Maintenance = engine.Maintenance{All: &byRoot} }).up("eth0").run(time.Minute)
			h.state("eth0:10", idle(tt.config))
			if err := h.e.Reconfigure(h.now, parsed(t, returns+tt.config), nil, operator); err != nil {
				t.Fatal(err)
			}
			h.until("eth0:10", "Active")
		})
		t.Run(tt.name+", whose maintenance is in doubt", func(t *testing.T) {
			h := newHost(t, tt.config, func(o *engine.Options) { o.Maintenance = engine.Maintenance{All: &engine.Leave{Doubtful: true}} }).up("eth0")
			h.until("eth0:10", "Active")
		})
	}
}

func TestMaintenanceOfUnknownGroupsChangesNothing(t *testing.T) {
	h := vrrpActive(t)
	if _, err := h.e.OrderMaintenance(true, operator, []string{"eth0:10", "eth7:1"}, byRoot); err == nil {
		t.Error("no error")
	}
	h.run(10*time.Second).state("eth0:10", "Active")
	o, err := h.e.OrderMaintenance(true, operator, nil, byRoot)
	if err != nil {
		t.Fatal(err)
	}
	h.run(time.Second).state("eth0:10", "Active") // an order is not carried out
	h.e.Stop(h.now)
	if err := h.e.Maintain(h.now, o); err == nil {
		t.Error("carried out while the daemon stops")
	}
}

func TestRefReadsBack(t *testing.T) {
	for _, text := range []string{"hsrp:eth1:10", "hsrp6:eth1.100:4095", "vrrp:br-lan:1", "vrrp6:eth1:255"} {
		if r, err := engine.ParseRef(text); err != nil || r.String() != text {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "eth1:10", "glbp:eth1:10", "hsrp:eth1:x", "hsrp::1", "hsrp:eth1:70000", "hsrp:eth1:1:2"} {
		if r, err := engine.ParseRef(text); err == nil {
			t.Errorf("%q is %v", text, r)
		}
	}
}
