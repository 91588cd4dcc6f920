package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
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
		what       string
		uplink     bool
		core       bool
		effective  int
		configured int
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
		if g.Priority != tt.effective || g.ConfiguredPriority != tt.configured {
			t.Errorf("%s: priority %d (configured %d), want %d (%d)", tt.what, g.Priority, g.ConfiguredPriority, tt.effective, tt.configured)
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
	if g := h.group("eth0:10"); g.Priority != 110 || g.State != "Listen" {
		t.Errorf("priority %d in %s before the first results", g.Priority, g.State)
	}
}

func TestTrackShutsTheGroupDownAndLetsItRunAgain(t *testing.T) {
	h := newHost(t, trackConfig).up("eth0", "eth1").until("eth0:10", "Active").clear()
	h.e.TrackChanged(h.now, "power", false, "on battery")
	h.state("eth0:10", "Init")
	if last := h.group("eth0:10").LastTransition; last.Cause != "track-shutdown" || !strings.Contains(last.Detail, "on battery") {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	if sent := h.port.having("send virtual Resign"); len(sent) != 1 {
		t.Errorf("sent %q", h.port.log)
	}
	h.e.TrackChanged(h.now, "power", true, "on mains")
	if last := h.group("eth0:10").LastTransition; last.To != "Listen" || last.Cause != "track-restored" {
		t.Errorf("to %s: %s", last.To, last.Cause)
	}
	h.e.TrackChanged(h.now, "power", true, "still on mains")
	st := h.e.Status(h.now)
	if tr := st.Tracks[2]; tr.Name != "power" || tr.Changes != 1 || tr.Detail != "still on mains" || tr.UsedBy[0] != "hsrp:eth0:10" {
		t.Errorf("track %+v", tr)
	}
}

func TestSetPriorityOverridesTheFileUntilDefault(t *testing.T) {
	h := newHost(t, trackConfig).up("eth0", "eth1")
	set := func(n, want, configured int) {
		t.Helper()
		if err := h.e.SetPriority(h.now, "eth0:10", n); err != nil {
			t.Fatal(err)
		}
		if g := h.group("eth0:10"); g.Priority != want || g.ConfiguredPriority != configured {
			t.Errorf("priority %d (%d), want %d (%d)", g.Priority, g.ConfiguredPriority, want, configured)
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
		{"priority of a follower", func() error { return h.e.SetPriority(h.now, "lan", 5) }, "follows wan"},
		{"priority of an owner", func() error { return h.e.SetPriority(h.now, "vrrp:eth0:7", 5) }, "address owner"},
		{"priority 0 in VRRP", func() error { return h.e.SetPriority(h.now, "vrrp:eth0:5", 0) }, "1 to 254"},
		{"priority 255 in VRRP", func() error { return h.e.SetPriority(h.now, "vrrp:eth0:5", 255) }, "1 to 254"},
		{"priority 256", func() error { return h.e.SetPriority(h.now, "wan", 256) }, "0 to 255"},
		{"announce in Listen", func() error { return h.e.Announce(h.now, "wan") }, "not active here (state Listen)"},
		{"verify in Listen", func() error { return h.e.Verify(h.now, "wan") }, "not active here"},
		{"verify without neighbours", func() error { return h.e.Verify(h.now, "vrrp:eth0:7") }, "no neighbour is configured"},
	} {
		err := tt.do()
		var refused *RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want a refusal with %q", tt.name, err, tt.want)
		}
	}
	if err := h.e.Announce(h.now, "nobody"); err == nil {
		t.Error("a group that does not exist was announced")
	}
}

func TestAnnounceSaysEverythingAgain(t *testing.T) {
	h := vrrpActive(t)
	if err := h.e.Announce(h.now, "eth0:10"); err != nil {
		t.Fatal(err)
	}
	h.run(5 * time.Second)
	if n := len(h.port.having("send virtual reply")); n != 4 {
		t.Errorf("%d replies, want three bursts and the last word of the first", n)
	}
	if got := h.told(eventAnnounce); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

func TestExplainNamesCauseAndFacts(t *testing.T) {
	h := newHost(t, hsrpConfig)
	x, err := h.e.Explain(h.now, "")
	if err != nil || x.Transition != nil || len(x.Lines) != 1 || !strings.Contains(x.Lines[0], "eth0 does not exist") {
		t.Errorf("before the start: %+v, %v", x, err)
	}
	h = hsrpStandby(t)
	h.run(3 * time.Second) // nothing is heard any more
	x, err = h.e.Explain(h.now, "eth0:10")
	if err != nil || len(x.Lines) != 5 {
		t.Fatalf("%+v, %v", x, err)
	}
	text := strings.Join(x.Lines, "\n")
	for _, want := range []string{"from Standby to Active", "active-timer-expired", "192.0.2.11, priority 200", "Now: state Active, active router local"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	facts := map[string]string{}
	for _, f := range x.Facts {
		facts[f.Name] = f.Value
	}
	if got := facts["last heard"]; !strings.HasPrefix(got, "Hello Active from 192.0.2.11, priority 200") {
		t.Errorf("last heard: %q", got)
	}
	if _, err := h.e.Explain(h.now, "eth9:1"); err == nil {
		t.Error("a group that does not exist was explained")
	}
}

func TestTransitionIsAnEventWithTheCiscoMnemonic(t *testing.T) {
	h := hsrpStandby(t)
	h.heard(hsrpFrame(hello.OpResign, hello.Active, better))
	got := h.told(eventTransition)
	want := []string{"%HSRP-5-STATECHANGE: eth0 Grp 10 state Standby -> Active"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ev := h.events[0]
	if ev.Transition == nil || ev.Transition.Cause != "peer-resigned" || ev.Group != "hsrp:eth0:10" || ev.Transition.ID != h.e.history.made {
		t.Errorf("event %+v", ev)
	}
}

func TestLateTimerIsAFact(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0")
	h.now = h.now.Add(5 * time.Second)
	h.e.Tick(h.now)
	for _, f := range h.group("eth0:10").LastTransition.Facts {
		if f.Name == "own lateness" {
			return
		}
	}
	t.Error("the takeover does not say that its timer was served late")
}

func TestTransitionsAreKeptInARing(t *testing.T) {
	var r history
	for i := range keepTransitions + 10 {
		r.add(&status.Transition{Detail: fmt.Sprint(i)})
		list := r.list()
		if last := list[len(list)-1]; last.ID != i+1 || last.Detail != fmt.Sprint(i) {
			t.Fatalf("last is %d %q after %d", last.ID, last.Detail, i+1)
		}
		if first := list[0]; first.ID != max(1, i+2-keepTransitions) {
			t.Fatalf("first is %d after %d", first.ID, i+1)
		}
		if len(list) != min(i+1, keepTransitions) {
			t.Fatalf("%d kept after %d", len(list), i+1)
		}
	}
}

func TestRestoredAddressesAreReported(t *testing.T) {
	h := vrrpActive(t)
	h.e.Restored(h.now, "eth0", h.e.groups[0].vips, errKernel)
	if got := h.told(eventAddress); len(got) != 1 || !strings.Contains(got[0], "put back") {
		t.Errorf("told %q", got)
	}
	if got := h.told(eventWarning); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

func TestAFollowersLeaderMustExistAndElect(t *testing.T) {
	// The configuration checks this; the engine must not rely on it blindly.
	h := newHost(t, followConfig)
	for _, name := range []string{"nobody", "dmz"} {
		h.e.groups[0].cfg.Follow, h.e.groups[0].leader = name, nil
		h.e.groups[1].machine = nil
		if err := h.e.bindFollowers(); err == nil {
			t.Errorf("a group follows %s", name)
		}
	}
}

func TestExplainNamesWhatIsWrongWithAnInterface(t *testing.T) {
	own := newTestLink("eth0")
	own.Addr4, own.Addrs = netip.Addr{}, []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}
	bare := newTestLink("eth0")
	bare.Addr4, bare.Addrs = netip.Addr{}, nil
	down := newTestLink("eth0")
	down.Index, down.Up = 2, false
	for want, l := range map[string]Link{
		"eth0 does not exist":              {Name: "eth0"},
		"eth0 is down":                     down,
		"eth0 has no usable IPv4 address)": bare,
		"eth0 has no usable IPv4 address: 192.0.2.1 is the group's virtual address)": own,
	} {
		h := newHost(t, hsrpConfig)
		h.e.LinkChanged(h.now, "eth0", l)
		x, err := h.e.Explain(h.now, "")
		if err != nil || len(x.Lines) != 1 || !strings.Contains(x.Lines[0], want) {
			t.Errorf("got %q, %v; want %q in it", x.Lines, err, want)
		}
	}
}
