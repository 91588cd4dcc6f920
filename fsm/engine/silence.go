package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// silence is what becomes of a group's messages: of those to all routers of the
// link, for a route to a named peer says nothing about the way to the hosts.
type silence struct {
	missed int       // that did not leave, since one did
	left   time.Time // when one did; zero: never
}

// silentMessages is how many messages in a row must have been missed before
// their absence means something.
const silentMessages = 3

// spoke notes that a message left.
func (s *silence) spoke(now time.Time) { s.missed, s.left = 0, now }

// missed notes that a message of g did not leave. Who claims the role while
// nobody hears it is not the only one for longer than the others wait, so it
// stops then.
func (g *group) missed(now time.Time, err error) {
	s := &g.silence
	s.missed++
	if g.tenure.claims() && s.missed >= silentMessages && now.Sub(s.left) >= g.peersHold(g.machine.Status()) {
		g.stepAside(now, fsm.CauseInterfaceDown, fmt.Sprintf("no message leaves %s: %v", g.Interface, err))
	}
}
