package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// questions counts those to the active router's own address, and forgets them.
func (h *host) questions() int {
	n := len(h.port.having("send real request")) + len(h.port.having("send real unicast request"))
	h.port.log = nil
	return n
}

// answering runs for d while the active router answers questions, or does not.
func (h *host) answering(d time.Duration, answers func()) (asked int) {
	for end := h.now.Add(d); h.now.Before(end); {
		h.run(time.Millisecond)
		n := h.questions()
		if asked += n; n > 0 && answers != nil {
			answers()
		}
	}
	return asked
}

// doubtful are hosts with confirm behind an active router that has just said its last
// hello. It has answered this router's first question as answers does.
func doubtful(t *testing.T, answers func(*host)) map[string]*host {
	t.Helper()
	list := map[string]*host{
		"hsrp": newHost(t, hsrpConfig+"confirm = true\n").up("eth0"),
		"vrrp": newHost(t, vrrpConfig+"confirm = true\n").up("eth0"),
	}
	for name, h := range list {
		for range 10 {
			h.hello(name)
			h.answering(time.Second, func() { answers(h) })
		}
		if name == "hsrp" {
			h.state("eth0:10", "Standby")
		} else {
			h.state("eth0:10", "Backup")
		}
		h.hello(name)
		h.clear()
	}
	return list
}

// activeAfter runs until the group is active, and returns how long that took.
func (h *host) activeAfter(answers func()) (took time.Duration, asked int) {
	h.t.Helper()
	began := h.now
	for h.group("eth0:10").Machine.State != "Active" {
		asked += h.answering(time.Millisecond, answers)
		if took = h.now.Sub(began); took > time.Minute {
			h.t.Fatal("never active")
		}
	}
	return took, asked
}

func TestSilenceIsConfirmed(t *testing.T) {
	for name, h := range doubtful(t, (*host).life) {
		t.Run(name, func(t *testing.T) {
			took, asked := h.activeAfter(nil)
			st := h.group("eth0:10")
			if st.Last.Cause != fsm.CauseUnanswered || !strings.Contains(st.Last.Detail, "no answer to 12 questions") {
				t.Errorf("cause %s: %s", st.Last.Cause, st.Last.Detail)
			}
			most := 1250 * time.Millisecond
			if name == "vrrp" {
				most += 150 * time.Millisecond // of the skew time
			}
			if took < 1150*time.Millisecond || took > most || asked != 12 {
				t.Errorf("active after %v and %d questions, want %v and 12", took, asked, most)
			}
			if c := st.Change; c.Handed || (took-c.Taken.Sub(c.LastSign)).Abs() > time.Millisecond {
				t.Errorf("handed over %t, nobody served for %v, want %v", c.Handed, c.Taken.Sub(c.LastSign), took)
			}
			if st.Counters.Questioned != 1 {
				t.Errorf("questioned %d times", st.Counters.Questioned)
			}
		})
	}
}

// Default timers of HSRP, for which nobody waits who has seen it.
func TestSlowTimersAreConfirmedInAQuarterOfTheHoldTime(t *testing.T) {
	h := newHost(t, strings.NewReplacer(`"1s"`, `"3s"`, `"3s"`, `"10s"`).Replace(hsrpConfig)+"confirm = true\n").up("eth0")
	say := func() {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
			m.HelloTime, m.HoldTime = 3*time.Second, 10*time.Second
		}))
	}
	for range 10 {
		say()
		h.answering(3*time.Second, h.life)
	}
	h.state("eth0:10", "Standby")
	say()
	if took, _ := h.clear().activeAfter(nil); took > 3700*time.Millisecond {
		t.Errorf("active after %v", took)
	}
}

