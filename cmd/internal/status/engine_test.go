package status

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// of is the group that scripts see.
func of(now time.Time, g engine.GroupStatus) Group {
	return Of(now, engine.Status{Groups: []engine.GroupStatus{g}}).Groups[0]
}

func TestGroupInTheShapeOfScripts(t *testing.T) {
	now := moved.Add(2500 * time.Millisecond)
	vips := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")}
	g := takenOver()
	g.Preempt, g.PreemptDelay, g.Follow = true, 1500*time.Millisecond, "wan"
	g.Delay, g.DelayLeft = engine.Delay{Minimum: 30 * time.Second, Reload: time.Minute}, 1234567*time.Microsecond
	g.Tracks = []engine.TrackUse{{Object: "uplink", Decrement: 20}, {Object: "power", Shutdown: true}}
	g.DownTracks, g.SetPriority = []string{"uplink"}, 130
	g.Machine.VirtualIPs, g.Outside = vips, vips[1:]
	g.Machine.NextHello = now.Add(500 * time.Millisecond)
	g.Machine.Standby = fsm.Peer{Known: true, Addr: peer4, Priority: 100, MAC: peerMAC, Expires: now.Add(2900 * time.Millisecond)}
	g.MAC, g.Address = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10), netip.MustParseAddr("192.0.2.10")
	g.Counters = engine.Counters{
		Sent: 1, Received: 2, Announced: 3, Answered: 4, Conflicts: 5,
		Rejected: map[hello.Reject]uint64{hello.RejectAuthType: 6},
	}
	g.LastRefresh, g.NextRefresh, g.Refreshes = moved, now.Add(time.Minute), 7
	g.Proofs = []prove.Result{{Neighbor: peer4, Proven: true, Method: prove.MethodEcho, Nudges: 1, Took: 1234567 * time.Nanosecond, Done: true}}
	g.Conflict = engine.Conflict{At: moved, Address: vips[0], MAC: peerMAC, Who: garp.Foreign, Reason: garp.ReasonOtherGroup}
	g.Rival = engine.Rival{At: moved, From: peer4, MAC: peerMAC, Reason: string(hello.RejectAuth), Detail: "bad authentication from 192.0.2.11"}
	g.BothActive = true
	g.Wait = engine.Wait{Transition: 17, Outcome: engine.TimedOut, Since: moved, Waited: 1500 * time.Millisecond, Leader: g.Ref, Err: "too slow"}
	want := Group{
		Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth0", ID: 10, Name: "users", Follow: "wan",
		State: "Active", Since: moved, Priority: 110, ConfiguredPriority: 110, SetPriority: new(130),
		Preempt: true, PreemptDelayMS: 1500, Delay: Delay{MinimumMS: 30_000, ReloadMS: 60_000, LeftMS: 1234},
		VirtualIPs: []string{"192.0.2.1", "198.51.100.1"}, Outside: []string{"198.51.100.1"},
		VirtualMAC: "00:00:0c:9f:f0:0a", MACMode: "virtual", Install: "address", Address: "192.0.2.10",
		Active:  &Peer{Address: "local", Priority: 110, MAC: "02:00:00:00:00:01"},
		Standby: &Peer{Address: "192.0.2.11", Priority: 100, MAC: "02:00:00:00:00:09", ExpiresMS: 2900},
		HelloMS: 1000, HoldMS: 3000, NextHelloMS: 500, Accept: true,
		Tracks:      []TrackRef{{Object: "uplink", Decrement: 20}, {Object: "power", Up: true, Shutdown: true}},
		Transitions: 4, LastTransition: new(TransitionOf(*g.Last)),
		Counters: Counters{Sent: 1, Received: 2, Announced: 3, Answered: 4, Conflicts: 5, Rejected: map[string]uint64{"auth-type": 6}},
		Announce: Announce{LastRefresh: &moved, NextRefreshMS: 60_000, Refreshes: 7},
		Takeover: []Takeover{{
			Address: "192.0.2.11", Proven: true, Method: "icmp", MS: 1.234, Nudges: 1,
			Detail: "192.0.2.11 delivers here: proven by icmp in 1.2ms, after 1 directed request",
		}},
		Conflict:  &Conflict{Address: "192.0.2.1", MAC: "02:00:00:00:00:09", Who: "foreign", Reason: "virtual-mac-of-another-group", At: moved},
		Rival:     &Rival{Address: "192.0.2.11", MAC: peerMAC.String(), Reason: "auth", Detail: "bad authentication from 192.0.2.11", At: moved, BothActive: true},
		PreActive: &PreActive{Transition: 17, Outcome: "timeout", Since: moved, WaitedMS: 1500, Leader: "hsrp:eth0:10", Error: "too slow"},
	}
	if diff := cmp.Diff(want, of(now, g)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What there is nothing to tell of is null, -1 or an empty list.
func TestGroupOfWhichLittleIsKnown(t *testing.T) {
	g := users()
	g.Name, g.Obstacle, g.SetPriority = "", "eth0 is down", 0 // in HSRP 0 is a priority like others
	want := Group{
		Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth0", ID: 10, Name: "hsrp-eth0-10", NameDefault: true,
		State: "Init", Obstacle: "eth0 is down", SetPriority: new(0), VirtualIPs: []string{}, VirtualMAC: "00:00:00:00:00:00", MACMode: "virtual", Install: "address",
		NextHelloMS: -1, Accept: true, Tracks: []TrackRef{}, Counters: Counters{Rejected: map[string]uint64{}},
		Announce: Announce{NextRefreshMS: -1}, Takeover: []Takeover{},
	}
	if diff := cmp.Diff(want, of(moved, g)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&Status{Groups: []Group{}, Tracks: []Track{}}, Of(moved, engine.Status{})); diff != "" {
		t.Errorf("an engine of nothing (-want +got):\n%s", diff)
	}
}

func TestNamesAndMACsOfGroups(t *testing.T) {
	for _, tt := range []struct {
		change      func(*engine.GroupStatus)
		name, mode  string
		nameDefault bool
	}{
		{func(*engine.GroupStatus) {}, "users", "virtual", false},
		{func(g *engine.GroupStatus) { g.InterfaceMAC = true }, "users", "interface", false},
		{func(g *engine.GroupStatus) { g.Group.MAC = peerMAC }, "users", "chosen", false},
		{func(g *engine.GroupStatus) { g.Name = "" }, "hsrp-eth0-10", "virtual", true},
		{func(g *engine.GroupStatus) { g.Name, g.Protocol, g.Family = "", hello.ProtocolVRRP, hello.IPv6 }, "vrrp-eth0-10", "virtual", true},
	} {
		g := users()
		tt.change(&g)
		if out := of(moved, g); out.Name != tt.name || out.NameDefault != tt.nameDefault || out.MACMode != tt.mode {
			t.Errorf("%s (by default: %t) with a %s MAC, want %s (%t), %s", out.Name, out.NameDefault, out.MACMode, tt.name, tt.nameDefault, tt.mode)
		}
	}
}

// The text of HSRP travels in clear, and its default is not worth a word, as on
// Cisco IOS. That of VRRP version 2 is not shown.
func TestAuthenticationIsNamed(t *testing.T) {
	text := func(s string) hello.Auth { a, _ := hello.TextAuth(s); return a }
	md5, err := hello.MD5Auth("a-long-enough-key", 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name       string
		protocol   hello.Protocol
		auth       hello.Auth
		kind, text string
	}{
		{"the default", hello.ProtocolHSRP, text("cisco"), "", ""},
		{"none given", hello.ProtocolHSRP, hello.Auth{}, "", ""},
		{"another text", hello.ProtocolHSRP, text("ours"), "text", "ours"},
		{"md5", hello.ProtocolHSRP, md5, "md5", ""},
		{"vrrp without", hello.ProtocolVRRP, hello.Auth{}, "", ""},
		{"vrrp with a text", hello.ProtocolVRRP, text("ours"), "text", ""},
		{"vrrp with the text that is HSRP's default", hello.ProtocolVRRP, text("cisco"), "text", ""},
	} {
		g := users()
		g.Protocol, g.Auth = tt.protocol, tt.auth
		if out := of(moved, g); out.Auth != tt.kind || out.AuthText != tt.text {
			t.Errorf("%s: %q %q, want %q %q", tt.name, out.Auth, out.AuthText, tt.kind, tt.text)
		}
	}
}

func TestPeersOfAGroup(t *testing.T) {
	remote := fsm.Peer{Known: true, Addr: peer4, Priority: 200, MAC: peerMAC}
	expires := func(d time.Duration) fsm.Peer { p := remote; p.Expires = moved.Add(d); return p }
	for name, tt := range map[string]struct {
		peer fsm.Peer
		want *Peer
	}{
		"unknown":          {fsm.Peer{}, nil},
		"this router":      {fsm.Peer{Known: true, Local: true, Priority: 110, MAC: ownMAC}, &Peer{"local", 110, "02:00:00:00:00:01", 0}},
		"another":          {expires(3 * time.Second), &Peer{"192.0.2.11", 200, "02:00:00:00:00:09", 3000}},
		"held for dead":    {expires(-time.Second), &Peer{"192.0.2.11", 200, "02:00:00:00:00:09", 0}},
		"without deadline": {remote, &Peer{"192.0.2.11", 200, "02:00:00:00:00:09", 0}},
	} {
		g := users()
		g.Machine.Active, g.Machine.Standby = tt.peer, tt.peer
		out := of(moved, g)
		if diff := cmp.Diff([]*Peer{tt.want, tt.want}, []*Peer{out.Active, out.Standby}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInterfacesAndTracks(t *testing.T) {
	vrrp6 := engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv6, Interface: "eth1", Number: 7}
	got := Of(moved, engine.Status{
		Maintenance: true,
		Interfaces: []engine.InterfaceStatus{
			{
				Link: engine.Link{Name: "eth0", Up: true, MAC: ownMAC, Addrs: []netip.Prefix{
					netip.MustParsePrefix("192.0.2.10/24"), netip.MustParsePrefix("fe80::10/64"),
				}},
				Advertises: 3, Rejected: map[hello.Reject]uint64{hello.RejectSource: 2},
				Unsent: 1, LastError: errors.New("no buffer space available"),
				Duplicate: engine.Duplicate{At: moved, Address: peer4, MAC: peerMAC},
				Restored:  engine.Restored{Addresses: 4, Settings: 5, Filter: 6, Last: moved},
			},
			{Link: engine.Link{Name: "eth1"}},
		},
		Tracks: []engine.TrackStatus{
			{Name: "uplink", Known: true, Up: true, Since: moved, Changes: 2, Detail: "line protocol up", UsedBy: []engine.Ref{users().Ref, vrrp6}},
			{Name: "core", Up: true, Detail: "no result yet"},
		},
	})
	want := &Status{
		Maintenance: true, Groups: []Group{},
		Interfaces: []Interface{
			{
				Name: "eth0", Up: true, MAC: "02:00:00:00:00:01", Addresses: []string{"192.0.2.10/24", "fe80::10/64"},
				Advertises: 3, Rejected: map[string]uint64{"source": 2}, SendErrors: 1, LastError: "no buffer space available",
				Duplicate: &Duplicate{Address: peer4.String(), MAC: peerMAC.String(), At: moved},
				Restored:  Restored{Addresses: 4, Settings: 5, Filter: 6, Last: new(moved)},
			},
			{Name: "eth1", MAC: "00:00:00:00:00:00", Addresses: []string{}, Rejected: map[string]uint64{}},
		},
		Tracks: []Track{
			{Name: "uplink", Known: true, Up: true, Since: moved, Changes: 2, Detail: "line protocol up", UsedBy: []string{"hsrp:eth0:10", "vrrp6:eth1:7"}},
			{Name: "core", Up: true, Detail: "no result yet", UsedBy: []string{}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEventsInTheShapeOfScripts(t *testing.T) {
	g := takenOver()
	waits := engine.Wait{Transition: 17, Outcome: engine.Waiting, Since: moved, Waited: 100 * time.Millisecond, Left: 400 * time.Millisecond}
	for _, tt := range []struct {
		name string
		ev   engine.Event
		want Event
	}{
		{"of no group", engine.Event{At: moved, Kind: engine.KindWarning, Message: "eth0: trouble"},
			Event{At: moved, Kind: "warning", Message: "eth0: trouble"}},
		{"a transition", engine.Event{At: moved, Kind: engine.KindTransition, Group: g.Ref, Message: g.Last.String(), Transition: g.Last},
			Event{At: moved, Kind: "transition", Group: "hsrp:eth0:10", Message: "%HSRP-5-STATECHANGE: eth0 Grp 10 state Standby -> Active", Transition: new(TransitionOf(*g.Last))}},
		{"a wait", engine.Event{At: moved, Kind: engine.KindHook, Group: g.Ref, Message: "waits", Wait: &waits},
			Event{At: moved, Kind: "hook", Group: "hsrp:eth0:10", Message: "waits", PreActive: &PreActive{Transition: 17, Outcome: "waiting", Since: moved, WaitedMS: 100, LeftMS: 400}}},
	} {
		if diff := cmp.Diff(tt.want, EventOf(tt.ev)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestTransitionInTheShapeOfScripts(t *testing.T) {
	last := *takenOver().Last
	last.Waits = true
	want := []Past{{Transition: Transition{
		ID: 17, Protocol: "hsrp", Interface: "eth0", Group: 10, Family: 4, Name: "users", From: "Standby", To: "Active", At: moved,
		Cause: "active-timer-expired", Detail: "no hello from 192.0.2.11 for 3s.", Waits: true,
		Facts: []Fact{
			{"own priority", "110 (configured 120)"},
			{"active router", "192.0.2.11, priority 200, expires in -70ms"},
			{"standby router", "local"},
			{"timers", "hello 1s, hold 3s"},
			{"last heard", "Hello Active from 192.0.2.11, priority 200, 3.07s before"},
		},
	}}}
	if diff := cmp.Diff(want, PastOf([]engine.Transition{last}, nil)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Past{}, PastOf(nil, nil)); diff != "" {
		t.Errorf("none (-want +got):\n%s", diff)
	}
}

func TestFactsAreWorded(t *testing.T) {
	vrrp := engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv4, Interface: "eth0", Number: 10}
	for _, tt := range []struct {
		name  string
		group engine.Ref
		facts engine.Facts
		want  []Fact
	}{
		{"a follower has no timers", users().Ref, engine.Facts{Down: []string{"uplink"}}, []Fact{
			{"own priority", "0 (configured 0)"}, {"active router", "unknown"}, {"standby router", "unknown"}, {"tracked objects down", "uplink"},
		}},
		{"VRRP has no standby router", vrrp, engine.Facts{
			Priority:  fsm.SetPriority{Effective: 100, Configured: 100},
			Active:    fsm.Peer{Known: true, Addr: peer4, Priority: 254},
			HelloTime: time.Second, HoldTime: 3609375 * time.Microsecond,
			Heard:    engine.Heard{At: moved.Add(-3609400 * time.Microsecond), From: peer4, Priority: 254},
			Lateness: 123456 * time.Microsecond,
			Down:     []string{"uplink", "core"},
		}, []Fact{
			{"own priority", "100 (configured 100)"},
			{"active router", "192.0.2.11, priority 254"},
			{"timers", "hello 1s, hold 3.609375s"},
			{"last heard", "Advertisement from 192.0.2.11, priority 254, 3.609s before"},
			{"own lateness", "the timer was served 123ms late"},
			{"tracked objects down", "uplink, core"},
		}},
	} {
		got := TransitionOf(engine.Transition{Group: tt.group, At: moved, Facts: tt.facts}).Facts
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
