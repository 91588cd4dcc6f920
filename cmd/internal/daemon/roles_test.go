package daemon

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// groupsIn returns groups of HSRP on eth1, numbered from 1, in these states.
func groupsIn(states ...string) (list []engine.GroupStatus) {
	for i, s := range states {
		list = append(list, engine.GroupStatus{
			Group:   engine.Group{Ref: engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Interface: "eth1", Number: uint16(i + 1)}},
			Machine: fsm.Status{State: s},
		})
	}
	return list
}

// moved is a transition of the group of such a number.
func movedTo(number int, state string) *status.Transition {
	return &status.Transition{Protocol: "hsrp", Family: 4, Interface: "eth1", Group: number, To: state}
}

func TestRolesInOneLine(t *testing.T) {
	var r roles
	groups := groupsIn("Active", "Init")
	both := groups[0]
	both.Family = hello.IPv6
	r.init(append(groups, both))
	r.note(movedTo(2, "Standby"))
	if got, want := r.String(), "hsrp:eth1:1 Active, eth1:2 Standby, hsrp6:eth1:1 Active"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestManyRolesAreCounted(t *testing.T) {
	var states []string
	for range 188 {
		states = append(states, "Standby")
	}
	for range 812 {
		states = append(states, "Active")
	}
	var r roles
	r.init(groupsIn(states...))
	if got, want := r.String(), "812 Active, 188 Standby"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSystemdIsToldOfRolesThatChangeAndNotTooOften(t *testing.T) {
	next := manager(t)
	d, _ := told()
	d.events = newWorker()
	d.roles.init(groupsIn("Init"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.followRoles(ctx) }()
	begun := time.Now()
	d.publish(status.Event{Kind: "transition", Transition: movedTo(1, "Listen")})
	if got, want := next(), "STATUS=eth1:1 Listen"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	for n := range 100 {
		d.publish(status.Event{Kind: "transition", Transition: movedTo(1, fmt.Sprintf("S%d", n))})
	}
	times := 1
	for last := ""; last != "STATUS=eth1:1 S99"; times++ {
		last = next()
	}
	if most := 1 + int(time.Since(begun)/statusEvery); times > most {
		t.Errorf("told %d times within %v, want %d at most", times, time.Since(begun), most)
	}
	cancel()
	<-ended
}