// Whoever answers lives, though none of its hellos comes: the hold time decides.
func TestAnswerLeavesTheHoldTime(t *testing.T) {
	for name, h := range doubtful(t, (*host).life) {
		t.Run(name, func(t *testing.T) {
			took, asked := h.activeAfter(h.life)
			if took < 3*time.Second || asked == 0 || asked > 6 {
				t.Errorf("active after %v and %d questions", took, asked)
			}
			if cause := h.group("eth0:10").Last.Cause; cause != fsm.CauseActiveTimer {
				t.Errorf("cause %s", cause)
			}
		})
	}
}

// One answer among many that were lost is enough, also the last.
func TestOneAnswerIsEnough(t *testing.T) {
	for name, h := range doubtful(t, (*host).life) {
		t.Run(name, func(t *testing.T) {
			n := 0
			took, _ := h.activeAfter(func() {
				if n++; n == 12 {
					h.life()
				}
			})
			if took < 2*time.Second {
				t.Errorf("active after %v", took)
			}
		})
	}
}

func TestHelloEndsTheQuestions(t *testing.T) {
	for name, h := range doubtful(t, (*host).life) {
		t.Run(name, func(t *testing.T) {
			if asked := h.answering(1100*time.Millisecond, nil); asked == 0 || asked > 11 {
				t.Fatalf("%d questions", asked)
			}
			h.hello(name)
			if asked := h.answering(time.Second, nil); asked != 0 {
				t.Errorf("%d questions after a hello", asked)
			}
			if h.answering(200*time.Millisecond, nil) == 0 {
				t.Error("the next hello is overdue and nobody asks")
			}
		})
	}
}

// Who has never answered is not judged by its silence, and neither is one for whom
// another host answers.
func TestSilenceOfWhoNeverAnsweredProvesNothing(t *testing.T) {
	for name, h := range doubtful(t, func(*host) {}) {
		t.Run(name, func(t *testing.T) {
			if took, asked := h.activeAfter(nil); took < 3*time.Second || asked > 0 {
				t.Errorf("active after %v and %d questions", took, asked)
			}
		})
	}
}

func TestAnswerOfAnotherHostProvesNothing(t *testing.T) {
	for name, h := range doubtful(t, (*host).life) {
		t.Run(name, func(t *testing.T) {
			if took, _ := h.activeAfter(func() { h.answer(otherMAC) }); took > 1400*time.Millisecond {
				t.Errorf("active after %v: a stranger's answer counts", took)
			}
		})
	}
}

// Where another host answers for the active router too, whichever of them is silent later
// proves nothing. So everybody is asked again in good times, not who has answered last.
func TestRouterForWhomTwoAnswerIsNotJudged(t *testing.T) {
	both := func(h *host) { h.life(); h.answer(otherMAC) }
	for name, answers := range map[string]func(*host){"the liar last": both, "the liar first": func(h *host) { h.answer(otherMAC); h.life() }} {
		for protocol, h := range doubtful(t, answers) {
			t.Run(protocol+", "+name, func(t *testing.T) {
				if took, asked := h.activeAfter(nil); took < 3*time.Second || asked > 0 {
					t.Errorf("active after %v and %d questions", took, asked)
				}
			})
		}
	}
	h := doubtful(t, func(h *host) { h.answer(otherMAC) })["hsrp"]
	for range 130 {
		h.hello("hsrp")
		for range 100 {
			h.run(10 * time.Millisecond)
			if len(h.port.having("send real unicast request")) > 0 {
				t.Fatal("the liar alone is asked")
			}
			if h.questions() > 0 {
				both(h)
			}
		}
	}
	h.hello("hsrp")
	if took, asked := h.activeAfter(nil); took < 3*time.Second || asked > 0 {
		t.Errorf("active after %v and %d questions, though the router has answered as well", took, asked)
	}
}

