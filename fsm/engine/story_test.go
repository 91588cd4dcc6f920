package engine_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// from makes a frame another router's.
func from(a netip.Addr) func(*hello.HSRP, *hello.Envelope) {
	return func(_ *hello.HSRP, env *hello.Envelope) { env.Src = a }
}

// priority gives the sender of a frame one.
func priority(n uint8) func(*hello.HSRP, *hello.Envelope) {
	return func(m *hello.HSRP, _ *hello.Envelope) { m.Priority = n }
}

// story names the records of a group's last change.
func (h *host) story(ref string) (list []string) {
	h.t.Helper()
	c := h.group(ref).Change
	if c == nil {
		h.t.Fatalf("%s: no change", ref)
	}
	for _, r := range c.Records {
		s := string(r.Kind)
		switch r.Kind {
		case engine.RecordPeer:
			s += fmt.Sprintf(" %s %s", r.Peer, r.News)
		case engine.RecordSilence:
			s += fmt.Sprintf(" %v %v", r.Peer, r.For)
		case engine.RecordPriority:
			s += fmt.Sprint(" ", r.Priority.From, " ", r.Priority.To)
		case engine.RecordTransition:
			s += " " + r.Transition.To
		case engine.RecordTrack:
			s += " " + r.Object
		}
		list = append(list, s)
	}
	return list
}

