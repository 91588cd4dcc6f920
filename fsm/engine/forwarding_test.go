package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

const (
	off4 = "net/ipv4/ip_forward"
	off6 = "net/ipv6/conf/all/forwarding"
)

// forwards switches forwarding on eth0 off, or on with "".
func (h *host) forwards(ipv4, ipv6 string) {
	h.linked(func(l *engine.Link) { l.Off4, l.Off6 = ipv4, ipv6 })
}

// said are the warnings and notices since the last clear.
func (h *host) said() []string {
	return append(h.told(engine.KindWarning), h.told(engine.KindNotice)...)
}

func TestForwardingSwitchedOffIsSaidOnceWhileActiveAndAgainWhenItIsBack(t *testing.T) {
	h := newHost(t, hsrpConfig)
	const dropped = "eth0: what is sent through the virtual addresses of hsrp:eth0:10 is dropped: IPv4 forwarding is switched off: set net/ipv4/ip_forward = 1"
	h.forwards(off4, off6)
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"not active yet", func() { h.run(time.Second) }, nil},
		{"active", func() { h.until("eth0:10", "Active") }, []string{dropped}},
		{"still off", func() { h.forwards(off4, off6); h.run(time.Minute) }, nil},
		{"off while the link is down", func() {
			h.linked(func(l *engine.Link) { l.Up, l.Off4 = false, off4 })
			h.forwards(off4, "")
			h.until("eth0:10", "Active")
		}, nil},
		{"gone and back", func() { h.linked(func(l *engine.Link) { *l = engine.Link{Name: "eth0"} }); h.forwards(off4, "") }, nil},
		{"on", func() { h.until("eth0:10", "Active"); h.forwards("", "") }, []string{"eth0: IPv4 forwarding is switched on again"}},
		{"off again", func() { h.forwards(off4, "") }, []string{dropped}},
		{"on again", func() { h.forwards("", "") }, []string{"eth0: IPv4 forwarding is switched on again"}},
		{"the other family has no group", func() { h.forwards("", off6) }, nil},
	} {
		h.clear()
		step.do()
		got := h.said()
		if step.name == "off while the link is down" || step.name == "gone and back" {
			got = withoutObstacles(got)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	h.state("eth0:10", "Active")
}

func withoutObstacles(list []string) (out []string) {
	for _, s := range list {
		if !strings.Contains(s, "waits in Init") {
			out = append(out, s)
		}
	}
	return out
}

func TestForwardingIsShownForTheFamilyOfAGroup(t *testing.T) {
	h := newHost(t, hsrpConfig+"\n[[vrrp]]\ninterface = \"eth0\"\nvrid = 20\nvirtual_ips = [\"fe80::1\"]\n")
	h.forwards("", off6)
	if got := h.group("hsrp:eth0:10").ForwardingOff; got != "" {
		t.Errorf("IPv4: %q", got)
	}
	if got := h.group("vrrp6:eth0:20").ForwardingOff; got != off6 {
		t.Errorf("IPv6: %q", got)
	}
}

func TestForwardingThatIsRequiredIsAnObstacle(t *testing.T) {
	for _, tt := range []struct{ config, ref, resigns, back string }{
		{hsrpConfig, "eth0:10", "resign Active", "Listen"},
		{vrrpConfig, "eth0:10", "advert 0", "Backup"},
	} {
		h := newHost(t, "[daemon]\nforwarding = \"require\"\n"+tt.config).up("eth0").until(tt.ref, "Active").clear()
		h.forwards("net/ipv4/conf/eth0/forwarding", "")
		if !strings.Contains(strings.ToLower(strings.Join(h.port.log, "\n")), strings.ToLower(tt.resigns)) {
			t.Errorf("%s: no resignation:\n%s", tt.resigns, strings.Join(h.port.log, "\n"))
		}
		g := h.group(tt.ref)
		const why = "IPv4 forwarding is switched off: set net/ipv4/conf/eth0/forwarding = 1"
		if g.Obstacle != why || g.Last.Cause != "forwarding-off" || g.Last.Detail != why || h.port.open[1] {
			t.Errorf("obstacle %q, %s: %s; gate open %t", g.Obstacle, g.Last.Cause, g.Last.Detail, h.port.open[1])
		}
		if got := h.said(); len(got) > 0 {
			t.Errorf("said beside the transition: %q", got)
		}
		h.forwards("", off6) // the other family's is no matter of this group
		h.state(tt.ref, tt.back)
		if last := h.group(tt.ref).Last; last.Cause != "forwarding-off" {
			t.Errorf("back by %s", last.Cause)
		}
		h.until(tt.ref, "Active")
	}
}

func TestGroupThatNeverRanForWantOfForwardingSaysSo(t *testing.T) {
	h := newHost(t, "[daemon]\nforwarding = \"require\"\n"+hsrpConfig)
	h.forwards(off4, "")
	want := []string{"hsrp:eth0:10 waits in Init: IPv4 forwarding is switched off: set net/ipv4/ip_forward = 1"}
	if diff := cmp.Diff(want, h.said()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
