package show

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// sample is a daemon with a group in each of the shapes that lay out
// differently.
func sample() *status.Status {
	return &status.Status{
		Version: "v0.1.0", PID: 4711, UptimeMS: (26*time.Hour + 5*time.Minute).Milliseconds(), ConfigSHA256: "c0ffee",
		Groups: []status.Group{hsrpActive(), hsrpStandby(), hsrpInit(), hsrpIPv6(), vrrpActive(), vrrpBackup(), vrrpInit()},
		Tracks: []status.Track{
			{Name: "uplink", Kind: "interface", Target: "eth0", Up: true, Known: true, Since: ago(27 * time.Second), Changes: 1,
				UsedBy: []string{"hsrp:eth1:10", "vrrp6:eth2:20"}},
			{Name: "default", Kind: "route", Target: "0.0.0.0/0", Known: true, Since: ago(3 * day), Changes: 4, Detail: "no route"},
			{Name: "7", Kind: "ping", Target: "203.0.113.1", UsedBy: []string{"gone:eth9:1"}},
		},
		Interfaces: []status.Interface{
			{Name: "eth1", Restored: status.Restored{Addresses: 3, Settings: 1, Last: new(ago(2 * time.Minute))},
				Rejected: map[string]uint64{"ttl": 7, "group": 3}, SendErrors: 2, LastError: "no buffer space available",
				Cleared: &status.ClearedInterface{At: ago(time.Hour), Rejected: map[string]uint64{"ttl": 7, "group": 1}}},
			{Name: "eth2"},
		},
	}
}

func hsrpActive() status.Group {
	return status.Group{
		Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth1", ID: 10, Name: "users",
		State: "Active", Since: ago(62 * time.Second), Priority: 110, ConfiguredPriority: 110,
		Preempt: true, PreemptDelayMS: 30000, ForwardingOff: "net/ipv4/conf/eth1/forwarding",
		VirtualIPs: []string{"192.168.1.1", "192.168.2.129"}, Outside: []string{"192.168.2.129"}, VirtualMAC: "00:00:0c:9f:f0:0a", MACMode: "virtual",
		Address: "192.168.1.2", Active: &status.Peer{Address: "local", Priority: 110},
		Standby: &status.Peer{Address: "192.168.1.3", Priority: 100, MAC: "02:00:00:00:00:03", ExpiresMS: 9312},
		HelloMS: 3000, HoldMS: 10000, NextHelloMS: 1104, Auth: "md5", Transitions: 2,
		Tracks:   []status.TrackRef{{Object: "uplink", Number: 1, Up: true, Decrement: 20}, {Object: "core", Number: 2, Shutdown: true, Up: true}},
		Counters: status.Counters{Sent: 120, Received: 119, Rejected: map[string]uint64{"auth": 5, "ttl": 1}, Announced: 9, Answered: 4, Conflicts: 1},
		Cleared:  &status.Cleared{At: ago(30 * time.Second), Counters: status.Counters{Sent: 20, Received: 19, Rejected: map[string]uint64{"ttl": 1}, Announced: 3}},
		Takeover: []status.Takeover{
			{Address: "192.168.1.254", Proven: true, Method: "icmp", MS: 3.21, Detail: "192.168.1.254 delivers here: proven by icmp in 3.2ms"},
			{Address: "192.168.1.77", Detail: "192.168.1.77: not proven yet"},
		},
	}
}

func hsrpStandby() status.Group {
	return status.Group{
		Protocol: "hsrp", Version: 1, Family: 4, Interface: "enp129s0f0.100", ID: 255, Name: "hsrp-enp129s0f0.100-255", NameDefault: true,
		State: "Standby", Since: ago(5*day + 11*time.Hour), Priority: 100, ConfiguredPriority: 100,
		VirtualIPs: []string{"10.0.0.1"}, VirtualMAC: "00:00:0c:07:ac:ff", MACMode: "virtual",
		Active: &status.Peer{Address: "10.255.255.254", Priority: 120, ExpiresMS: 612}, Standby: &status.Peer{Address: "local"},
		HelloMS: 250, HoldMS: 800, NextHelloMS: 17, Transitions: 1, Delay: status.Delay{ReloadMS: 60_000},
	}
}