// A router may have its own address on the device of its virtual MAC: FRR over IPv6 has it
// there alone, and keepalived there as well. It is one router, which is asked at both, and
// lives if it answers from either.
func TestRouterThatAnswersFromTheVirtualMACIsJudged(t *testing.T) {
	virtual := func(h *host) { h.answer(h.group("eth0:10").MAC) }
	for name, tt := range map[string]struct {
		answers func(*host)
		asked   int
	}{
		"alone":      {virtual, 12},
		"as well":    {func(h *host) { h.life(); virtual(h) }, 24},
		"before":     {func(h *host) { virtual(h); h.life() }, 24},
		"with lies":  {func(h *host) { virtual(h); h.life(); h.answer(otherMAC) }, 0},
		"lies first": {func(h *host) { h.answer(otherMAC); virtual(h); h.life() }, 0},
	} {
		for protocol, h := range doubtful(t, tt.answers) {
			took, asked := h.activeAfter(nil)
			if early := took < 1400*time.Millisecond; early != (tt.asked > 0) || asked != tt.asked {
				t.Errorf("%s, %s: active after %v and %d questions", name, protocol, took, asked)
			}
		}
		if tt.asked == 0 {
			continue
		}
		for protocol, h := range doubtful(t, tt.answers) {
			if took, asked := h.activeAfter(func() { virtual(h) }); took < 3*time.Second || asked == 0 {
				t.Errorf("%s, %s: active after %v and %d questions, which were answered from the virtual MAC", name, protocol, took, asked)
			}
		}
	}
}

// A router that stops answering while it is heard is found out within a minute or two.
func TestRouterThatStopsAnsweringIsTrustedAgainLater(t *testing.T) {
	h := doubtful(t, (*host).life)["hsrp"]
	for range 130 {
		h.hello("hsrp")
		h.answering(time.Second, nil)
	}
	h.hello("hsrp")
	if took, asked := h.activeAfter(nil); took < 3*time.Second || asked > 0 {
		t.Fatalf("active after %v and %d questions: silence of a router that is heard counts", took, asked)
	}
	h = doubtful(t, func(*host) {})["hsrp"]
	for range 130 {
		h.hello("hsrp")
		h.answering(time.Second, h.life)
	}
	h.hello("hsrp")
	if took, asked := h.activeAfter(nil); took > 1300*time.Millisecond || asked != 12 {
		t.Errorf("active after %v and %d questions, though the router answers by now", took, asked)
	}
}

// Where the hold time is about as short as the questions take there are none.
func TestNoQuestionsThatTakeAsLongAsTheHoldTime(t *testing.T) {
	h := newHost(t, strings.Replace(hsrpConfig, `"3s"`, `"1100ms"`, 1)+"confirm = true\n").up("eth0")
	say := func() {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) { m.HoldTime = 1100 * time.Millisecond }))
	}
	for range 10 {
		say()
		h.answering(time.Second, h.life)
	}
	say()
	h.clear()
	if _, asked := h.activeAfter(nil); asked != 0 {
		t.Errorf("%d questions", asked)
	}
}

// A thousand groups of one dead router have the same questions in common.
func TestGroupsShareTheQuestions(t *testing.T) {
	const n = 200
	h := newHost(t, manyHSRP(n, "confirm = true")).up("eth0")
	say := func(d time.Duration) {
		for i := range n {
			h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
				m.Group, m.VirtualIP = uint16(100+i), netip.AddrFrom4([4]byte{10, 0, byte(i), 1})
			}))
			if h.run(d); h.questions() > 0 {
				h.life()
			}
		}
	}
	for range 10 {
		say(5 * time.Millisecond)
	}
	active := func() (n int) {
		for _, g := range h.e.Status(h.now).Groups {
			if g.Machine.State == "Active" {
				n++
			}
		}
		return n
	}
	began, asked := h.now, 0
	for h.now.Sub(began) < 1300*time.Millisecond {
		h.run(time.Millisecond)
		asked += h.questions()
	}
	if got := active(); got != n || asked > 150 {
		t.Errorf("%d of %d groups active after 1.3 s, %d questions", got, n, asked)
	}
}
