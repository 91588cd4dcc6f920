package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

// stopped is what a router of either protocol is stopped with: a peer that is
// worse, and what that says when it has taken over.
type stopped struct {
	name    string
	config  string
	claim   []byte
	waiting string        // the state without the role
	last    string        // the state beside an active peer, without preemption
	within  time.Duration // so long after its last message the others have not missed it
	gap     time.Duration // longer than they wait, and shorter than the lease
}

func stops() []stopped {
	quiet := strings.NewReplacer("preempt = true", "preempt = false", "priority = 110", "priority = 110\npreempt = false")
	return []stopped{
		{"HSRP", quiet.Replace(strings.Replace(hsrpConfig, "priority = 110\npreempt = true", "priority = 110", 1)),
			hsrpFrame(hello.OpHello, hello.Active), "Listen", "Standby", 2900 * time.Millisecond, 3500 * time.Millisecond},
		{"VRRP", quiet.Replace(vrrpConfig),
			vrrpFrame(100), "Backup", "Backup", 2900 * time.Millisecond, 4500 * time.Millisecond},
	}
}

// active is a host that has just said that it is active. Before it became so it
// has heard the frames.
func (s stopped) active(t *testing.T, frames ...[]byte) *host {
	t.Helper()
	h := newHost(t, s.config).up("eth0")
	for _, f := range frames {
		h.heard(f)
	}
	h.until("eth0:10", "Active").run(10 * time.Second).clear()
	for len(h.port.having("send virtual")) == 0 {
		at, _ := h.e.Deadline()
		h.run(at.Sub(h.now))
	}
	return h.clear()
}

// wake lets the process go on after a stop, as far as the frames that have
// arrived.
func (h *host) wake(gap time.Duration, frames ...[]byte) {
	h.t.Helper()
	h.now = h.now.Add(gap)
	h.e.Wake(h.now, 0)
	for _, f := range frames {
		h.heard(f)
	}
}

// goOn is the rest of the turn.
func (h *host) goOn(deaf ...string) {
	h.e.CaughtUp(h.now, deaf...)
	h.e.Tick(h.now)
}

func TestRouterThatWasStoppedLeavesTheRoleWhereItWent(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			h := s.active(t)
			h.wake(s.gap, make([]byte, 60), s.claim)
			if !h.e.Behind() || h.e.Urgent(h.now) {
				t.Errorf("behind %v, urgent %v, with frames unread", h.e.Behind(), h.e.Urgent(h.now))
			}
			if len(h.port.log) > 0 {
				t.Errorf("did %q before everything is read", h.port.log)
			}
			h.goOn()
			if diff := cmp.Diff([]string{"gate +0 -1", "address +0 -1"}, h.port.log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			h.state("eth0:10", s.waiting)
			last := h.group("eth0:10").Last
			if last.Cause != "stalled" || !strings.Contains(last.Detail, "192.0.2.11 is active meanwhile") {
				t.Errorf("cause %s: %s", last.Cause, last.Detail)
			}
			for range 20 {
				h.run(time.Second).heard(s.claim)
			}
			h.state("eth0:10", s.last)
			if got := append(h.port.having("send virtual"), h.port.having("send real Coup")...); len(got) > 0 {
				t.Errorf("said %q", got)
			}
		})
	}
}

// Preemption is left to the protocol: the router has listened, and claims the
// role as one that has just come.
func TestRouterThatWasStoppedPreemptsByTheRules(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			s.config = strings.Replace(s.config, "preempt = false", "preempt = true", 1)
			h := s.active(t)
			h.wake(s.gap, s.claim)
			h.goOn()
			h.state("eth0:10", s.waiting)
			woken := h.now
			for h.group("eth0:10").Machine.State != "Active" && h.now.Sub(woken) < time.Minute {
				h.run(time.Second)
				if h.group("eth0:10").Machine.State != "Active" {
					h.heard(s.claim)
				}
			}
			if took := h.now.Sub(woken); took < 3*time.Second || took > 5*time.Second {
				t.Errorf("took the role back after %v, want a hold time or a little more", took)
			}
		})
	}
}