func hsrpInit() status.Group {
	return status.Group{
		Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth2", ID: 4095, Name: "lab",
		State: "Init", Obstacle: "tracked object core is down: no route", Priority: 5, ConfiguredPriority: 100, Preempt: true, MACMode: "interface",
		HelloMS: 3000, HoldMS: 10000, NextHelloMS: -1, Auth: "text", AuthText: "s3cret", Follow: "users",
	}
}

func hsrpIPv6() status.Group {
	return status.Group{
		Protocol: "hsrp", Version: 2, Family: 6, Interface: "eth1", ID: 10, Name: "users6",
		State: "Listen", Since: ago(4 * time.Hour), Priority: 100, ConfiguredPriority: 100,
		VirtualIPs: []string{"fe80::5:73ff:fea0:a", "2001:db8:1::1"}, VirtualMAC: "00:05:73:a0:00:0a", MACMode: "virtual",
		Active:  &status.Peer{Address: "fe80::a8bb:ccff:fe00:100", Priority: 105, MAC: "aa:bb:cc:00:01:00", ExpiresMS: 20000},
		Standby: &status.Peer{Address: "fe80::2", Priority: 101, ExpiresMS: 19000},
		HelloMS: 10000, HoldMS: 20000, NextHelloMS: -1, Transitions: 3,
	}
}

func vrrpActive() status.Group {
	return status.Group{
		Protocol: "vrrp", Version: 3, Family: 4, Interface: "eth2", ID: 20, Name: "lan",
		State: "Active", Since: ago(9*time.Minute + 47148*time.Millisecond), Priority: 110, ConfiguredPriority: 110, Preempt: true,
		VirtualIPs: []string{"172.16.20.1"}, VirtualMAC: "00:00:5e:00:01:14", MACMode: "virtual", Address: "172.16.20.2",
		Active: &status.Peer{Address: "local"}, HelloMS: 1000, HoldMS: 3570, NextHelloMS: 592, ForwardingOff: "net/ipv4/ip_forward",
		Tracks:   []status.TrackRef{{Object: "uplink", Number: 1, Up: true, Decrement: 20}, {Object: "7", Number: 3, Shutdown: true}},
		Counters: status.Counters{Sent: 2, Received: 1, Rejected: map[string]uint64{"version": 3, "auth": 2, "checksum": 1}},
	}
}

func vrrpBackup() status.Group {
	return status.Group{
		Protocol: "vrrp", Version: 3, Family: 6, Interface: "enp129s0f0.100", ID: 255, Name: "lan6",
		State: "Backup", Since: ago(10 * time.Minute), Priority: 95, ConfiguredPriority: 95,
		VirtualIPs: []string{"fe80::1", "2001:db8::1"}, VirtualMAC: "00:00:5e:00:02:ff", MACMode: "virtual", Address: "fe80::3",
		Active: &status.Peer{Address: "fe80::2", Priority: 110, ExpiresMS: 2783}, HelloMS: 1000, HoldMS: 3628, NextHelloMS: -1,
		Auth: "hmac", Keychain: "lan", HMAC: &status.HMAC{
			Mode: "permissive", Replay: "time", WindowMS: 5000, KeyID: 2, KeyDue: true,
			Peers: []status.HMACPeer{
				{Address: "fe80::2", Heard: ago(time.Second), LastGood: new(ago(time.Second)), KeyID: 1, SkewMS: -300, Enforce: true},
				{Address: "fe80::4", Heard: ago(time.Minute), LastBad: new(ago(time.Minute)), Reason: "auth-missing"},
			},
		},
	}
}

