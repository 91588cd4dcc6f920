package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// awaitedFor is how long the first result of the object in checked is waited for:
// fall and one interval more, and a timeout.
const awaitedFor = 4*time.Second + 500*time.Millisecond

const checked = "[[track]]\nname = \"sync\"\ncommand = [\"/bin/check\"]\n"

// restrained are groups that would preempt if they knew that they may, with a worse
// router's claim, and the states in which they leave it the role.
var restrained = []struct {
	name, config, obeys string
	claim               func() []byte
}{
	{"HSRP", hsrpConfig, "Listen Speak Standby", func() []byte { return hsrpFrame(hello.OpHello, hello.Active) }},
	{"VRRP", vrrpConfig, "Backup", func() []byte { return vrrpFrame(100) }},
}

// under has a worse router be active for d.
func (h *host) under(claim func() []byte, d time.Duration) *host {
	h.t.Helper()
	const every = 500 * time.Millisecond
	for ; d > 0; d -= every {
		h.heard(claim())
		h.run(min(every, d))
	}
	return h
}

func TestNobodyPreemptsBeforeTheFirstResult(t *testing.T) {
	for _, tt := range restrained {
		with := func(use string) *host {
			return newHost(t, checked+tt.config+"track = [{ object = \"sync\", "+use+" }]\n").up("eth0")
		}
		obeys := func(what string, h *host) {
			t.Helper()
			if st := h.group("eth0:10").Machine; !strings.Contains(tt.obeys, st.State) || !st.Active.Known || st.Active.Local {
				t.Errorf("%s: %s: in %s, and active is %+v", tt.name, what, st.State, st.Active)
			}
		}
		takes := func(what string, h *host) {
			t.Helper()
			if st := h.group("eth0:10").Machine.State; st != "Active" {
				t.Errorf("%s: %s: in %s", tt.name, what, st)
			}
		}

		h := with("decrement = 20").under(tt.claim, 4*time.Second)
		obeys("nothing is known", h)
		h.e.TrackChanged(h.now, "sync", false, "exit status 1")
		obeys("it is down", h.under(tt.claim, 10*time.Second))
		h.e.TrackChanged(h.now, "sync", true, "exit status 0")
		takes("it has come up", h.under(tt.claim, 4*time.Second))

		h = with("decrement = 20").under(tt.claim, 2*time.Second)
		h.e.TrackChanged(h.now, "sync", true, "exit status 0")
		takes("it was up in time", h.under(tt.claim, 2*time.Second).under(tt.claim, 2*time.Second))

		h = with("shutdown = true").under(tt.claim, awaitedFor-time.Millisecond)
		obeys("a result may still come", h)
		takes("none has come in time", h.under(tt.claim, 4*time.Second))
		if said := h.told(engine.KindWarning); len(said) == 0 || said[0] != "tracked object sync has had no result in time and counts as up" {
			t.Errorf("%s: said %q", tt.name, said)
		}

		h = with("decrement = 20").under(tt.claim, 500*time.Millisecond)
		takes("the other router has died", h.run(8*time.Second))
		takes("nobody was there", with("decrement = 20").run(awaitedFor+3*time.Second))
	}
}

// The delay and the wait for a result run side by side.
func TestAPreemptDelayGoesOnDuringTheWait(t *testing.T) {
	for _, tt := range restrained {
		for _, delay := range []time.Duration{3 * time.Second, 8 * time.Second} {
			h := newHost(t, checked+tt.config+"preempt_delay = \""+delay.String()+"\"\ntrack = [{ object = \"sync\", decrement = 20 }]\n").up("eth0")
			took := time.Duration(0)
			for h.group("eth0:10").Machine.State != "Active" && took < time.Minute {
				h.under(tt.claim, 500*time.Millisecond)
				took += 500 * time.Millisecond
			}
			least := max(delay, awaitedFor)
			most := least + 500*time.Millisecond
			if tt.name == "VRRP" {
				most += 4 * time.Second // the Active_Down_Timer is never cut short
			}
			if took < least || took > most {
				t.Errorf("%s with a delay of %v: preempts after %v, want %v to %v", tt.name, delay, took, least, most)
			}
		}
	}
}

