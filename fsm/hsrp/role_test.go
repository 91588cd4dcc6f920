package hsrp

import (
	"testing"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

func TestRoleOfEveryState(t *testing.T) {
	for state, want := range map[hello.HSRPState]fsm.Role{
		hello.Initial: fsm.Idle, hello.Learn: fsm.Idle, hello.Listen: fsm.Idle,
		hello.Speak: fsm.Candidate, hello.Standby: fsm.Standby, hello.Active: fsm.Active,
	} {
		g := Group{state: state}
		if got := g.Status().Role; got != want {
			t.Errorf("%s: role %d, want %d", state, got, want)
		}
	}
}