func vrrpInit() status.Group {
	return status.Group{
		Protocol: "vrrp", Version: 2, Family: 4, Interface: "eth3", ID: 1, Name: "own",
		State: "Initialize", Obstacle: "silent for 30s after eth3 came up: delay.minimum", Delay: status.Delay{MinimumMS: 30_000, ReloadMS: 250, LeftMS: 12_345}, Since: ago(20 * time.Minute), Priority: 255, ConfiguredPriority: 255, Preempt: true,
		VirtualMAC: "00:00:5e:00:01:01", HelloMS: 1000, HoldMS: 3003, NextHelloMS: -1, Auth: "text",
	}
}

func sampleOf(protocol string) []status.Group { return ofProtocol(sample().Groups, protocol) }

func transitions() []status.Transition {
	return []status.Transition{
		{ID: 1, Protocol: "hsrp", Interface: "eth1", Group: 10, From: "Speak", To: "Standby", At: ago(80 * time.Second), Cause: "standby-timer-expired"},
		{ID: 2, Protocol: "vrrp", Interface: "eth2", Group: 20, From: "Backup", To: "Active", At: ago(1500 * time.Millisecond),
			Cause: "active-timer-expired", Detail: "nothing heard from 172.16.20.3 for 3.57s"},
	}
}

// history is transitions with a command between them.
func history() []status.Past {
	ts := transitions()
	asked := ts[0]
	asked.From, asked.To, asked.Cause, asked.At, asked.Family = "", "", "", ago(2*time.Second), 4
	asked.Detail = "set priority 130, by uid 1000 (pid 4343)"
	return []status.Past{{Transition: ts[0]}, {Transition: asked, Command: &status.Command{Name: "set priority"}}, {Transition: ts[1]}}
}

func TestGolden(t *testing.T) {
	st, ts := sample(), history()
	for name, got := range map[string]string{
		"standby":            Standby(sampleOf("hsrp"), now),
		"standby-detail":     StandbyDetail(sampleOf("hsrp"), now),
		"standby-delay":      Delays(sampleOf("hsrp")),
		"standby-neighbors":  Neighbors(sampleOf("hsrp")),
		"standby-statistics": Statistics(st, sampleOf("hsrp"), now),
		"standby-brief":      StandbyBrief(sampleOf("hsrp")),
		"vrrp":               VRRP(sampleOf("vrrp"), now),
		"vrrp-detail":        VRRPDetail(sampleOf("vrrp"), now),
		"vrrp-statistics":    Statistics(st, sampleOf("vrrp"), now),
		"vrrp-brief":         VRRPBrief(sampleOf("vrrp")),
		"track":              Tracks(st, now),
		"takeover":           Takeover(st.Groups),
		"proofs":             Proofs(st.Groups[0].Takeover),
		"status":             Status(st, now),
		"events":             History(ts),
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, got) })
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestStatusHasTheTableOfAProtocolWithOneGroup(t *testing.T) {
	for want, g := range map[string]status.Group{StandbyBrief([]status.Group{hsrpActive()}): hsrpActive(), VRRPBrief([]status.Group{vrrpActive()}): vrrpActive()} {
		_, got, _ := strings.Cut(Status(&status.Status{Groups: []status.Group{g}}, now), "\n\n")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", g.Protocol, diff)
		}
	}
}

// detailed renders g in the form that has everything, whatever it speaks.
func detailed(g status.Group) string {
	if g.Protocol == "vrrp" {
		return VRRPDetail([]status.Group{g}, now)
	}
	return StandbyDetail([]status.Group{g}, now)
}

func short(g status.Group) string {
	if g.Protocol == "vrrp" {
		return VRRP([]status.Group{g}, now)
	}
	return Standby([]status.Group{g}, now)
}

