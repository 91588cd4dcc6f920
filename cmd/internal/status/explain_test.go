package status

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

var (
	moved   = time.Date(2026, 3, 1, 12, 0, 13, 70e6, time.UTC)
	peer4   = netip.MustParseAddr("192.0.2.11")
	peerMAC = hello.MAC{2, 0, 0, 0, 0, 9}
	ownMAC  = hello.MAC{2, 0, 0, 0, 0, 1}
)

// users is an HSRP group that has not left its first state.
func users() engine.GroupStatus {
	return engine.GroupStatus{
		Group: engine.Group{
			Ref:  engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Interface: "eth0", Number: 10},
			Name: "users", Version: 2,
		},
		Machine: fsm.Status{State: "Init"}, SetPriority: -1,
	}
}

// takenOver is the same group, which has taken over from a router that fell
// silent.
func takenOver() engine.GroupStatus {
	g := users()
	local := fsm.Peer{Known: true, Local: true, Priority: 110, MAC: ownMAC}
	g.Machine = fsm.Status{State: "Active", Active: local, HelloTime: time.Second, HoldTime: 3 * time.Second, Role: fsm.Active}
	g.InForce = fsm.SetPriority{Effective: 110, Configured: 110}
	g.Transitions, g.Since = 4, moved
	g.Last = &engine.Transition{
		ID: 17, Group: g.Ref, Name: g.Name, From: "Standby", To: "Active", At: moved,
		Cause: fsm.CauseActiveTimer, Detail: "no hello from 192.0.2.11 for 3s.",
		Facts: engine.Facts{
			Priority:  fsm.SetPriority{Effective: 110, Configured: 120},
			Active:    fsm.Peer{Known: true, Addr: peer4, Priority: 200, MAC: peerMAC, Expires: moved.Add(-70 * time.Millisecond)},
			Standby:   local,
			HelloTime: time.Second, HoldTime: 3 * time.Second,
			Heard: engine.Heard{At: moved.Add(-3070 * time.Millisecond), From: peer4, Op: hello.OpHello, State: hello.Active, Priority: 200},
		},
	}
	return g
}

