package engine_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

const trackConfig = `
[[track]]
name = "uplink"
interface = "eth1"
[[track]]
name = "core"
file = "/run/core"
[[track]]
name = "power"
file = "/run/power"
` + hsrpConfig + `track = [{ object = "uplink", decrement = 20 }, { object = "core", decrement = 100 }, { object = "power", shutdown = true }]
`

func TestTracksLowerThePriorityAndGiveItBack(t *testing.T) {
	h := newHost(t, trackConfig).up("eth0", "eth1")
	for _, tt := range []struct {
		what                  string
		uplink, core          bool
		effective, configured uint8
	}{
		{"all up", true, true, 110, 110},
		{"uplink down", false, true, 90, 110},
		{"both down: not below zero", false, false, 0, 110},
		{"core down", true, false, 10, 110},
		{"all up again", true, true, 110, 110},
	} {
		if tt.uplink {
			h.up("eth1")
		} else {
			h.down("eth1")
		}
		h.e.TrackChanged(h.now, "core", tt.core, "seen")
		g := h.group("eth0:10")
		if want := (fsm.SetPriority{Effective: tt.effective, Configured: tt.configured}); g.InForce != want || g.Machine.Priority != tt.effective {
			t.Errorf("%s: priority %+v, machine's %d, want %+v", tt.what, g.InForce, g.Machine.Priority, want)
		}
	}
}

