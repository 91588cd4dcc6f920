package follow

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/internal/scenario"
	"github.com/fhrpd/fhrpd/hello"
)

// One interface drives every machine.
var _ scenario.Machine = (*Follower)(nil)

var (
	t0   = time.Unix(1_700_000_000, 0)
	addr = netip.MustParseAddr("192.0.2.5")
	mac  = hello.MAC{2, 0, 0, 0, 0, 5}
	vips = []netip.Addr{netip.MustParseAddr("192.0.2.254")}
)

// The events of the tests.
var (
	up            = fsm.Up{Addr: addr, MAC: mac}
	down          = fsm.Down{Cause: fsm.CauseInterfaceDown, Detail: "eth1 has no carrier"}
	leaderActive  = fsm.Leader{Active: true, Cause: fsm.CauseActiveTimer, Detail: "nothing from 192.0.2.9"}
	leaderStandby = fsm.Leader{Standby: true, Cause: fsm.CauseStandbyTimer}
	leaderNeither = fsm.Leader{Cause: fsm.CauseStopped}
	fenced        = fsm.Fenced{Cause: fsm.CauseLeaseLost, Detail: "not renewed for 3s"}
	hsrpConfig    = Config{Protocol: hello.ProtocolHSRP, VirtualIPs: vips}
	vrrpConfig    = Config{Protocol: hello.ProtocolVRRP, VirtualIPs: vips}
)

// situations are everything a follower can be in, by the events that lead there.
var situations = []struct {
	name   string
	events []fsm.Event
}{
	{"down", nil},
	{"down, leader active", []fsm.Event{leaderActive}},
	{"listening", []fsm.Event{up}},
	{"standby", []fsm.Event{up, leaderStandby}},
	{"active", []fsm.Event{up, leaderActive}},
	{"pausing after the fence", []fsm.Event{up, leaderActive, fenced}},
}

func in(c Config, events ...fsm.Event) *Follower {
	f := New(c)
	for _, ev := range events {
		f.Step(t0, ev)
	}
	return f
}

// script renders actions in order: "release, withdraw, Active>Init (cause)".
func script(actions []fsm.Action) string { return scenario.Script(actions, nil) }

// row is an event, one second after t0, and what it does in each situation:
// the actions, a slash, and the state after it. "=" is "nothing".
type row struct {
	name  string
	event fsm.Event
	cells [6]string
}

var chart = []row{
	//                     down, down+leader, listening, standby, active, fenced
	{"up", up, [6]string{
		"withdraw, Init>Listen (started)/Listen", "acquire, claim, Init>Active (started)/Active", "=", "=", "=", "="}},
	{"up with another MAC", fsm.Up{Addr: addr, MAC: hello.MAC{2, 9}}, [6]string{
		"withdraw, Init>Listen (started)/Listen", "acquire, claim, Init>Active (started)/Active", "=", "=", "reassert/Active", "="}},
	{"up with another address", fsm.Up{Addr: netip.MustParseAddr("192.0.2.6"), MAC: mac}, [6]string{
		"withdraw, Init>Listen (started)/Listen", "acquire, claim, Init>Active (started)/Active", "=", "=", "=", "="}},
	{"down", down, [6]string{
		"=", "=", "Listen>Init (interface-down)/Init", "Standby>Init (interface-down)/Init",
		"release, withdraw, Active>Init (interface-down)/Init",
		"Listen>Init (interface-down)/Init"}},
	{"leader active", leaderActive, [6]string{
		"=", "=", "acquire, claim, Listen>Active (leader)/Active", "acquire, claim, Standby>Active (leader)/Active", "=", "="}},
	{"leader standby", leaderStandby, [6]string{
		"=", "=", "Listen>Standby (leader)/Standby", "=", "release, withdraw, Active>Standby (leader)/Standby",
		"Listen>Standby (leader)/Standby"}},
	{"leader neither", leaderNeither, [6]string{
		"=", "=", "=", "Standby>Listen (leader)/Listen", "release, withdraw, Active>Listen (leader)/Listen", "="}},
	{"fenced", fenced, [6]string{
		"=", "=", "=", "=", "release, Active>Listen (lease-lost)/Listen", "="}},
	{"early tick", fsm.Tick{}, [6]string{"=", "=", "=", "=", "=", "="}},
	{"received", &fsm.Received{From: addr, Message: &hello.HSRP{State: hello.Active, Priority: 255}},
		[6]string{"=", "=", "=", "=", "=", "="}},
	{"set priority", fsm.SetPriority{Effective: 90, Configured: 100}, [6]string{"=", "=", "=", "=", "=", "="}},
	{"no event", nil, [6]string{"=", "=", "=", "=", "=", "="}},
}

