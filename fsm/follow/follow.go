// Package follow is the machine of a group that holds no election: it copies
// the state of another group, its leader, so that both are active on the same
// router (the IOS command "standby follow"). It sends and hears no hellos.
//
// Because it sends none, switches would forget its virtual MAC. The announcer's
// periodic refresh prevents that, from the Claim of this machine to its Withdraw or
// Release.
//
// A follower that cannot take the role must not leave its leader alone in it: half a
// failover is an outage. The engine takes the role from the leader whenever Ready is
// false.
package follow

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Config is a following group.
type Config struct {
	Protocol   hello.Protocol // whose state names are used
	VirtualIPs []netip.Addr
	RetryAfter time.Duration // pause after a fence; 0 = DefaultRetry
}

// DefaultRetry is the default Holdtime of RFC 2281 section 5.1.
const DefaultRetry = 10 * time.Second

// role is the leader's state, and so the one that this group wants.
type role uint8

const (
	off role = iota // this group's interface is not usable
	listening
	standby
	active
)

// Follower is one following group. Make it with New. It must not be used from
// two goroutines at once.
type Follower struct {
	cfg  Config
	role role

	mac     hello.MAC
	up      bool
	stopped fsm.Cause // why it last went down; empty before the first Up

	leader fsm.Leader // last known
	retry  time.Time  // the role is not taken before; zero = no pause

	priority, configured uint8 // shown only

	actions []fsm.Action `state:"of one step"`
}

// New returns a follower whose interface is down and whose leader is not known.
func New(c Config) *Follower {
	c.VirtualIPs = slices.Clone(c.VirtualIPs)
	if c.RetryAfter <= 0 {
		c.RetryAfter = DefaultRetry
	}
	return &Follower{cfg: c}
}

// Ready reports whether this group could be active: it may run and was not
// fenced a moment ago.
func (f *Follower) Ready() bool { return f.up && f.retry.IsZero() }

// Step takes one event and returns what is to be done, in order. The slice is
// valid until the next Step. Received is ignored: there is no election.
func (f *Follower) Step(now time.Time, ev fsm.Event) []fsm.Action {
	clear(f.actions)
	f.actions = f.actions[:0]
	switch ev := ev.(type) {
	case fsm.Configured:
		f.cfg.VirtualIPs = slices.Clone(ev.VirtualIPs)
	case fsm.Leader:
		f.follow(ev)
	case fsm.Up:
		f.start(ev)
	case fsm.Down:
		f.stop(ev)
	case fsm.Tick:
		f.tick(now)
	case fsm.Fenced:
		f.fenced(now, ev)
	case fsm.SetPriority:
		f.priority, f.configured = ev.Effective, ev.Configured
	}
	return f.actions
}

// Deadline returns when Tick is due: at the end of the pause, if there is one.
func (f *Follower) Deadline() (at time.Time, armed bool) {
	return f.retry, !f.retry.IsZero()
}

// Status returns what the follower shows of itself. There is no hello and no
// hold time; the priorities are those last set. VirtualIPs is shared and must
// not be changed.
func (f *Follower) Status() fsm.Status {
	s := fsm.Status{
		State:      f.name(f.role),
		Priority:   f.priority,
		Configured: f.configured,
		VirtualIPs: f.cfg.VirtualIPs,
		Role:       f.shownRole(),
	}
	local := fsm.Peer{Known: true, Local: true, Priority: f.priority, MAC: f.mac}
	switch {
	case f.role == active:
		s.Active = local
	case f.role == standby && f.cfg.Protocol == hello.ProtocolHSRP:
		s.Standby = local
	}
	return s
}

// name returns the protocol's word for a role. VRRP has one word for all who
// are not active.
func (f *Follower) name(r role) string {
	if f.cfg.Protocol == hello.ProtocolVRRP {
		return [...]string{"Initialize", "Backup", "Backup", "Active"}[r]
	}
	return [...]string{"Init", "Listen", "Standby", "Active"}[r]
}

// shownRole is what that word means in the protocol.
func (f *Follower) shownRole() fsm.Role {
	if f.cfg.Protocol == hello.ProtocolVRRP {
		return [...]fsm.Role{fsm.Idle, fsm.Candidate, fsm.Candidate, fsm.Active}[f.role]
	}
	return [...]fsm.Role{fsm.Idle, fsm.Idle, fsm.Standby, fsm.Active}[f.role]
}

// wanted is the role this group should have now.
func (f *Follower) wanted() role {
	switch {
	case !f.up:
		return off
	case f.leader.Active && f.retry.IsZero():
		return active
	case f.leader.Standby:
		return standby
	}
	return listening
}

// move goes to the wanted role, telling hosts and switches unless silent, and
// reports it when the name changes.
func (f *Follower) move(cause fsm.Cause, detail string, silent bool) {
	from, to := f.role, f.wanted()
	f.role = to
	switch {
	case from != active && to == active:
		f.do(fsm.Acquire{})
		f.do(fsm.Announce{Kind: fsm.Claim})
	case from == active && to != active:
		f.do(fsm.Release{})
		if !silent {
			f.do(fsm.Announce{Kind: fsm.Withdraw})
		}
	case from == off && to != off: // the last run may have ended anyhow
		f.do(fsm.Announce{Kind: fsm.Withdraw})
	}
	if f.name(from) != f.name(to) {
		f.do(fsm.Report{From: f.name(from), To: f.name(to), Cause: cause, Detail: detail})
	}
}

func (f *Follower) do(a fsm.Action) { f.actions = append(f.actions, a) }
