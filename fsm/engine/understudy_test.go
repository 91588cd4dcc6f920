package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// standbys are hosts next in line behind an active router at peer4, which was asked where
// it is and has answered after 200 µs.
func standbys(t *testing.T) map[string]*host {
	t.Helper()
	v := newHost(t, vrrpConfig).up("eth0")
	for range 10 {
		v.heard(vrrpFrame(200))
		v.run(500 * time.Millisecond)
	}
	v.state("eth0:10", "Backup")
	list := map[string]*host{"hsrp": hsrpStandby(t), "vrrp": v}
	for name, h := range list {
		h.hello(name)
		h.clear()
	}
	return list
}

// hello is one of the active router's.
func (h *host) hello(protocol string) {
	if protocol == "hsrp" {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	} else {
		h.heard(fromVirtual(vrrpFrame(200)))
	}
}

// flood has a frame for the virtual MAC come, and returns when the next is of interest.
func (h *host) flood() time.Time {
	h.t.Helper()
	h.e.Wake(h.now, 0)
	h.e.CaughtUp(h.now)
	again := h.e.Flooded(h.now, "eth0", h.group("eth0:10").MAC)
	h.e.Flush(h.now)
	return again
}

// life is the active router's answer to a question, from its own address.
func (h *host) life() { h.answer(peerMAC) }

// serves is its answer for the virtual address, from the virtual MAC.
func (h *host) serves() {
	f := arpFrame(uint16(garp.OpReply), h.group("eth0:10").MAC, vip4, own4)
	copy(f[:6], ownMAC[:])
	h.heard(f)
}

func (h *host) answer(from hello.MAC) {
	f := arpFrame(uint16(garp.OpReply), from, peer4, own4)
	copy(f[:6], ownMAC[:])
	h.heard(f)
}

// covers reports whether the gate is open for what is on its way to others.
func (h *host) covers() bool {
	return h.port.open[1] && h.group("eth0:10").Covers != nil
}

func TestStandbyForwardsForWhoIsSilent(t *testing.T) {
	for name, h := range standbys(t) {
		t.Run(name, func(t *testing.T) {
			if mac := h.group("eth0:10").MAC; len(h.port.lookout) != 1 || h.port.lookout[0] != mac {
				t.Fatalf("looks out for %v, want %s", h.port.lookout, mac)
			}
			h.flood()
			if got := append(h.port.having("send real request"), h.port.having("send real unicast request")...); len(got) != 2 {
				t.Fatalf("asked %q, want the router's own address and the virtual one; %q", got, h.port.log)
			}
			if asked := h.port.frames[len(h.port.frames)-1]; hello.MAC(asked[:6]) != h.group("eth0:10").MAC {
				t.Errorf("the question for the virtual address goes to %s", hello.MAC(asked[:6]))
			}
			h.run(3 * time.Millisecond)
			if h.covers() {
				t.Fatal("forwards before the questions had their time")
			}
			h.run(4 * time.Millisecond)
			if !h.covers() {
				t.Fatalf("does not forward after 7 ms: %q", h.port.log)
			}
			if got := h.port.having("send virtual"); len(got) > 0 {
				t.Errorf("says %q", got)
			}
			if got := h.port.having("address"); len(got) > 0 {
				t.Errorf("takes the address: %q", got)
			}
			h.heard(arpFrame(uint16(garp.OpRequest), otherMAC, peer4.Next(), vip4))
			if got := h.port.having("send virtual"); len(got) > 0 {
				t.Errorf("answers for the address: %q", got)
			}
			h.port.flooded += 42
			if u := h.group("eth0:10").Covers; u.Of != peer4 || u.Packets != 42 {
				t.Errorf("status %+v, want 42 packets for %s", u, peer4)
			}
			h.until("eth0:10", "Active")
			if st := h.group("eth0:10"); st.Covers != nil || !h.port.open[1] || len(h.port.addrs) != 1 || st.Counters.Understudied != 1 {
				t.Errorf("active: covers %+v, gate %v, addresses %v, %d times", st.Covers, h.port.open, h.port.addrs, st.Counters.Understudied)
			}
			if got := h.port.having("gate"); len(got) != 2 || got[1] != "gate +1 -0" {
				t.Errorf("gates %q: the second opening must not have a gap before it", got)
			}
			began, c := h.story("eth0:10")[0], h.group("eth0:10").Change
			if s := c.Covered; began != "understudy" || s == nil || s.Began.Peer != peer4 || s.Packets != 42 || s.For < time.Second {
				t.Errorf("the change begins with %q and says %+v", began, s)
			}
			if told := strings.Join(h.told(engine.KindUnderstudy), "\n"); !strings.Contains(told, "does not answer: forwarding for it") || !strings.Contains(told, "has the role now") {
				t.Errorf("told %q", told)
			}
		})
	}
}