func TestNewsIsToldUntilItIsOld(t *testing.T) {
	for _, g := range []status.Group{hsrpStandby(), vrrpBackup()} {
		for _, tt := range []struct {
			since time.Duration
			told  bool
		}{{5 * time.Second, true}, {59 * time.Minute, true}, {time.Hour, false}, {26 * time.Hour, false}} {
			at := ago(tt.since)
			g.Conflict = &status.Conflict{Address: "192.168.1.1", MAC: "02:00:00:00:00:66", Who: "foreign", Reason: "unknown-mac", At: at}
			g.Rival = &status.Rival{Address: "192.168.1.3", Reason: "auth", At: at}
			g.LastTransition = &status.Transition{ID: 9}
			g.PreActive = &status.PreActive{Transition: 9, Outcome: engine.TimedOut, WaitedMS: 500, Since: at}
			g.Hooks = []status.Hook{{Hook: "standby", Transition: 8, At: at, Error: "exit status 1"}}
			for _, want := range []string{
				"  Last conflict: 192.168.1.1 at 0200.0000.0066 (foreign, unknown-mac), " + Age(at, now) + " ago\n",
				"  Bad authentication from 192.168.1.3, remote state Active (auth), " + Age(at, now) + " ago\n",
				"  Address waited 0.500 sec for pre_active command (timeout)\n",
				"  Hook standby failed: exit status 1 (), " + Age(at, now) + " ago\n",
			} {
				for form, text := range map[string]string{"detail": detailed(g), "show status": Status(&status.Status{Groups: []status.Group{g}}, now)} {
					if strings.Contains(text, want) != tt.told {
						t.Errorf("%s, %s after %v: told %t, want %t: %q in\n%s", g.Protocol, form, tt.since, !tt.told, tt.told, want, text)
					}
				}
				if strings.Contains(short(g), want) {
					t.Errorf("%s: %q is in the plain form, where IOS has no such line", g.Protocol, want)
				}
			}
		}
	}
}

func TestDuplicateOfAnOwnAddressIsToldUntilItIsOld(t *testing.T) {
	for since, told := range map[time.Duration]bool{59 * time.Minute: true, time.Hour: false} {
		d := &status.Duplicate{Address: "192.168.1.2", MAC: "02:00:00:00:00:66", At: ago(since)}
		const line = "Duplicate address: 192.168.1.2 is this router's own and was seen at 0200.0000.0066, "
		for _, g := range []status.Group{hsrpActive(), vrrpActive()} {
			g.Duplicate = d
			for form, has := range map[string]bool{
				"detail": strings.Contains(detailed(g), line),
				"plain":  strings.Contains(short(g), "duplicate address 192.168.1.2 at 0200.0000.0066"),
				"status": strings.Contains(Status(&status.Status{Interfaces: []status.Interface{{Name: "eth1", Duplicate: d}}}, now), "eth1:\n  "+line),
			} {
				if has != told {
					t.Errorf("%s, %s after %v: told %t, want %t", g.Protocol, form, since, has, told)
				}
			}
		}
	}
}

func TestWhatWasPutBackIsToldUntilItIsOld(t *testing.T) {
	for since, told := range map[time.Duration]bool{59 * time.Minute: true, time.Hour: false} {
		i := status.Interface{Name: "eth1", Restored: status.Restored{Settings: 1, Last: new(ago(since))}}
		text := Status(&status.Status{Interfaces: []status.Interface{i}}, now)
		if strings.Contains(text, "changed by somebody else") != told {
			t.Errorf("after %v: want %t:\n%s", since, told, text)
		}
	}
}

func TestACommandThatFailedAtTheLastTransitionIsToldHoweverLongAgo(t *testing.T) {
	g := hsrpActive()
	g.LastTransition = &status.Transition{ID: 9}
	g.Hooks = []status.Hook{{Hook: "active", Command: []string{"/on"}, Transition: 9, At: ago(50 * time.Hour), Error: "exit status 1"}}
	if got, want := detailed(g), "  Hook active failed: exit status 1 (/on), 2d02h ago\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in:\n%s", want, got)
	}
}