func TestChart(t *testing.T) {
	for _, row := range chart {
		for i, s := range situations {
			t.Run(row.name+"/"+s.name, func(t *testing.T) {
				f := in(hsrpConfig, s.events...)
				actions, state, change := strings.Cut(row.cells[i], "/")
				if !change {
					actions, state = "", f.Status().State
				}
				got := script(f.Step(t0.Add(time.Second), row.event))
				if diff := cmp.Diff(actions, got); diff != "" {
					t.Errorf("actions (-want +got)\n%s", diff)
				}
				if got := f.Status().State; got != state {
					t.Errorf("state %s, want %s", got, state)
				}
			})
		}
	}
}

// TestVRRPNames proves that a follower of VRRP uses its words, and that Standby
// is not a change of state there.
func TestVRRPNames(t *testing.T) {
	f := New(vrrpConfig)
	for _, step := range []struct {
		event fsm.Event
		want  string
	}{
		{up, "withdraw, Initialize>Backup (started)"},
		{leaderStandby, ""},
		{leaderActive, "acquire, claim, Backup>Active (leader)"},
		{leaderStandby, "release, withdraw, Active>Backup (leader)"},
		{leaderNeither, ""},
		{down, "Backup>Initialize (interface-down)"},
	} {
		if diff := cmp.Diff(step.want, script(f.Step(t0, step.event))); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", step.event, diff)
		}
	}
}