func TestAnswerEndsTheQuestion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(*host)
		ends   bool
	}{
		{"its own address", (*host).life, true},
		{"the virtual address", (*host).serves, true},
		{"a hello", func(h *host) { h.hello("hsrp") }, true},
		{"somebody else's answer", func(h *host) {
			f := arpFrame(uint16(garp.OpReply), otherMAC, peer4.Next(), own4)
			copy(f[:6], ownMAC[:])
			h.heard(f)
		}, false},
		{"an answer to another host", func(h *host) { h.heard(arpFrame(uint16(garp.OpReply), peerMAC, peer4, peer4.Next())) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := standbys(t)["hsrp"]
			h.flood()
			tt.answer(h.run(200 * time.Microsecond))
			h.run(20 * time.Millisecond)
			if h.covers() == tt.ends {
				t.Errorf("forwards: %t, want %t", h.covers(), !tt.ends)
			}
		})
	}
}

// Who was silent and answers again, or is heard, forwards by itself: the gate is shut at
// once, and the next question has to wait for longer each time.
func TestForwardingEndsWhenTheActiveRouterLives(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lives func(*host)
	}{
		{"it answers", (*host).serves},
		{"it is heard", func(h *host) { h.hello("hsrp") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := standbys(t)["hsrp"]
			var opened []time.Time
			for range 60 * 1000 {
				h.flood()
				was := h.covers()
				h.run(time.Millisecond)
				switch {
				case h.covers() && !was:
					opened = append(opened, h.now)
				case h.covers():
					tt.lives(h)
					if h.covers() || h.port.open[1] {
						t.Fatal("goes on")
					}
				}
				if h.now.Sub(t0)%time.Second < time.Millisecond {
					h.hello("hsrp")
				}
			}
			if s := h.group("eth0:10").Stint; s == nil || s.Took || !strings.HasPrefix(s.End, "it ") {
				t.Errorf("remembers %+v", s)
			}
			if len(opened) < 3 || len(opened) > 7 {
				t.Errorf("forwarded %d times in a minute of false alarms, want 3 to 7", len(opened))
			}
		})
	}
}

// A router of HSRP that has its link again, and not the role, answers for its own
// address. Nobody forwards in its place, so this one goes on. In VRRP that router may
// forward while it waits.
func TestForwardingGoesOnWhenTheActiveRouterIsBackWithoutTheRole(t *testing.T) {
	for name, h := range standbys(t) {
		h.flood()
		h.run(10 * time.Millisecond)
		if !h.covers() {
			t.Fatalf("%s: does not forward", name)
		}
		for range 1500 {
			h.run(time.Millisecond)
			h.flood()
			if h.questions() > 0 && h.covers() {
				h.life()
			}
			if name == "vrrp" && !h.covers() {
				break // it may again, a second later
			}
		}
		if want := name == "hsrp"; h.covers() != want || h.port.open[1] != want {
			t.Errorf("%s: forwards: %t, want %t", name, h.covers(), want)
		}
		if h.serves(); h.covers() || h.port.open[1] {
			t.Errorf("%s: forwards beside a router that serves", name)
		}
	}
}