func TestTracksAreInTheOrderOfTheFileWithTheirUsers(t *testing.T) {
	h := newHost(t, trackConfig)
	var got []string
	for _, tr := range h.e.Status(h.now).Tracks {
		got = append(got, fmt.Sprint(tr.Name, tr.UsedBy))
	}
	want := []string{"uplink[hsrp:eth0:10]", "core[hsrp:eth0:10]", "power[hsrp:eth0:10]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tracked objects (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotKnownYetCountsAsUp(t *testing.T) {
	h := newHost(t, trackConfig).up("eth0")
	if g := h.group("eth0:10"); g.InForce.Effective != 110 || g.Machine.State != "Listen" {
		t.Errorf("priority %d in %s before the first results", g.InForce.Effective, g.Machine.State)
	}
}

func TestTrackShutsTheGroupDownAndLetsItRunAgain(t *testing.T) {
	h := newHost(t, trackConfig).up("eth0", "eth1").until("eth0:10", "Active").clear()
	h.e.TrackChanged(h.now, "power", false, "on battery")
	h.state("eth0:10", "Init")
	if last := h.group("eth0:10").Last; last.Cause != "track-shutdown" || !strings.Contains(last.Detail, "on battery") {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	if sent := h.port.having("send virtual Resign"); len(sent) != 1 {
		t.Errorf("sent %q", h.port.log)
	}
	h.e.TrackChanged(h.now, "power", true, "on mains")
	if last := h.group("eth0:10").Last; last.To != "Listen" || last.Cause != "track-restored" {
		t.Errorf("to %s: %s", last.To, last.Cause)
	}
	h.e.TrackChanged(h.now, "power", true, "still on mains")
	st := h.e.Status(h.now)
	if tr := st.Tracks[2]; tr.Name != "power" || tr.Changes != 1 || tr.Detail != "still on mains" || tr.UsedBy[0].String() != "hsrp:eth0:10" {
		t.Errorf("track %+v", tr)
	}
}

func TestSetPriorityOverridesTheFileUntilDefault(t *testing.T) {
	h := newHost(t, trackConfig).up("eth0", "eth1")
	set := func(n int, want, configured uint8) {
		t.Helper()
		if err := h.e.SetPriority(h.now, engine.Caller{}, "eth0:10", n); err != nil {
			t.Fatal(err)
		}
		if g := h.group("eth0:10"); g.InForce != (fsm.SetPriority{Effective: want, Configured: configured}) || g.SetPriority != n {
			t.Errorf("priority %+v, set to %d, want %d (%d)", g.InForce, g.SetPriority, want, configured)
		}
	}
	set(200, 200, 110)
	h.down("eth1")
	set(150, 130, 110)
	set(0, 0, 110)
	set(-1, 90, 110)
}

func TestCommandsThatCannotBeCarriedOutAreRefused(t *testing.T) {
	h := newHost(t, followConfig+manyVRRP(7, 1, "priority = 255")+manyVRRP(5, 1, "")).up("eth0", "eth1")
	for _, tt := range []struct {
		name string
		do   func() error
		want string
	}{
		{"priority of a follower", func() error { return h.e.SetPriority(h.now, engine.Caller{}, "lan", 5) }, "follows wan"},
		{"priority of an owner", func() error { return h.e.SetPriority(h.now, engine.Caller{}, "vrrp:eth0:7", 5) }, "address owner"},
		{"priority 0 in VRRP", func() error { return h.e.SetPriority(h.now, engine.Caller{}, "vrrp:eth0:5", 0) }, "1 to 254"},
		{"priority 255 in VRRP", func() error { return h.e.SetPriority(h.now, engine.Caller{}, "vrrp:eth0:5", 255) }, "1 to 254"},
		{"priority 256", func() error { return h.e.SetPriority(h.now, engine.Caller{}, "wan", 256) }, "0 to 255"},
		{"announce in Listen", func() error { return h.e.Announce(h.now, engine.Caller{}, "wan") }, "not active here (state Listen)"},
		{"verify in Listen", func() error { return h.e.Verify(h.now, "wan") }, "not active here"},
		{"verify without neighbours", func() error { return h.e.Verify(h.now, "vrrp:eth0:7") }, "no neighbour is configured"},
	} {
		err := tt.do()
		var refused *engine.RefusedError
		if !errors.As(err, &refused) || !errors.Is(err, engine.ErrRefused) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want a refusal with %q", tt.name, err, tt.want)
		}
	}
	if err := h.e.Announce(h.now, engine.Caller{}, "nobody"); err == nil {
		t.Error("a group that does not exist was announced")
	}
}

func TestAnnounceSaysEverythingAgain(t *testing.T) {
	h := vrrpActive(t)
	if err := h.e.Announce(h.now, engine.Caller{}, "eth0:10"); err != nil {
		t.Fatal(err)
	}
	h.run(5 * time.Second)
	if n := len(h.port.having("send virtual reply")); n != 4 {
		t.Errorf("%d replies, want three bursts and the last word of the first", n)
	}
	if got := h.told(engine.KindAnnounce); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

func TestTransitionKnowsWhatWasKnownBeforeIt(t *testing.T) {
	h := hsrpStandby(t).run(3 * time.Second) // nothing is heard any more
	g := h.group("eth0:10")
	if g.Last.From != "Standby" || g.Last.To != "Active" || g.Last.Cause != fsm.CauseActiveTimer || g.Last.Group != g.Ref {
		t.Errorf("transition of %s from %s to %s: %s", g.Last.Group, g.Last.From, g.Last.To, g.Last.Cause)
	}
	if !g.Machine.Active.Local {
		t.Errorf("active router now: %+v", g.Machine.Active)
	}
	moved := g.Last.At
	want := engine.Facts{
		Priority:  fsm.SetPriority{Effective: 110, Configured: 110},
		Active:    fsm.Peer{Known: true, Addr: peer4, Priority: 200, MAC: peerMAC, Expires: moved},
		Standby:   fsm.Peer{Known: true, Local: true, Priority: 110, MAC: ownMAC},
		HelloTime: time.Second, HoldTime: 3 * time.Second,
		Heard: engine.Heard{At: moved.Add(-3 * time.Second), From: peer4, Op: hello.OpHello, State: hello.Active, Priority: 200},
	}
	if diff := cmp.Diff(want, g.Last.Facts, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestTransitionIsAnEventWithTheCiscoMnemonic(t *testing.T) {
	h := hsrpStandby(t)
	h.heard(hsrpFrame(hello.OpResign, hello.Active, better))
	got := h.told(engine.KindTransition)
	want := []string{"%HSRP-5-STATECHANGE: eth0 Grp 10 state Standby -> Active"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ev := h.events[0]
	if ev.Transition == nil || ev.Transition.Cause != "peer-resigned" || ev.Group.String() != "hsrp:eth0:10" || ev.Transition.ID != h.moves {
		t.Errorf("event %+v", ev)
	}
}

func TestLateTimerIsAFact(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0")
	const wait = 3*time.Second + (256-110)*time.Second/256 // RFC 9568 section 6.1, with the skew
	h.now = h.now.Add(5 * time.Second)
	h.e.Tick(h.now)
	if got, want := h.group("eth0:10").Last.Facts.Lateness, 5*time.Second-wait; got != want {
		t.Errorf("the takeover says that its timer was served %v late, want %v", got, want)
	}
}

func TestAFollowersLeaderMustExistAndElect(t *testing.T) {
	// The configuration checks this; the engine must not rely on it blindly.
	for _, name := range []string{"nobody", "dmz"} {
		c := parsed(t, followConfig)
		c.Groups[0].Follow = name
		ports := map[string]engine.Port{"eth0": newFakePort(), "eth1": newFakePort()}
		if _, err := engine.New(c, engine.Options{Ports: ports}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a group follows %s: %v", name, err)
		}
	}
}

func TestCommandsAreEventsWithTheirCaller(t *testing.T) {
	h := hsrpActive(t)
	by := engine.Caller{Known: true, UID: 1000, PID: 4343}
	for _, err := range []error{
		h.e.SetPriority(h.now, by, "eth0:10", 130), h.e.SetPriority(h.now, engine.Caller{}, "eth0:10", -1),
		h.e.Announce(h.now, by, "eth0:10"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if h.e.SetPriority(h.now, by, "eth0:10", 999) == nil || h.e.Announce(h.now, by, "nobody") == nil {
		t.Error("out of range, or for nobody, and carried out")
	}
	want := []string{
		"set priority 130, by uid 1000 (pid 4343)",
		"set priority default, by an unknown caller",
		"announce, by uid 1000 (pid 4343)",
	}
	if diff := cmp.Diff(want, h.told(engine.KindCommand)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var kept []string
	for _, ev := range h.e.Commands() {
		kept = append(kept, ev.Command.String())
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	for range 1000 {
		_ = h.e.SetPriority(h.now, by, "eth0:10", 130)
	}
	if n := len(h.e.Commands()); n != 256 {
		t.Errorf("%d commands are kept, want 256", n)
	}
}