func TestTwoActiveRoutersAreSeenInTheStateAndInDetail(t *testing.T) {
	for _, g := range []status.Group{hsrpActive(), vrrpActive()} {
		g.ForwardingOff = ""
		g.Rival = &status.Rival{Address: "192.168.1.3", Reason: "auth", Detail: "bad authentication from 192.168.1.3", At: ago(5 * time.Second), BothActive: true}
		if want := " (both routers are active: bad authentication from 192.168.1.3)\n"; !strings.Contains(short(g), want) {
			t.Errorf("no %q in:\n%s", want, short(g))
		}
		if want := ", 00:00:05 ago; both routers are active\n"; !strings.Contains(detailed(g), want) {
			t.Errorf("no %q in:\n%s", want, detailed(g))
		}
	}
}

func TestFollowerHasNoTimersToShow(t *testing.T) {
	g := hsrpInit()
	g.HelloMS, g.HoldMS = 0, 0
	if got := Standby([]status.Group{g}, now); strings.Contains(got, "Hello time") {
		t.Errorf("timers of a follower:\n%s", got)
	}
}

func TestActiveMACOfABurnedInGroupIsTheActiveRouters(t *testing.T) {
	g := hsrpStandby()
	g.MACMode, g.VirtualMAC, g.Active.MAC = "interface", "02:00:00:00:00:02", "02:00:00:00:00:01"
	got := Standby([]status.Group{g}, now)
	for _, want := range []string{
		"Active virtual MAC address is 0200.0000.0001 (MAC Not In Use)\n",
		"Local virtual MAC address is 0200.0000.0002 (bia)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestHooksAreShownWhenThereIsSomethingToTell(t *testing.T) {
	last := &status.Transition{ID: 7}
	failed := []status.Hook{
		{Hook: "active", Command: []string{"/on-active", "users"}, Transition: 7, At: ago(2 * time.Second), Exit: 3, Error: "exit status 3"},
		{Hook: "standby", Command: []string{"/on-standby"}, Transition: 5, At: ago(time.Hour)},
		{Hook: "pre_active", Skipped: 1},
	}
	for _, tt := range []struct {
		name  string
		wait  *status.PreActive
		hooks []status.Hook
		want  []string
	}{
		{"nothing", nil, failed[1:], nil},
		{"waits", &status.PreActive{Transition: 7, Outcome: engine.Waiting, WaitedMS: 180, LeftMS: 320}, nil,
			[]string{"  Address waits for pre_active command, 0.320 sec at most"}},
		{"waits with its leader", &status.PreActive{Transition: 7, Outcome: engine.Waiting, LeftMS: 320, Leader: "hsrp:eth0:1"}, nil,
			[]string{"  Address waits for pre_active command of hsrp:eth0:1, 0.320 sec at most"}},
		{"has waited", &status.PreActive{Transition: 7, Outcome: engine.TimedOut, WaitedMS: 500, Since: now}, nil,
			[]string{"  Address waited 0.500 sec for pre_active command (timeout)"}},
		{"has waited in an earlier term", &status.PreActive{Transition: 6, Outcome: engine.Succeeded, WaitedMS: 500}, nil, nil},
		{"a command failed", nil, failed, []string{"  Hook active failed: exit status 3 (/on-active users), 00:00:02 ago"}},
	} {
		h, v := hsrpActive(), vrrpActive()
		h.LastTransition, h.PreActive, h.Hooks = last, tt.wait, tt.hooks
		v.LastTransition, v.PreActive, v.Hooks = last, tt.wait, tt.hooks
		for _, text := range []string{detailed(h), detailed(v)} {
			var got []string
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "  Hook ") || strings.HasPrefix(line, "  Address ") {
					got = append(got, strings.TrimSuffix(line, "\n"))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
	}
}