// Floods by an attacker cost few questions, and none while the last one rests.
func TestQuestionsHaveABudget(t *testing.T) {
	h := standbys(t)["hsrp"]
	for range 1000 {
		if again := h.flood(); !again.After(h.now) {
			t.Fatalf("another frame is of interest at once")
		}
		h.life()
		h.run(time.Millisecond)
		if h.now.Sub(t0)%time.Second < time.Millisecond {
			h.hello("hsrp")
		}
	}
	if n := len(h.port.having("send real request")) + len(h.port.having("send real unicast request")); n > 2*(10+5) {
		t.Errorf("%d frames of questions in a second of floods", n)
	}
	if h.covers() {
		t.Error("forwards beside a router that answers")
	}
}

// Of several routers that wait the best one forwards.
func TestBestOfThoseInBackupForwards(t *testing.T) {
	for _, tt := range []struct {
		name     string
		priority uint8
		want     bool
	}{{"worse", 50, true}, {"better", 150, false}} {
		t.Run(tt.name, func(t *testing.T) {
			h := standbys(t)["vrrp"]
			offer := hello.AppendAgreement(nil, &hello.Agreement{
				Kind: hello.AgreementUnderstudy, Protocol: hello.ProtocolVRRP, Version: 3, Family: hello.IPv4, Group: 10,
				Priority: tt.priority, From: peer4.Next(), Forwards: true, Tracks: true,
			}, otherMAC, hello.MAC{1, 0, 0x5e, 0, 0, 18}, nil)
			h.flood()
			h.heard(offer)
			if h.run(10 * time.Millisecond); h.covers() != tt.want {
				t.Errorf("forwards: %t, want %t", h.covers(), tt.want)
			}
		})
	}
	h := standbys(t)["vrrp"]
	h.flood()
	if h.run(10 * time.Millisecond); !h.covers() {
		t.Fatal("does not forward")
	}
	h.heard(hello.AppendAgreement(nil, &hello.Agreement{
		Kind: hello.AgreementUnderstudy, Protocol: hello.ProtocolVRRP, Version: 3, Family: hello.IPv4, Group: 10,
		Priority: 150, From: peer4.Next(), Forwards: true, Tracks: true,
	}, otherMAC, hello.MAC{1, 0, 0x5e, 0, 0, 18}, nil))
	if h.covers() || h.port.open[1] {
		t.Error("goes on beside a better one")
	}
}

// The key turns it off, also in a group that runs and forwards.
func TestUnderstudyKey(t *testing.T) {
	h := newHost(t, hsrpConfig+"understudy = false\n").up("eth0")
	for range 10 {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
		h.run(time.Second)
	}
	h.clear().flood()
	if h.run(20 * time.Millisecond); len(h.port.lookout) > 0 || h.covers() || len(h.port.having("send real request")) > 0 {
		t.Errorf("looks out for %v, says %q", h.port.lookout, h.port.log)
	}
	h = standbys(t)["hsrp"]
	h.flood()
	if h.run(10 * time.Millisecond); !h.covers() {
		t.Fatal("does not forward")
	}
	if err := h.e.Reconfigure(h.now, parsed(t, hsrpConfig+"understudy = false\n"), nil, operator); err != nil {
		t.Fatal(err)
	}
	if h.covers() || h.port.open[1] {
		t.Error("forwards though it must not any more")
	}
	h.hello("hsrp")
	if h.run(100 * time.Millisecond); len(h.port.lookout) > 0 {
		t.Errorf("looks out for %v", h.port.lookout)
	}
}

