package follow

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// follow takes over the leader's state, or remembers it for when the own
// interface is usable again. A leader that has given the role up ends the pause,
// for it will have listened before it is active again.
func (f *Follower) follow(ev fsm.Leader) {
	f.leader = ev
	if !ev.Active {
		f.retry = time.Time{}
	}
	f.move(fsm.CauseLeader, leaderDetail(ev), false)
}

// start takes the leader's last known state at once. A new address while active needs
// no new start, as no message contains it. A new MAC must be shown to the switches.
func (f *Follower) start(ev fsm.Up) {
	changed := ev.MAC != f.mac
	f.mac = ev.MAC
	if f.up {
		if changed && f.role == active {
			f.do(fsm.Announce{Kind: fsm.Reassert})
		}
		return
	}
	f.up = true
	f.move(f.stopped.Undone(), leaderDetail(f.leader), false)
}

// stop ends the pause as well: the next Up is a fresh start.
func (f *Follower) stop(ev fsm.Down) {
	if !f.up {
		return
	}
	f.up, f.stopped, f.retry = false, ev.Cause, time.Time{}
	f.move(ev.Cause, ev.Detail, false)
}

// fenced gives the role up in silence: another router may have it by now. After the
// pause the leader's state counts again. A leader that shared the stall has been
// fenced long before that.
func (f *Follower) fenced(now time.Time, ev fsm.Fenced) {
	if f.role != active {
		return
	}
	f.retry = now.Add(f.cfg.RetryAfter)
	f.move(ev.Cause, ev.Detail, true)
}

// tick ends the pause. If the leader is still active this group tries again.
func (f *Follower) tick(now time.Time) {
	if f.retry.IsZero() || now.Before(f.retry) {
		return
	}
	f.retry = time.Time{}
	f.move(fsm.CauseLeader, leaderDetail(f.leader), false)
}

// leaderDetail says what the leader is and why.
func leaderDetail(l fsm.Leader) string {
	s := "leader is not active"
	switch {
	case l.Active:
		s = "leader is active"
	case l.Standby:
		s = "leader is standby"
	}
	if l.Cause != "" {
		s += ": " + string(l.Cause)
	}
	if l.Detail != "" {
		s += ", " + l.Detail
	}
	return s
}