// Nobody else has taken the role, and the kernel has served it all the while.
func TestRouterThatWasStoppedAloneGoesOn(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			h := s.active(t)
			h.wake(s.gap, arpFrame(arpRequest, otherMAC, gateway4, vip4))
			if len(h.port.log) > 0 {
				t.Errorf("did %q before everything is read", h.port.log)
			}
			h.goOn()
			h.state("eth0:10", "Active")
			claim := slices.IndexFunc(h.port.log, func(l string) bool {
				return l == "send virtual Hello Active" || l == "send virtual advert 110"
			})
			if claim < 0 || len(h.port.having("gate")) > 0 {
				t.Errorf("want a message at once, and no gate shut: %q", h.port.log)
			}
			if got := h.port.having("send virtual unicast reply 192.0.2.1"); len(got) != 1 {
				t.Errorf("the question that waited was answered %d times", len(got))
			}
		})
	}
}

// What answers for the address while another router has it would turn hosts and
// switches back.
func TestQuestionsThatWaitedAreNotAnsweredByWhoLostTheRole(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			h := s.active(t)
			h.wake(s.gap, arpFrame(arpRequest, otherMAC, gateway4, vip4), s.claim)
			h.goOn()
			if got := h.port.having("send"); len(got) > 0 {
				t.Errorf("said %q", got)
			}
		})
	}
}

// Who was not stopped for so long has not been missed, and two claims are an
// ordinary contest.
func TestRouterThatWasStoppedForLessContests(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			h := s.active(t)
			h.wake(s.within, s.claim)
			h.goOn()
			h.state("eth0:10", "Active")
			if len(h.port.having("send virtual")) == 0 {
				t.Error("the worse router's claim was not answered")
			}
		})
	}
}

func TestRouterThatMissedFramesIsCareful(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			if s.name == "HSRP" {
				h := s.active(t)
				h.wake(s.gap)
				h.goOn("eth0")
				h.state("eth0:10", "Active") // nobody else was ever heard
			}
			h := s.active(t, s.claim)
			h.wake(s.gap)
			h.goOn("eth1")
			h.state("eth0:10", "Active")

			h = s.active(t, s.claim)
			h.wake(s.gap)
			h.goOn("eth0")
			h.state("eth0:10", s.waiting)
			if got := h.port.having("send"); len(got) > 0 {
				t.Errorf("said %q", got)
			}
		})
	}
}

func TestStopWhileCatchingUpIsNoticed(t *testing.T) {
	s := stops()[0]
	h := s.active(t)
	h.wake(s.gap)
	h.now = h.now.Add(400 * time.Millisecond)
	h.e.CaughtUp(h.now)
	if h.e.Behind() {
		t.Error("behind after a short while")
	}
	h = s.active(t)
	h.wake(2 * time.Second)
	h.now = h.now.Add(1800 * time.Millisecond)
	h.e.CaughtUp(h.now)
	if !h.e.Behind() {
		t.Fatal("not behind after another stop")
	}
	h.heard(s.claim)
	h.goOn()
	h.state("eth0:10", "Listen")
}

// While the host sleeps its monotonic clock stands still.
func TestSleepingHostIsStoppedAsWell(t *testing.T) {
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			h := s.active(t)
			h.e.Wake(h.now, s.gap)
			if !h.e.Behind() {
				t.Fatal("not behind")
			}
			h.heard(s.claim)
			h.goOn()
			h.state("eth0:10", s.waiting)
		})
	}
}

// Followers lose the role with their leader, and as silently.
func TestFollowersOfARouterThatWasStopped(t *testing.T) {
	h := followers(t).until("wan", "Active").run(10 * time.Second).clear()
	h.wake(3900*time.Millisecond, hsrpFrame(hello.OpHello, hello.Active))
	h.goOn()
	h.together("Listen", "Listen")
	for name, p := range h.ports {
		if got := p.having("send"); len(got) > 0 {
			t.Errorf("%s: said %q", name, got)
		}
	}
}

// What has arrived may make a router active that was not, and then tell that
// another one was faster.
func TestRouterThatWinsAndLosesWhileCatchingUpSaysNothing(t *testing.T) {
	h := newHost(t, stops()[0].config).up("eth0").until("eth0:10", "Speak").clear()
	h.wake(8*time.Second, hsrpFrame(hello.OpHello, hello.Standby), hsrpFrame(hello.OpHello, hello.Active))
	h.goOn()
	h.state("eth0:10", "Listen")
	if got := append(h.port.having("gate +1"), h.port.having("send virtual")...); len(got) > 0 {
		t.Errorf("did %q", got)
	}
}