// A kernel that does not open the gate costs nothing but the forwarding.
func TestRefusedForwardingIsNoObstacle(t *testing.T) {
	h := standbys(t)["hsrp"]
	h.port.refuse = func(open []engine.Claim, _ []engine.ID) error {
		if len(open) > 0 {
			return errKernel
		}
		return nil
	}
	h.flood()
	if h.run(10 * time.Millisecond); h.covers() {
		t.Error("says that it forwards")
	}
	h.state("eth0:10", "Standby")
}

// To tell the port takes as long as to send a hello: groups that are promoted together
// must not wait for that.
func TestPortIsToldOnceOfManyRoles(t *testing.T) {
	const n = 100
	h := newHost(t, manyHSRP(n, "")).up("eth0")
	say := func(op hello.Op) {
		for i := range n {
			h.heard(hsrpFrame(op, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
				m.Group, m.VirtualIP = uint16(100+i), netip.AddrFrom4([4]byte{10, 0, byte(i), 1})
			}))
			h.run(50 * time.Microsecond)
		}
	}
	for range 10 {
		say(hello.OpHello)
		h.run(time.Second)
	}
	if len(h.port.lookout) != n {
		t.Fatalf("looks out for %d MACs, want %d", len(h.port.lookout), n)
	}
	h.port.lookouts = 0
	say(hello.OpResign)
	if got := h.port.lookouts; got > 0 {
		t.Errorf("told %d times while the roles changed", got)
	}
	h.run(time.Second)
	if got := h.port.lookouts; got != 1 || len(h.port.lookout) > 0 {
		t.Errorf("told %d times, now of %d MACs", got, len(h.port.lookout))
	}
}

// With the interface's own MAC hosts send to that of the active router, which this one
// must not accept: it looks out for nothing.
func TestNoUnderstudyWithTheInterfaceMAC(t *testing.T) {
	h := newHost(t, hsrpConfig+"mac = \"interface\"\n").up("eth0")
	for range 10 {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
		h.run(time.Second)
	}
	h.state("eth0:10", "Standby")
	h.clear().flood()
	if h.run(20 * time.Millisecond); len(h.port.lookout) > 0 || h.covers() || len(h.port.log) > 0 {
		t.Errorf("looks out for %v, says %q", h.port.lookout, h.port.log)
	}
}

// A router that is active at two addresses is asked at both when the switch has lost its
// port: the flood for one virtual MAC hides that for the other.
func TestSilentRouterIsAskedAtAllItsAddresses(t *testing.T) {
	second := strings.NewReplacer("group = 10", "group = 11", "192.0.2.1", "192.0.2.2").Replace(hsrpConfig)
	for _, tt := range []struct {
		name string
		mac  hello.MAC // of the other address
		want bool
	}{{"one router", peerMAC, true}, {"two routers", otherMAC, false}} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, hsrpConfig+second).up("eth0")
			other := peer4.Next()
			answerOther := func() {
				f := arpFrame(uint16(garp.OpReply), tt.mac, other, own4)
				copy(f[:6], ownMAC[:])
				h.heard(f)
			}
			hellos := func() {
				h.hello("hsrp")
				h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, env *hello.Envelope) {
					m.Group, m.VirtualIP, env.Src, env.SrcMAC = 11, vip4.Next(), other, tt.mac
				}))
			}
			covers := func() bool { return h.group("eth0:11").Covers != nil }
			for range 40 {
				hellos()
				h.run(250 * time.Millisecond)
				h.life()
				answerOther()
			}
			h.state("eth0:10", "Standby")
			h.state("eth0:11", "Standby")

			h.flood()
			h.life()
			answerOther()
			if h.run(50 * time.Millisecond); h.covers() || covers() {
				t.Error("forwards for a router that answers")
			}
			hellos()
			h.run(200 * time.Millisecond)

			h.flood()
			if h.run(10 * time.Millisecond); !h.covers() || covers() != tt.want {
				t.Errorf("forwards for the first address: %t, for the second one: %t, want %t", h.covers(), covers(), tt.want)
			}
			if h.serves(); h.covers() {
				t.Error("still forwards for an address that answers")
			}
		})
	}
}
