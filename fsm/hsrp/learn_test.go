package hsrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

func TestLearn(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		cfg         Config
		state       hello.HSRPState
		said        hello.HSRPState
		hello, hold time.Duration
		vip         string
		want        []fsm.Action
	}{
		"RFC2281/5.1/from an active router": {Config{Version: 1, Priority: 100}, hello.Listen, hello.Active, 4 * time.Second, 12 * time.Second, "192.0.2.254",
			[]fsm.Action{fsm.Learned{From: other, VirtualIP: vip, HelloTime: 4 * time.Second, HoldTime: 12 * time.Second}}},
		"RFC2281/5.1/not from a standby router":     {Config{Version: 1, Priority: 100}, hello.Listen, hello.Standby, 4 * time.Second, 12 * time.Second, "192.0.2.254", nil},
		"RFC2281/5.1/never over what is configured": {base(), hello.Listen, hello.Active, 4 * time.Second, 12 * time.Second, "192.0.2.253", nil},
		"RFC2281/5.1/never one of two times": {Config{Version: 1, Priority: 100, HelloTime: time.Second, VirtualIPs: []netip.Addr{vip}},
			hello.Listen, hello.Active, 4 * time.Second, 12 * time.Second, "192.0.2.254", nil},
		"the same times are no news": {Config{Version: 1, Priority: 100, VirtualIPs: []netip.Addr{vip}},
			hello.Listen, hello.Active, 3 * time.Second, 10 * time.Second, "192.0.2.254", nil},
		"version 1 never below a second": {Config{Version: 1, Priority: 100, VirtualIPs: []netip.Addr{vip}},
			hello.Listen, hello.Active, 250 * ms, 800 * ms, "192.0.2.254", nil},
		"version 1 never zero": {Config{Version: 1, Priority: 100, VirtualIPs: []netip.Addr{vip}}, hello.Listen, hello.Active, 0, 0, "192.0.2.254", nil},
		"version 2 learns milliseconds": {Config{Version: 2, Priority: 100, VirtualIPs: []netip.Addr{vip}}, hello.Listen, hello.Active, 250 * ms, 800 * ms, "192.0.2.254",
			[]fsm.Action{fsm.Learned{From: other, HelloTime: 250 * ms, HoldTime: 800 * ms}}},
		"no hello time that cannot be configured": {Config{Version: 2, Priority: 100, VirtualIPs: []netip.Addr{vip}}, hello.Listen, hello.Active, ms, 800 * ms, "192.0.2.254", nil},
		"no hold time that cannot be configured":  {Config{Version: 2, Priority: 100, VirtualIPs: []netip.Addr{vip}}, hello.Listen, hello.Active, time.Second, 256 * time.Second, "192.0.2.254", nil},
		"a hold time must exceed the hello time":  {Config{Version: 2, Priority: 100, VirtualIPs: []netip.Addr{vip}}, hello.Listen, hello.Active, 800 * ms, 800 * ms, "192.0.2.254", nil},
		"never the unspecified address":           {Config{Version: 1, Priority: 100, HoldTime: time.Second}, hello.Listen, hello.Active, 0, 0, "0.0.0.0", nil},
		"never the own address":                   {Config{Version: 1, Priority: 100, HoldTime: time.Second}, hello.Listen, hello.Active, 0, 0, "192.0.2.5", nil},
		"never of another family":                 {Config{Version: 2, Priority: 100, HoldTime: time.Second}, hello.Listen, hello.Active, 0, 0, "fe80::1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			ev := message(hello.OpHello, tt.said, 110)
			m := ev.Message.(*hello.HSRP)
			m.HelloTime, m.HoldTime, m.VirtualIP = tt.hello, tt.hold, netip.MustParseAddr(tt.vip)
			got := inState(tt.state, tt.cfg).Step(epoch, ev)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("RFC2281/5.1/never while active", func(t *testing.T) {
		for _, priority := range []uint8{90, 110} {
			g := inState(hello.Active, Config{Version: 1, Priority: 100})
			if got := g.Step(epoch, message(hello.OpHello, hello.Active, priority)); learns(got) {
				t.Errorf("learned from priority %d", priority)
			}
		}
	})
}

func TestNothingToLearnChangesNothing(t *testing.T) {
	for _, ip := range []string{"0.0.0.0", "224.0.0.2", "192.0.2.5"} { // the last is the own one
		g := inState(hello.Learn, Config{Version: 1, Priority: 100, Preempt: true, PreemptDelay: 5 * time.Second})
		before, _ := g.Deadline()
		ev := message(hello.OpHello, hello.Active, 90)
		ev.Message.(*hello.HSRP).VirtualIP = netip.MustParseAddr(ip)
		g.Step(epoch, ev)
		if at, _ := g.Deadline(); !at.Equal(before) {
			t.Errorf("%s: the deadline moved by %s", ip, at.Sub(before))
		}
		if got := g.Step(epoch.Add(time.Hour), fsm.Tick{}); len(got) > 0 || g.state != hello.Learn {
			t.Errorf("%s: %s, %v", ip, g.state, got)
		}
	}
}

func TestConfiguredTimes(t *testing.T) {
	for name, tt := range map[string]struct{ hello, hold, wantHello, wantHold time.Duration }{
		"none":               {0, 0, 3 * time.Second, 10 * time.Second},
		"both":               {time.Second, 4 * time.Second, time.Second, 4 * time.Second},
		"short hello":        {time.Second, 0, time.Second, 10 * time.Second},
		"long hello":         {5 * time.Second, 0, 5 * time.Second, 15 * time.Second},
		"long hold":          {0, 30 * time.Second, 3 * time.Second, 30 * time.Second},
		"hold of a few ms":   {0, 900 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond},
		"hold below default": {0, 6 * time.Second, 2 * time.Second, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Config{HelloTime: tt.hello, HoldTime: tt.hold}).Status()
			if s.HelloTime != tt.wantHello || s.HoldTime != tt.wantHold {
				t.Errorf("hello %s hold %s, want %s %s", s.HelloTime, s.HoldTime, tt.wantHello, tt.wantHold)
			}
		})
	}
}
