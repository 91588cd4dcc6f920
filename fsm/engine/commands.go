package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp/prove"
)

// find returns the group that an operator's text names.
func (e *Engine) find(text string) (*group, error) {
	names := make([]Named, len(e.groups))
	for i, g := range e.groups {
		names[i] = Named{g.Ref, g.Name}
	}
	i, err := Find(names, text)
	if err != nil {
		return nil, err
	}
	return e.groups[i], nil
}

// serving returns the group that text names, which must be active here and have
// its address.
func (e *Engine) serving(text, command string) (*group, error) {
	g, err := e.find(text)
	switch {
	case err != nil:
	case g.tenure == waiting:
		err = refused(command, g, "its address is not taken yet: it waits for the pre_active command")
	case g.tenure != serving:
		err = refused(command, g, "it is not active here (state %s)", g.machine.Status().State)
	}
	return g, err
}

func refused(command string, g *group, reason string, args ...any) error {
	return &RefusedError{Command: command, Group: g.Ref.String(), Reason: fmt.Sprintf(reason, args...)}
}

// SetPriority overrides a group's priority until it is called with -1, which
// restores the configuration's, and ends what a hand-over has left. Values are 0-255 in HSRP and 1-254 in VRRP,
// where 255 is an address owner's and cannot be changed (RFC 9568 section
// 5.2.4). The error is a *GroupError or a *RefusedError.
func (e *Engine) SetPriority(now time.Time, by Caller, ref string, value int) error {
	g, err := e.find(ref)
	if err != nil {
		return err
	}
	const command = CommandSetPriority
	least, most := g.priorities()
	switch {
	case e.stopped:
		return refused(command, g, "the daemon stops")
	case value != -1 && (value < least || value > most):
		return refused(command, g, "%d is out of range: want %d to %d, or default", value, least, most)
	case g.Follow != "":
		return refused(command, g, "it has none: it follows %s", g.Follow)
	case g.OwnsAddress():
		return refused(command, g, "its priority is that of the address owner, 255")
	}
	asked := g.commanded(now, Command{Name: command, By: by, Priority: value})
	g.priority.override = value
	g.prioritize(now, asked)
	if g.machine.Status().Yielded { // an operator's word counts more than an earlier one
		g.story.began = asked
		g.step(now, fsm.Contend{})
	}
	e.Flush(now)
	return nil
}

// Announce sends the announcements of an active group now and starts their
// schedule again. The error is a *GroupError or a *RefusedError.
func (e *Engine) Announce(now time.Time, by Caller, ref string) error {
	g, err := e.serving(ref, CommandAnnounce)
	if err != nil {
		return err
	}
	g.commanded(now, Command{Name: CommandAnnounce, By: by})
	g.turned()
	g.announce(now, fsm.Claim)
	g.tell(now, KindAnnounce, "announced on request")
	e.Flush(now)
	return nil
}

// Verify proves the takeover of an active group afresh. Proofs tells when it has
// come to an end. The error is a *GroupError or a *RefusedError.
func (e *Engine) Verify(now time.Time, ref string) error {
	g, err := e.serving(ref, "verify")
	if err != nil {
		return err
	}
	if !g.proof.Neighbors() {
		return refused("verify", g, "no neighbour is configured and no default route leads through %s: set neighbors", g.Interface)
	}
	g.turned()
	g.prove(now)
	g.proof.due(now, g)
	e.Flush(now)
	return nil
}

// Proofs returns the proofs of a group and whether all have come to an end. The
// error is a *GroupError.
func (e *Engine) Proofs(ref string) (proofs []prove.Result, settled bool, err error) {
	g, err := e.find(ref)
	if err != nil {
		return nil, false, err
	}
	return g.proof.Results(), g.proof.Settled() || !g.tenure.hasAddress(), nil
}

// PreActiveDone is the answer to Options.PreActive: the command that was asked
// for with this transition has ended, in success when err is nil. What nobody
// waits for any more is ignored.
func (e *Engine) PreActiveDone(now time.Time, id ID, transition int, err error) {
	g := e.byID[id]
	if e.stopped || g == nil || g.wait == nil || !g.wait.running || g.last.ID != transition {
		return
	}
	g.commandEnded(now, err)
	e.Flush(now)
}

// Prepared is the port's word on a group that it could not prepare when Add was
// called, because its interface was not open: err is nil, or why the group cannot
// serve there.
func (e *Engine) Prepared(now time.Time, id ID, err error) {
	g := e.byID[id]
	if e.stopped || g == nil {
		return
	}
	g.prepared(now, err)
	e.Flush(now)
}

// GatewaysChanged tells the engine the next hops of this host's default routes
// through a port's interface. They are neighbours of every group there, beside
// the configured ones.
func (e *Engine) GatewaysChanged(now time.Time, name string, gateways []netip.Addr) {
	i := e.byName[name]
	if e.stopped || i == nil || slices.Equal(i.gateways, gateways) {
		return
	}
	i.gateways = slices.Clone(gateways)
	for _, g := range i.groups {
		g.turned()
		g.findNeighbors(now)
	}
}

// Moved tells the engine that the switches behind some ports have lost their
// way here, though no link went down. Every group that is active there is
// announced as if it had just taken over, by the next Ticks: there may be a
// thousand, for which no hello is to wait.
func (e *Engine) Moved(now time.Time, ports []string, reason string) {
	for _, name := range ports {
		i := e.byName[name]
		if i == nil {
			continue
		}
		for _, g := range i.groups {
			if g.tenure == serving {
				g.tell(now, KindAnnounce, "announced again: "+reason)
				g.turned()
				g.claim(now)
			}
		}
	}
}

// Succession returns how long the other routers of an interface need at most to
// take over from one that has died, whatever its leases are.
func (e *Engine) Succession(name string) time.Duration {
	var longest time.Duration
	i := e.byName[name]
	if i == nil {
		return 0
	}
	for _, g := range i.groups {
		longest = max(longest, g.succession())
	}
	return longest
}