func TestExplainNamesCauseAndFacts(t *testing.T) {
	g := takenOver()
	x, err := Explain(moved.Add(90*time.Second), engine.Status{Groups: []engine.GroupStatus{g}}, nil, Question{Group: "eth0:10"})
	if err != nil {
		t.Fatal(err)
	}
	want := &Explanation{
		Group: "hsrp:eth0:10", Transition: new(TransitionOf(*g.Last)), Changes: []Change{},
		Lines: []string{
			"hsrp:eth0:10 went from Standby to Active 1m30s ago, at 12:00:13.070.",
			"Cause: active-timer-expired: nothing was heard from the active router for the hold time.",
			"Facts: no hello from 192.0.2.11 for 3s.",
			"Before it: active router 192.0.2.11, priority 200, expires in -70ms; own priority 110 (configured 120).",
			"Now: state Active, active router local.",
		},
		Facts: []Fact{
			{"own priority", "110 (configured 120)"},
			{"active router", "192.0.2.11, priority 200, expires in -70ms"},
			{"standby router", "local"},
			{"timers", "hello 1s, hold 3s"},
			{"last heard", "Hello Active from 192.0.2.11, priority 200, 3.07s before"},
		},
	}
	if diff := cmp.Diff(want, x); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExplainNamesWhatAGroupWaitsForSinceTheStart(t *testing.T) {
	for obstacle, want := range map[string]string{
		"eth0 does not exist":             "(eth0 does not exist).",
		"eth0 is down":                    "(eth0 is down).",
		"eth0 has no usable IPv4 address": "(eth0 has no usable IPv4 address).",
		"eth0 has no usable IPv4 address: 192.0.2.1 is the group's virtual address": "(eth0 has no usable IPv4 address: 192.0.2.1 is the group's virtual address).",
		"": "(it has just been started).",
	} {
		g := users()
		g.Obstacle = obstacle
		x, err := Explain(moved, engine.Status{Groups: []engine.GroupStatus{g}}, nil, Question{Group: ""})
		if err != nil {
			t.Fatal(err)
		}
		explained := &Explanation{
			Group: "hsrp:eth0:10", Changes: []Change{}, Facts: []Fact{},
			Lines: []string{"hsrp:eth0:10 has not changed state since the start: it is in Init " + want},
		}
		if diff := cmp.Diff(explained, x); diff != "" {
			t.Errorf("%s (-want +got):\n%s", obstacle, diff)
		}
	}
}

// The obstacle of a group that has moved before is told where it is news.
func TestExplainTellsOfTheObstacleAfterAMove(t *testing.T) {
	const silent = "silent for 30s after eth0 came up: delay.minimum"
	for _, tt := range []struct {
		obstacle string
		left     time.Duration
		want     string
	}{
		{"eth0 is down", 0, "Now: state Init, active router unknown."},
		{"maintenance is on", 0, "Now: state Init, active router unknown; it waits: maintenance is on."},
		{silent, 12345 * time.Millisecond, "Now: state Init, active router unknown; it waits: " + silent + ", 12s left."},
	} {
		g := users()
		g.Obstacle, g.DelayLeft = tt.obstacle, tt.left
		g.Last = &engine.Transition{ID: 18, Group: g.Ref, From: "Active", To: "Init", At: moved, Cause: fsm.CauseInterfaceDown, Detail: "eth0 is down"}
		x, err := Explain(moved, engine.Status{Groups: []engine.GroupStatus{g}}, nil, Question{Group: ""})
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Lines[len(x.Lines)-1]; got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestExplainTellsOfTheWait(t *testing.T) {
	const now = "Now: state Active, active router local"
	leader := engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv6, Interface: "eth1", Number: 7}
	for _, tt := range []struct {
		name string
		wait engine.Wait
		want string
	}{
		{"none", engine.Wait{}, now + "."},
		{"goes on", engine.Wait{Transition: 17, Outcome: engine.Waiting, Waited: 100 * time.Millisecond, Left: 400 * time.Millisecond},
			now + "; the address waits for the pre_active command, 400ms at most."},
		{"goes on for the leader", engine.Wait{Transition: 17, Outcome: engine.Waiting, Left: 2 * time.Second, Leader: leader},
			now + "; the address waits for the pre_active command of vrrp6:eth1:7, 2s at most."},
		{"well ended", engine.Wait{Transition: 17, Outcome: engine.Succeeded, Waited: 100 * time.Millisecond},
			now + "; the address was taken 100ms later, when the pre_active command had ended."},
		{"well ended of the leader", engine.Wait{Transition: 17, Outcome: engine.Succeeded, Waited: 100 * time.Millisecond, Leader: leader},
			now + "; the address was taken 100ms later, when the pre_active command of vrrp6:eth1:7 had ended."},
		{"failed", engine.Wait{Transition: 17, Outcome: engine.Failed, Waited: 30 * time.Millisecond, Err: "exit status 1"},
			now + "; the address was taken 30ms later: exit status 1."},
		{"of another transition", engine.Wait{Transition: 9, Outcome: engine.Succeeded, Waited: 100 * time.Millisecond}, now + "."},
	} {
		g := takenOver()
		g.Wait = tt.wait
		x, err := Explain(moved, engine.Status{Groups: []engine.GroupStatus{g}}, nil, Question{Group: "users"})
		if err != nil || len(x.Lines) != 5 {
			t.Fatalf("%s: %v, %q", tt.name, err, x.Lines)
		}
		if x.Lines[4] != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, x.Lines[4], tt.want)
		}
	}
}

func TestExplainWithoutAReferenceIsAboutTheLastMove(t *testing.T) {
	still, first, last := users(), takenOver(), takenOver()
	still.Number, last.Number = 1, 3
	last.Last = new(*first.Last)
	last.Last.ID = 18
	for _, groups := range [][]engine.GroupStatus{{still, first, last}, {last, first, still}} {
		if x, err := Explain(moved, engine.Status{Groups: groups}, nil, Question{Group: ""}); err != nil || x.Group != "hsrp:eth0:3" {
			t.Errorf("%+v, %v, want hsrp:eth0:3", x, err)
		}
	}
}

func TestExplainOfNoGroup(t *testing.T) {
	_, err := Explain(moved, engine.Status{Groups: []engine.GroupStatus{users()}}, nil, Question{Group: "eth9:1"})
	if _, ok := errors.AsType[*engine.GroupError](err); !ok {
		t.Errorf("a group that does not exist: %v", err)
	}
	if _, err := Explain(moved, engine.Status{}, nil, Question{Group: ""}); err == nil || err.Error() != "no group is configured" {
		t.Errorf("without groups: %v", err)
	}
}

// What a standby router does of its own is not what is asked for.
func TestExplainWithoutAReferencePrefersAChangeOfWhoServes(t *testing.T) {
	served, moved17, moved99 := takenOver(), takenOver(), takenOver()
	served.Number, moved17.Number, moved99.Number = 1, 2, 3
	served.Change = &engine.Change{ID: 1, Group: served.Ref, At: moved, To: engine.Holder{Known: true, Local: true}}
	moved99.Last = new(*moved99.Last)
	moved99.Last.ID = 99
	for _, groups := range [][]engine.GroupStatus{{served, moved17, moved99}, {moved99, moved17, served}} {
		if x, err := Explain(moved, engine.Status{Groups: groups}, nil, Question{}); err != nil || x.Group != "hsrp:eth0:1" {
			t.Errorf("%+v, %v, want hsrp:eth0:1", x, err)
		}
	}
}

