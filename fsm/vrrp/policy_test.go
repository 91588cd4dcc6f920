package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// The tests of this file defend what no RFC rules: delays, run-time priority,
// the fence, and what is shown.

func TestPreemptDelay(t *testing.T) {
	c := v3(delay(5 * time.Second))
	weak := advert(c, greater, 50)
	t.Run("starts with the first lower advertisement, which is obeyed until it ends", func(t *testing.T) {
		r := in(t, Backup, c)
		for at := time.Second; at < 6*time.Second; at += time.Second {
			expect(t, r, at, weak, "", Backup, at+down3)
		}
		expect(t, r, 6*time.Second, weak, "", Backup, 5*time.Second+down3)
		expect(t, r, 8*time.Second, weak, "", Backup, 5*time.Second+down3)
		expect(t, r, 5*time.Second+down3, fsm.Tick{},
			promoted+"(preempted-lower-priority)", Active, 6*time.Second+down3)
	})
	t.Run("starts again after a better router was heard", func(t *testing.T) {
		r := in(t, Backup, c)
		r.Step(t0, weak)
		r.Step(t0.Add(4*time.Second), advert(c, greater, 100))
		expect(t, r, 6*time.Second, weak, "", Backup, 6*time.Second+down3)
		expect(t, r, 10*time.Second, weak, "", Backup, 10*time.Second+down3)
		expect(t, r, 11*time.Second, weak, "", Backup, 10*time.Second+down3)
	})
	t.Run("starts again after having been Active", func(t *testing.T) {
		r := in(t, Backup, c)
		r.Step(t0, weak)
		r.Step(t0.Add(down3), fsm.Tick{})
		r.Step(t0.Add(7*time.Second), fsm.Fenced{Cause: fsm.CauseStalled})
		expect(t, r, 8*time.Second, weak, "", Backup, 8*time.Second+down3)
	})
	t.Run("starts again after a restart", func(t *testing.T) {
		r := in(t, Backup, c)
		r.Step(t0, weak)
		r.Step(t0, fsm.Down{Cause: fsm.CauseInterfaceDown})
		r.Step(t0.Add(7*time.Second), up())
		expect(t, r, 8*time.Second, weak, "", Backup, 8*time.Second+down3)
	})
	t.Run("does not hold back when the lower router falls silent", func(t *testing.T) {
		r := in(t, Backup, c)
		r.Step(t0, weak)
		expect(t, r, down3, fsm.Tick{}, promoted+"(active-timer-expired)", Active, down3+time.Second)
	})
	t.Run("goes on while the router refrains", func(t *testing.T) {
		r := in(t, Backup, c)
		r.Step(t0, weak)
		r.Step(t0, fsm.Refrain{On: true})
		expect(t, r, 6*time.Second, weak, "", Backup, 6*time.Second+down3)
		r.Step(t0.Add(7*time.Second), fsm.Refrain{})
		expect(t, r, 7*time.Second, weak, "", Backup, 6*time.Second+down3)
		r.Step(t0.Add(8*time.Second), fsm.Refrain{On: true})
		expect(t, r, 8*time.Second, fsm.Tick{}, "", Backup, 8*time.Second+down3)
		expect(t, r, 8*time.Second+down3, fsm.Tick{}, promoted+"(active-timer-expired)", Active, 9*time.Second+down3)
	})
	t.Run("does nothing without preemption", func(t *testing.T) {
		r := in(t, Backup, v3(noPreempt, delay(time.Second)))
		expect(t, r, 0, weak, "", Backup, down3)
		expect(t, r, 2*time.Second, weak, "", Backup, 2*time.Second+down3)
	})
	t.Run("the owner waits for nobody", func(t *testing.T) {
		c := v3(owner, noPreempt, delay(time.Minute))
		expect(t, in(t, Backup, c), time.Second, advert(c, greater, 254), "", Backup, 3*time.Second+3906250)
	})
}