// TestPause proves that a follower which lost the role comes back by itself.
func TestPause(t *testing.T) {
	const comesBack = "acquire, claim, Listen>Active (leader)"
	t.Run("tries again when the pause ends", func(t *testing.T) {
		f := in(hsrpConfig, up, leaderActive, fenced)
		at, armed := f.Deadline()
		if want := t0.Add(DefaultRetry); !armed || !at.Equal(want) {
			t.Fatalf("deadline %v, %v, want %v", at, armed, want)
		}
		if got := script(f.Step(at.Add(-1), fsm.Tick{})); got != "" {
			t.Errorf("a nanosecond early: %s", got)
		}
		if diff := cmp.Diff(comesBack, script(f.Step(at, fsm.Tick{}))); diff != "" {
			t.Errorf("at the deadline (-want +got)\n%s", diff)
		}
		if at, armed := f.Deadline(); armed {
			t.Errorf("still a deadline at %v", at)
		}
	})
	t.Run("a fresh start ends it", func(t *testing.T) {
		f := in(hsrpConfig, up, leaderActive, fenced, down)
		if diff := cmp.Diff("acquire, claim, Init>Active (interface-up)", script(f.Step(t0, up))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("as long as configured", func(t *testing.T) {
		f := in(Config{Protocol: hello.ProtocolHSRP, RetryAfter: time.Second}, up, leaderActive, fenced)
		if at, _ := f.Deadline(); !at.Equal(t0.Add(time.Second)) {
			t.Errorf("deadline %v after the fence, want 1s", at.Sub(t0))
		}
	})
	t.Run("ends with the leader's after the fence", func(t *testing.T) {
		f := in(hsrpConfig, up, leaderActive, fenced, leaderNeither)
		if diff := cmp.Diff(comesBack, script(f.Step(t0, leaderActive))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestNothingToLose proves that who does not hold the role is not fenced, and
// that a group which never ran starts as such.
func TestNothingToLose(t *testing.T) {
	f := in(hsrpConfig, up, leaderStandby, fenced)
	if at, armed := f.Deadline(); armed {
		t.Errorf("fenced in Standby: a pause until %v", at)
	}
	if diff := cmp.Diff("acquire, claim, Standby>Active (leader)", script(f.Step(t0, leaderActive))); diff != "" {
		t.Errorf("fenced in Standby (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff("withdraw, Init>Listen (started)", script(in(hsrpConfig, down).Step(t0, up))); diff != "" {
		t.Errorf("down before the first up (-want +got)\n%s", diff)
	}
}

// TestConfigIsCopied proves that the caller may reuse its slice.
func TestConfigIsCopied(t *testing.T) {
	mine := []netip.Addr{vips[0]}
	f := New(Config{Protocol: hello.ProtocolHSRP, VirtualIPs: mine})
	mine[0] = addr
	if got := f.Status().VirtualIPs[0]; got != vips[0] {
		t.Errorf("virtual address is %v, want %v", got, vips[0])
	}
}

// TestReady proves when the leader has to be taken along.
func TestReady(t *testing.T) {
	want := map[string]bool{"listening": true, "standby": true, "active": true}
	for _, s := range situations {
		if got := in(hsrpConfig, s.events...).Ready(); got != want[s.name] {
			t.Errorf("%s: Ready is %v", s.name, got)
		}
	}
	if f := in(hsrpConfig, up, leaderActive, fenced, leaderNeither); !f.Ready() {
		t.Error("not ready though the leader listens as well")
	}
}

// TestReport proves that a transition says why, with the leader's own reason.
func TestReport(t *testing.T) {
	for _, tc := range []struct {
		name   string
		events []fsm.Event
		want   fsm.Report
	}{
		{"leader became active", []fsm.Event{up, leaderActive}, fsm.Report{From: "Listen", To: "Active",
			Cause: fsm.CauseLeader, Detail: "leader is active: active-timer-expired, nothing from 192.0.2.9"}},
		{"leader became standby", []fsm.Event{up, leaderStandby}, fsm.Report{From: "Listen", To: "Standby",
			Cause: fsm.CauseLeader, Detail: "leader is standby: standby-timer-expired"}},
		{"leader stopped", []fsm.Event{up, leaderActive, leaderNeither}, fsm.Report{From: "Active", To: "Listen",
			Cause: fsm.CauseLeader, Detail: "leader is not active: stopped"}},
		{"up, leader unknown", []fsm.Event{up}, fsm.Report{From: "Init", To: "Listen",
			Cause: fsm.CauseStarted, Detail: "leader is not active"}},
		{"up under an active leader", []fsm.Event{up, down, leaderActive, up}, fsm.Report{From: "Init", To: "Active",
			Cause: fsm.CauseInterfaceUp, Detail: "leader is active: active-timer-expired, nothing from 192.0.2.9"}},
		{"down", []fsm.Event{up, leaderActive, down}, fsm.Report{From: "Active", To: "Init",
			Cause: fsm.CauseInterfaceDown, Detail: "eth1 has no carrier"}},
		{"fenced", []fsm.Event{up, leaderActive, fenced}, fsm.Report{From: "Active", To: "Listen",
			Cause: fsm.CauseLeaseLost, Detail: "not renewed for 3s"}},
	} {
		last := len(tc.events) - 1
		actions := in(hsrpConfig, tc.events[:last]...).Step(t0, tc.events[last])
		if diff := cmp.Diff(fsm.Action(tc.want), actions[len(actions)-1]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestStatus(t *testing.T) {
	set := fsm.SetPriority{Effective: 90, Configured: 110}
	local := fsm.Peer{Known: true, Local: true, Priority: 90, MAC: mac}
	base := fsm.Status{Priority: 90, Configured: 110, VirtualIPs: vips}
	with := func(f func(*fsm.Status)) fsm.Status { s := base; f(&s); return s }
	for _, tc := range []struct {
		name   string
		config Config
		events []fsm.Event
		want   fsm.Status
	}{
		{"down", hsrpConfig, []fsm.Event{set}, with(func(s *fsm.Status) { s.State = "Init" })},
		{"listening", hsrpConfig, []fsm.Event{set, up}, with(func(s *fsm.Status) { s.State = "Listen" })},
		{"standby", hsrpConfig, []fsm.Event{set, up, leaderStandby},
			with(func(s *fsm.Status) { s.State, s.Standby, s.Role = "Standby", local, fsm.Standby })},
		{"active", hsrpConfig, []fsm.Event{set, up, leaderActive},
			with(func(s *fsm.Status) { s.State, s.Active, s.Role = "Active", local, fsm.Active })},
		{"VRRP, leader standby", vrrpConfig, []fsm.Event{set, up, leaderStandby},
			with(func(s *fsm.Status) { s.State, s.Role = "Backup", fsm.Candidate })},
		{"VRRP, down", vrrpConfig, []fsm.Event{set}, with(func(s *fsm.Status) { s.State = "Initialize" })},
	} {
		got := in(tc.config, tc.events...).Status()
		if diff := cmp.Diff(tc.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

// TestRoleIsHeldOnce proves over every sequence of four events that what is
// acquired is released before it is acquired again, and that the state agrees.
func TestRoleIsHeldOnce(t *testing.T) {
	events := []fsm.Event{up, down, leaderActive, leaderStandby, leaderNeither, fenced, fsm.Tick{}}
	n := len(events)
	for code := range n * n * n * n {
		f, holds := in(hsrpConfig, up, leaderActive), true
		now := t0
		for rest := code; rest > 0; rest /= n {
			now = now.Add(6 * time.Second)
			for _, a := range f.Step(now, events[rest%n]) {
				switch a.(type) {
				case fsm.Acquire, fsm.Release:
					if _, acquires := a.(fsm.Acquire); acquires == holds {
						t.Fatalf("sequence %d: %T while holding: %v", code, a, holds)
					}
					holds = !holds
				}
			}
			if active := f.Status().Role == fsm.Active; active != holds {
				t.Fatalf("sequence %d: active %v, holding %v", code, active, holds)
			}
		}
	}
}