func TestExplainOfATimeLeavesOutWhatIsOlder(t *testing.T) {
	g := takenOver()
	var changes []*engine.Change
	for n := range 4 {
		changes = append(changes, &engine.Change{ID: n + 1, Group: g.Ref, At: moved.Add(time.Duration(n) * time.Hour), To: engine.Holder{Known: true, Local: true}})
	}
	changes[3].Group.Number = 99
	now := moved.Add(3 * time.Hour)
	for _, tt := range []struct {
		q    Question
		want []int
	}{
		{Question{Group: "eth0:10", All: true}, []int{1, 2, 3}},
		{Question{All: true}, []int{1, 2, 3, 4}},
		{Question{Since: 90 * time.Minute}, []int{3, 4}},
		{Question{Group: "eth0:10", Since: time.Minute}, nil},
	} {
		x, err := Explain(now, engine.Status{Groups: []engine.GroupStatus{g}}, changes, tt.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, c := range x.Changes {
			got = append(got, c.ID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || len(x.Lines) == 0 {
			t.Errorf("%+v: %q (-want +got):\n%s", tt.q, x.Lines, diff)
		}
	}
}

// A story in which the switch lost the active router's port begins there.
func TestExplainTellsOfTheUnderstudy(t *testing.T) {
	g, began := takenOver(), moved.Add(-2900*time.Millisecond)
	stint := &engine.Stint{Began: &engine.Record{ID: 1, At: began, Kind: engine.RecordUnderstudy, Peer: peer4}, For: moved.Sub(began), Packets: 2871, Took: true}
	g.Stint, g.Change = stint, &engine.Change{
		ID: 1, Group: g.Ref, At: moved, From: engine.Holder{Known: true, Addr: peer4}, To: engine.Holder{Known: true, Local: true},
		Records: []*engine.Record{stint.Began, {ID: 2, At: moved, Kind: engine.RecordTransition, After: nil, Transition: g.Last}},
		Taken:   moved, LastSign: moved.Add(-3 * time.Second), Covered: stint,
	}
	explain := func() []string {
		t.Helper()
		x, err := Explain(moved.Add(5*time.Second), engine.Status{Groups: []engine.GroupStatus{g}}, nil, Question{Group: "eth0:10"})
		if err != nil {
			t.Fatal(err)
		}
		return x.Lines
	}
	want := []string{
		"hsrp:eth0:10: this router took over from 192.0.2.11 at 2026-03-01 12:00:13.070 (5s ago).",
		"First, at 12:00:10.170: frames for the virtual MAC were flooded and 192.0.2.11 did not answer: this router forwarded for it from then on.",
		"  12:00:13.070  this router went from Standby to Active (active-timer-expired)",
		"Cost: at most 3s without an owner, from 12:00:10.070 (the last sign of 192.0.2.11) to 12:00:13.070 (this router took it), in which this router forwarded for the former one from 12:00:10.170 on (2871 packets flooded).",
		"If that was not intended, look at cable, switch port and interface of 192.0.2.11: the switch had lost it.",
		"Now: state Active, active router local, own priority 110 (configured 110).",
	}
	if diff := cmp.Diff(want, explain()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	g.Change, stint.Took, stint.For, stint.End = nil, false, 812*time.Millisecond, "it is heard"
	ended := "At 12:00:10.170 frames for the virtual MAC were flooded and 192.0.2.11 did not answer: this router forwarded for it from then on. " +
		"That ended after 812ms (2871 packets flooded): it is heard."
	if lines := explain(); lines[len(lines)-2] != ended {
		t.Errorf("said %q, want %q", lines, ended)
	}
	g.Covers = &engine.Understudy{Since: moved, Of: peer4, Packets: 1}
	now := "Now: state Active, active router local; it does not answer, and this router forwards for it since 12:00:13.070 (1 packet flooded)."
	if lines := explain(); lines[len(lines)-1] != now {
		t.Errorf("said %q, want %q", lines, now)
	}
}

// The time without an owner does not end with a word of one who has come back without
// the role.
func TestCostOfAnOwnerThatIsBackWithoutTheRole(t *testing.T) {
	c := &engine.Change{
		At: moved, Taken: moved, LastSign: moved.Add(-3 * time.Second),
		From: engine.Holder{Known: true, Addr: peer4}, To: engine.Holder{Known: true, Local: true},
		Records: []*engine.Record{{At: moved.Add(-200 * time.Millisecond), Kind: engine.RecordPeer, Peer: peer4}},
	}
	want := "at most 3s without an owner, from 12:00:10.070 (192.0.2.11 said last that it is active) to 12:00:13.070 (this router took it)"
	if got := unserved(c); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