func TestSetPriority(t *testing.T) {
	set := func(p uint8) fsm.SetPriority { return fsm.SetPriority{Effective: p, Configured: p} }
	t.Run("counts in the next advertisement", func(t *testing.T) {
		r := in(t, Active, v3())
		expect(t, r, at, set(90), "", Active, time.Second)
		expect(t, r, time.Second, fsm.Tick{}, "send 90", Active, 2*time.Second)
	})
	t.Run("counts in the next comparison in Active", func(t *testing.T) {
		r := in(t, Active, v3())
		r.Step(t0, set(90))
		const down = 3*time.Second + 166*time.Second/256
		expect(t, r, 0, advert(v3(), smaller, 95), "release, withdraw, Active>Backup (better-active-heard)", Backup, down)
	})
	t.Run("counts in the next comparison in Backup", func(t *testing.T) {
		r := in(t, Backup, v3())
		r.Step(t0, set(200))
		expect(t, r, time.Second, advert(v3(), smaller, 150), "", Backup, down3)
	})
	t.Run("leaves a running timer and counts in the next", func(t *testing.T) {
		r := in(t, Backup, v3())
		expect(t, r, 0, set(200), "", Backup, down3)
		expect(t, r, 0, advert(v3(), smaller, 0), "", Backup, 218750*time.Microsecond)
	})
	t.Run("stays within 1 and 254", func(t *testing.T) {
		for p, want := range map[uint8]uint8{0: 1, 1: 1, 254: 254, 255: 254} {
			r := New(v3())
			r.Step(t0, set(p))
			if s := r.Status(); s.Priority != want || s.Configured != want {
				t.Errorf("set to %d: shows %d of %d, want %d", p, s.Priority, s.Configured, want)
			}
		}
	})
	t.Run("never moves an owner", func(t *testing.T) {
		r := New(v3(owner))
		r.Step(t0, set(10))
		if s := r.Status(); s.Priority != hello.OwnerPriority || s.Configured != hello.OwnerPriority {
			t.Errorf("shows %d of %d", s.Priority, s.Configured)
		}
	})
	t.Run("effective and configured are told apart", func(t *testing.T) {
		r := New(v3())
		r.Step(t0, fsm.SetPriority{Effective: 80, Configured: 120})
		if s := r.Status(); s.Priority != 80 || s.Configured != 120 {
			t.Errorf("shows %d of %d, want 80 of 120", s.Priority, s.Configured)
		}
	})
}

func TestFenced(t *testing.T) {
	t.Run("waits in full, and then may become Active again", func(t *testing.T) {
		r := in(t, Active, v3())
		expect(t, r, 5*time.Second, fsm.Fenced{Cause: fsm.CauseStalled},
			"release, Active>Backup (stalled)", Backup, 5*time.Second+down3)
		expect(t, r, 5*time.Second+down3, fsm.Tick{}, promoted+"(active-timer-expired)", Active, 6*time.Second+down3)
	})
	t.Run("a Backup with an overdue timer listens again before it takes over", func(t *testing.T) {
		r := in(t, Backup, v3())
		expect(t, r, time.Minute, fsm.Fenced{Cause: fsm.CauseStalled}, "", Backup, time.Minute+down3)
		expect(t, r, time.Minute, fsm.Tick{}, "", Backup, time.Minute+down3)
	})
}