// A loss may have two reasons that are needed both. What came last is told.
func TestStoryBeginsWithWhatTippedTheScales(t *testing.T) {
	coup := func(h *host, n uint8) { h.heard(hsrpFrame(hello.OpCoup, hello.Speak, priority(n))) }
	speak := func(h *host, n uint8) { h.heard(hsrpFrame(hello.OpHello, hello.Standby, priority(n))) }
	lower := func(h *host) { h.e.TrackChanged(h.now, "core", false, "gone") }
	for _, tt := range []struct {
		name string
		play func(h *host)
		want []string
	}{
		{"own priority fell", func(h *host) { speak(h, 100); lower(h); h.run(time.Second); coup(h, 100) },
			[]string{"track core", "priority 110 10", "peer 192.0.2.11 coup", "transition Speak"}},
		{"theirs rose", func(h *host) { speak(h, 100); h.run(time.Second); speak(h, 120); coup(h, 120) },
			[]string{"peer 192.0.2.11 priority", "peer 192.0.2.11 coup", "transition Speak"}},
		{"own fell, and theirs rose later", func(h *host) { speak(h, 5); lower(h); h.run(time.Second); speak(h, 120); coup(h, 120) },
			[]string{"peer 192.0.2.11 priority", "peer 192.0.2.11 coup", "transition Speak"}},
		{"own fell, which was not needed", func(h *host) { lower(h); h.run(time.Second); coup(h, 200) },
			[]string{"peer 192.0.2.11 first-heard", "transition Speak"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, trackConfig).up("eth0", "eth1").until("eth0:10", "Active").run(30 * time.Second)
			tt.play(h)
			if diff := cmp.Diff(tt.want, h.story("eth0:10")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangeBetweenOthersIsSeen(t *testing.T) {
	third := netip.MustParseAddr("192.0.2.12")
	h := newHost(t, hsrpConfig).up("eth0")
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.heard(hsrpFrame(hello.OpHello, hello.Standby, better, from(third)))
	if c := h.group("eth0:10").Change; c != nil {
		t.Fatalf("who served before this router listened is a change: %+v", c)
	}
	for range 3 {
		h.run(time.Second)
		h.heard(hsrpFrame(hello.OpHello, hello.Standby, better, from(third)))
	}
	h.run(500 * time.Millisecond)
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better, from(third)))
	c := h.group("eth0:10").Change
	want := []string{"silence 192.0.2.11 3.5s", "peer 192.0.2.12 state"}
	if diff := cmp.Diff(want, h.story("eth0:10")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.From.Addr != peer4 || c.To.Addr != third || c.Taken.Sub(c.LastSign) != 3500*time.Millisecond || c.Handed {
		t.Errorf("change %+v", c)
	}
}

// A router that has handed its role over preempts again at an operator's word, and that
// of the other one, which listened meanwhile, had no part in it.
func TestCommandThatEndsAYieldingIsWhyTheRoleComesBack(t *testing.T) {
	h := hsrpActive(t)
	h.heard(hsrpFrame(hello.OpHello, hello.Speak))
	h.run(4 * time.Second) // it listens
	h.heard(hsrpFrame(hello.OpHello, hello.Speak))
	h.run(time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	h.handOver("eth0:10").heard(hsrpFrame(hello.OpHello, hello.Active))
	h.state("eth0:10", "Listen")
	if err := h.e.SetPriority(h.now, operator, "eth0:10", -1); err != nil {
		t.Fatal(err)
	}
	h.run(time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	h.state("eth0:10", "Active")
	if diff := cmp.Diff([]string{"command", "transition Active"}, h.story("eth0:10")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A router that has resigned, and wants the role again at once, begins with that.
func TestComingBackBeginsWithTheResignation(t *testing.T) {
	h := hsrpStandby(t)
	h.heard(hsrpFrame(hello.OpResign, hello.Active, better))
	h.state("eth0:10", "Active")
	h.run(time.Second)
	h.heard(hsrpFrame(hello.OpCoup, hello.Listen, better))
	want := []string{"peer 192.0.2.11 resign", "peer 192.0.2.11 coup", "transition Speak"}
	if diff := cmp.Diff(want, h.story("eth0:10")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Routers that stood for election and found better ones listen, and say nothing.
func TestSpeakerThatListenedIsNoNews(t *testing.T) {
	h := newHost(t, hsrpConfig).up("eth0").until("eth0:10", "Active")
	h.heard(hsrpFrame(hello.OpHello, hello.Speak))
	h.run(4 * time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Speak))
	h.run(time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	h.run(3500 * time.Millisecond) // and now it should not be silent
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	want := []string{"silence invalid IP 3s", "transition Active",
		"peer 192.0.2.11 first-heard", "peer 192.0.2.11 state", "peer 192.0.2.11 heard-again"}
	if diff := cmp.Diff(want, h.story("eth0:10")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What this process missed while it was stopped is not the silence of others.
func TestOwnStallIsNobodysSilence(t *testing.T) {
	h := hsrpActive(t)
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	h.now = h.now.Add(20 * time.Second)
	h.e.Wake(h.now, 0)
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	h.e.CaughtUp(h.now)
	want := []string{"stall", "transition Listen", "peer 192.0.2.11 state"}
	if diff := cmp.Diff(want, h.story("eth0:10")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c := h.group("eth0:10").Change
	if c.To.Addr != peer4 || c.LastSign.After(h.now.Add(-20*time.Second)) {
		t.Errorf("change %+v", c)
	}
}

// Forged routers cost the one that they lie to a bounded memory.
func TestStoriesAreBounded(t *testing.T) {
	h := newHost(t, hsrpConfig+"off_subnet = \"accept\"\n").up("eth0").until("eth0:10", "Active")
	for n := range uint32(2000) {
		a := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 0xc0000300+n)))
		h.heard(hsrpFrame(hello.OpHello, hello.Standby, from(a), priority(uint8(n))))
		h.heard(hsrpFrameWith("wrong", hello.OpHello, hello.Active, from(a)))
		h.heard(hsrpFrame(hello.OpCoup, hello.Speak, better, from(a)))
		h.heard(hsrpFrame(hello.OpResign, hello.Active, better, from(a)))
		h.run(10 * time.Millisecond)
	}
	g := h.group("eth0:10")
	if n := len(g.Unheard); n != 32 {
		t.Errorf("%d routers that are not believed are remembered, want 32", n)
	}
	if n := len(g.Change.Records); n > 16 {
		t.Errorf("%d records of a change, want 16 at most", n)
	}
	changes := h.e.Changes(0)
	n := len(changes)
	if n > 1024 || n < 3 {
		t.Fatalf("%d changes are kept, want 1024 at most", n)
	}
	if after := h.e.Changes(changes[n-3].ID); !reflect.DeepEqual(after, changes[n-2:]) || h.e.Changes(changes[n-1].ID) != nil {
		t.Errorf("changes that follow the last but two: %v", after)
	}
	for _, c := range changes {
		for _, r := range c.Records {
			depth := 0
			for at := r; at != nil; at = at.After {
				depth++
			}
			if depth > 6 {
				t.Fatalf("a chain of %d records", depth)
			}
		}
	}
}

// Several pairs share a segment. Only a router with the group's own virtual address
// is one that it misses.
func TestOtherGroupsOfTheSegmentAreNobodysPeers(t *testing.T) {
	h := hsrpActive(t)
	group := func(n uint16) func(*hello.HSRP, *hello.Envelope) {
		return func(m *hello.HSRP, _ *hello.Envelope) { m.Group = n }
	}
	elsewhere := func(m *hello.HSRP, _ *hello.Envelope) { m.VirtualIP = netip.MustParseAddr("192.0.2.99") }
	h.heard(hsrpFrame(hello.OpHello, hello.Active, group(11), elsewhere))
	if list := h.group("eth0:10").Unheard; len(list) != 0 {
		t.Errorf("not believed: %+v", list)
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active, group(12)))
	if list := h.group("eth0:10").Unheard; len(list) != 1 || list[0].Number != 12 || !list[0].Claims {
		t.Errorf("not believed: %+v", list)
	}
}

// Who comes back without the role, and says so, has not served meanwhile.
func TestFormerOwnerThatIsBackWithoutTheRoleHasNotServed(t *testing.T) {
	h := hsrpStandby(t)
	h.hello("hsrp")
	last := h.now
	h.run(2500 * time.Millisecond)
	h.heard(hsrpFrame(hello.OpHello, hello.Speak, priority(50)))
	back := h.now
	h.run(time.Second)
	h.state("eth0:10", "Active")
	c := h.group("eth0:10").Change
	if !c.LastSign.Equal(last) || c.Handed {
		t.Errorf("it served until %v after its last word as active, handed over: %t, want 0 and false", c.LastSign.Sub(last), c.Handed)
	}
	if r := c.Records[0]; r.Kind != engine.RecordPeer || !r.At.Equal(back) {
		t.Errorf("the story begins with %+v", r)
	}
}

// When such a router has told of itself, another one that takes the role does so after
// that word, not after a silence.
func TestChangeBetweenOthersBeginsWithTheWordOfWhoLostTheRole(t *testing.T) {
	third := netip.MustParseAddr("192.0.2.12")
	h := newHost(t, hsrpConfig).up("eth0")
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.heard(hsrpFrame(hello.OpHello, hello.Standby, better, from(third)))
	h.run(time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Speak, better))
	h.run(time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better, from(third)))
	want := []string{"peer 192.0.2.11 state", "peer 192.0.2.12 state"}
	if diff := cmp.Diff(want, h.story("eth0:10")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