func TestANewTrackRestrainsAfterAReload(t *testing.T) {
	for _, tt := range restrained {
		if tt.name == "HSRP" {
			tt.config = strings.Replace(tt.config, "preempt = true", "preempt = false", 1)
		} else {
			tt.config += "preempt = false\n"
		}
		h := newHost(t, tt.config).up("eth0").under(tt.claim, 8*time.Second)
		h.reload(checked + strings.Replace(tt.config, "preempt = false", "preempt = true", 1) + "track = [{ object = \"sync\", decrement = 20 }]\n")
		h.under(tt.claim, awaitedFor-time.Millisecond)
		if st := h.group("eth0:10").Machine; st.Active.Local || !st.Active.Known {
			t.Errorf("%s: the active router is %+v before the first result", tt.name, st.Active)
		}
		h.under(tt.claim, 5*time.Second).state("eth0:10", "Active")
	}
}

// A router that is active stays so, whatever it comes to track.
func TestANewTrackCostsNoRole(t *testing.T) {
	for _, tt := range restrained {
		h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active")
		moves := h.moves
		h.reload(checked+tt.config+"track = [{ object = \"sync\", shutdown = true }]\n").under(tt.claim, 10*time.Second)
		if h.moves != moves {
			t.Errorf("%s: %q", tt.name, h.told(engine.KindTransition))
		}
	}
}

func TestAnOwnerWaitsForTheFirstResult(t *testing.T) {
	owner := checked + "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"192.0.2.10\"]\npriority = 255\ntrack = [{ object = \"sync\", shutdown = true }]\n"
	h := newHost(t, owner).up("eth0").run(awaitedFor - time.Millisecond)
	if g := h.group("eth0:10"); g.Machine.State != "Initialize" || g.Obstacle != "waits for the first result of tracked object sync" {
		t.Errorf("in %s: %q", g.Machine.State, g.Obstacle)
	}
	h.run(time.Millisecond).state("eth0:10", "Active")

	h = newHost(t, owner).up("eth0")
	h.e.TrackChanged(h.now, "sync", true, "exit status 0")
	h.state("eth0:10", "Active")

	h = newHost(t, owner).up("eth0")
	h.e.TrackChanged(h.now, "sync", false, "exit status 1")
	h.run(time.Minute).state("eth0:10", "Initialize")
}

// The process that takes the place of another one goes on waiting, and knows what is
// known.
func TestTheWaitGoesOnInASuccessor(t *testing.T) {
	for _, tt := range restrained {
		config := checked + tt.config + "track = [{ object = \"sync\", decrement = 20 }]\n"
		h := newHost(t, config).up("eth0").under(tt.claim, 2*time.Second)
		succeed := func() {
			t.Helper()
			snapshot, err := h.e.Snapshot(h.now)
			if err != nil {
				t.Fatal(err)
			}
			o := engine.Options{Ports: map[string]engine.Port{"eth0": h.port}, Random: func() float64 { return 0.5 }, Mark: func() uint64 { return 1 }, Observe: h.observe, Now: h.now}
			if h.e, _, err = engine.Restore(parsed(t, config), o, snapshot); err != nil {
				t.Fatal(err)
			}
		}
		succeed()
		h.under(tt.claim, 2*time.Second)
		if st := h.group("eth0:10").Machine; st.Active.Local {
			t.Errorf("%s: preempts while nothing is known", tt.name)
		}
		h.e.TrackChanged(h.now, "sync", true, "exit status 0")
		succeed()
		h.under(tt.claim, 4*time.Second).state("eth0:10", "Active")
	}
}

func TestWhoWaitsForAResultIsNotFit(t *testing.T) {
	for _, name := range []string{"hsrp", "vrrp"} {
		toml := pairConfigs[name]
		p := newDuo(t, toml)
		toml = strings.Replace(toml, "priority = 110", "priority = 100\ntrack = [{ object = \"sync\", decrement = 5 }]", 1)
		p.b.reload(checked + toml)
		v := p.handOver(p.a, engine.HandoverOptions{})
		if want := "192.0.2.11 is not fit: it waits for the first result of tracked object sync"; v.State != engine.HandoverRefused || v.Reason != want {
			t.Errorf("%s: %+v, want %q", name, v, want)
		}
		p.b.e.TrackChanged(p.b.now, "sync", true, "exit status 0")
		p.run(5 * time.Second) // until the question, whose number is the same, is forgotten
		if v := p.handOver(p.a, engine.HandoverOptions{}); v.State != engine.HandoverDone {
			t.Errorf("%s: %+v with a result", name, v)
		}
	}
}
