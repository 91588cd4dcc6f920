package follow

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// follow takes over the leader's state, or remembers it for when the own
// interface is usable again. A leader that has given the role up ends the pause
// of a lost lease, for it will have listened before it is active again; a
// refused Acquire is a fault of this group and is not tried again sooner.
func (f *Follower) follow(ev fsm.Leader) {
	f.leader = ev
	if !ev.Active && !f.refused {
		f.retry = time.Time{}
	}
	f.move(fsm.CauseLeader, leaderDetail(ev), false)
}

// start takes the leader's last known state at once. A new address while active
// needs no new start, for it is in no message; a new MAC must be shown to the
// switches.
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

// stop ends every pause as well: the next Up is a fresh start.
func (f *Follower) stop(ev fsm.Down) {
	if !f.up {
		return
	}
	f.up, f.stopped = false, ev.Cause
	f.endPause()
	f.move(ev.Cause, ev.Detail, false)
}

// fenced gives the role up in silence: another router may have it by now. The
// leader is asked again after the pause, and long before that it will have
// been fenced too if it shared the stall.
func (f *Follower) fenced(now time.Time, ev fsm.Fenced) {
	if f.role != active {
		return
	}
	f.retry = now.Add(f.cfg.RetryAfter)
	f.move(ev.Cause, ev.Detail, true)
}

// failed gives up what could not be taken.
func (f *Follower) failed(now time.Time, ev fsm.Failed) {
	if f.role != active {
		return
	}
	f.retry, f.refused = now.Add(f.cfg.RetryAfter), true
	detail := ""
	if ev.Err != nil {
		detail = ev.Err.Error()
	}
	f.move(fsm.CauseAcquireFailed, detail, false)
}

// tick ends the pause. If the leader is still active this group tries again.
func (f *Follower) tick(now time.Time) {
	if f.retry.IsZero() || now.Before(f.retry) {
		return
	}
	f.endPause()
	f.move(fsm.CauseLeader, leaderDetail(f.leader), false)
}

func (f *Follower) endPause() { f.retry, f.refused = time.Time{}, false }

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