// TestReport proves that a transition says why, in full.
func TestReport(t *testing.T) {
	last := func(r *Router, at time.Duration, ev fsm.Event) fsm.Report {
		actions := r.Step(t0.Add(at), ev)
		return actions[len(actions)-1].(fsm.Report)
	}
	// after returns a Backup that was stopped for cause and may run again.
	after := func(cause fsm.Cause) *Router {
		r := in(t, Backup, v3())
		r.Step(t0, fsm.Down{Cause: cause})
		return r
	}
	// heard returns a Backup that heard ev at t0.
	heard := func(ev fsm.Event) *Router {
		r := in(t, Backup, v3())
		r.Step(t0, ev)
		return r
	}
	for _, tc := range []struct {
		name string
		got  fsm.Report
		want fsm.Report
	}{
		{"start", last(New(v3()), 0, up()),
			fsm.Report{From: "Initialize", To: "Backup", Cause: fsm.CauseStarted, Detail: "waiting 3.609s for an advertisement"}},
		{"interface back", last(after(fsm.CauseInterfaceDown), 0, up()),
			fsm.Report{From: "Initialize", To: "Backup", Cause: fsm.CauseInterfaceUp, Detail: "waiting 3.609s for an advertisement"}},
		{"track back", last(after(fsm.CauseTrackShutdown), 0, up()),
			fsm.Report{From: "Initialize", To: "Backup", Cause: fsm.CauseTrackRestored, Detail: "waiting 3.609s for an advertisement"}},
		{"owner", last(New(v3(owner)), 0, up()),
			fsm.Report{From: "Initialize", To: "Active", Cause: fsm.CauseAddressOwner, Detail: "owner of the virtual addresses, started"}},
		{"alone", last(in(t, Backup, v3()), down3, fsm.Tick{}),
			fsm.Report{From: "Backup", To: "Active", Cause: fsm.CauseActiveTimer, Detail: "no advertisement heard"}},
		{"silence", last(heard(advert(v3(), greater, 200)), down3+50*ms, fsm.Tick{}),
			fsm.Report{From: "Backup", To: "Active", Cause: fsm.CauseActiveTimer, Detail: "nothing from 192.0.2.9 with priority 200 for 3.659s"}},
		{"resigned", last(heard(advert(v3(), greater, 0)), skew3, fsm.Tick{}),
			fsm.Report{From: "Backup", To: "Active", Cause: fsm.CauseResigned, Detail: "192.0.2.9 resigned"}},
		{"preempted", last(heard(advert(v3(), greater, 99)), down3, fsm.Tick{}),
			fsm.Report{From: "Backup", To: "Active", Cause: fsm.CausePreempt, Detail: "192.0.2.9 has priority 99, below our 100"}},
		{"lost by priority", last(in(t, Active, v3()), 0, advert(v3(), smaller, 101)),
			fsm.Report{From: "Active", To: "Backup", Cause: fsm.CauseBetterActive, Detail: "192.0.2.1 has priority 101 against our 100"}},
		{"lost by address", last(in(t, Active, v3()), 0, advert(v3(), greater, 100)),
			fsm.Report{From: "Active", To: "Backup", Cause: fsm.CauseBetterActive, Detail: "192.0.2.9 has priority 100 as we have, and the higher address"}},
		{"fenced", last(in(t, Active, v3()), 0, fsm.Fenced{Cause: fsm.CauseStalled, Detail: "stopped for 12s"}),
			fsm.Report{From: "Active", To: "Backup", Cause: fsm.CauseStalled, Detail: "stopped for 12s"}},
		{"stopped", last(in(t, Active, v3()), 0, fsm.Down{Cause: fsm.CauseMaintenance, Detail: "by root"}),
			fsm.Report{From: "Active", To: "Initialize", Cause: fsm.CauseMaintenance, Detail: "by root"}},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

// TestPendingCause proves that the last word of an Active explains the takeover
// even when a worse router speaks in between, and that proof of life ends it.
func TestPendingCause(t *testing.T) {
	r := in(t, Backup, v3())
	r.Step(t0, advert(v3(), greater, 0))
	r.Step(t0, advert(v3(), smaller, 50))
	expect(t, r, skew3, fsm.Tick{}, promoted+"(peer-resigned)", Active, skew3+time.Second)

	r = in(t, Backup, v3())
	r.Step(t0, advert(v3(), smaller, 50))
	r.Step(t0, advert(v3(), greater, 200))
	expect(t, r, down3, fsm.Tick{}, promoted+"(active-timer-expired)", Active, down3+time.Second)
}

// TestConfigIsCopied proves that the caller may reuse its slice.
func TestConfigIsCopied(t *testing.T) {
	c := v3()
	r := New(c)
	c.VirtualIPs[0] = greater
	if got := r.Status().VirtualIPs[0]; got != vip {
		t.Errorf("virtual address is %v, want %v", got, vip)
	}
}

func TestStatus(t *testing.T) {
	vips := []netip.Addr{vip}
	other := hello.MAC{2, 0, 0, 0, 0, 0xee}
	learning := in(t, Backup, v3())
	learning.Step(t0.Add(time.Second), every(2*time.Second, advert(v3(), greater, 200)))
	deserted := in(t, Backup, v3())
	deserted.Step(t0, advert(v3(), greater, 200))
	deserted.Step(t0, advert(v3(), greater, 0))
	robbed := in(t, Backup, v3())
	robbed.Step(t0, advert(v3(), greater, 200))
	robbed.Step(t0.Add(down3), fsm.Tick{})
	robbed.Step(t0.Add(down3), fsm.Fenced{Cause: fsm.CauseStalled})
	renamed := in(t, Active, v3())
	renamed.Step(t0, fsm.Up{Addr: self, MAC: other})
	restarted := in(t, Backup, v3())
	restarted.Step(t0, advert(v3(), greater, 200))
	restarted.Step(t0, fsm.Down{Cause: fsm.CauseInterfaceDown})
	restarted.Step(t0, up())
	stopped := in(t, Backup, v3())
	stopped.Step(t0, every(2*time.Second, advert(v3(), greater, 200)))
	stopped.Step(t0, fsm.Down{Cause: fsm.CauseStopped})

	base := fsm.Status{Priority: 100, Configured: 100, HelloTime: time.Second, HoldTime: down3, VirtualIPs: vips}
	with := func(f func(*fsm.Status)) fsm.Status { s := base; f(&s); return s }
	for _, tc := range []struct {
		name   string
		router *Router
		want   fsm.Status
	}{
		{"new", New(v3()), with(func(s *fsm.Status) { s.State = "Initialize" })},
		{"Backup that heard nobody", in(t, Backup, v3()), with(func(s *fsm.Status) { s.State, s.Role = "Backup", fsm.Candidate })},
		{"Backup under an Active with another interval", learning, with(func(s *fsm.Status) {
			s.State, s.Role, s.HelloTime, s.HoldTime = "Backup", fsm.Candidate, 2*time.Second, 2*down3
			s.Active = fsm.Peer{Known: true, Addr: greater, Priority: 200, MAC: other, Expires: t0.Add(time.Second + 2*down3)}
		})},
		{"Backup after a resignation", deserted, with(func(s *fsm.Status) { s.State, s.Role = "Backup", fsm.Candidate })},
		{"Active", in(t, Active, v3()), with(func(s *fsm.Status) {
			s.State, s.Role, s.NextHello = "Active", fsm.Active, t0.Add(time.Second)
			s.Active = fsm.Peer{Known: true, Local: true, Priority: 100, MAC: selfMAC}
		})},
		{"Active with a new MAC", renamed, with(func(s *fsm.Status) {
			s.State, s.Role, s.NextHello = "Active", fsm.Active, t0.Add(time.Second)
			s.Active = fsm.Peer{Known: true, Local: true, Priority: 100, MAC: other}
		})},
		{"fenced: the Active before this one is history", robbed, with(func(s *fsm.Status) { s.State, s.Role = "Backup", fsm.Candidate })},
		{"restarted: what was heard before is forgotten", restarted, with(func(s *fsm.Status) { s.State, s.Role = "Backup", fsm.Candidate })},
		{"stopped", stopped, with(func(s *fsm.Status) { s.State = "Initialize" })},
	} {
		if diff := cmp.Diff(tc.want, tc.router.Status(), cmp.Comparer(sameAddr)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}
