package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// Two routers with different secrets both stay active. Cisco says so about
// every half minute; here it is said at once and then every five minutes.
func TestTwoActiveRoutersWithDifferentSecretsAreWarnedOfAgainAndAgain(t *testing.T) {
	h := hsrpActive(t)
	claim := hsrpFrameWith("other", hello.OpHello, hello.Active, better)
	began := h.now
	var at []time.Duration
	for range 12 * 60 {
		said := len(h.told(engine.KindReject))
		h.heard(claim)
		if len(h.told(engine.KindReject)) > said {
			at = append(at, h.now.Sub(began))
		}
		h.run(time.Second)
	}
	if diff := cmp.Diff([]time.Duration{0, 5 * time.Minute, 10 * time.Minute}, at); diff != "" {
		t.Errorf("warned at (-want +got):\n%s", diff)
	}
	const line = "%HSRP-4-BADAUTH: Bad authentication from 192.0.2.11, group 10, remote state Active (auth): both routers are active until their secrets agree"
	for _, got := range h.told(engine.KindReject) {
		if got != line {
			t.Errorf("told %q, want %q", got, line)
		}
	}
	h.state("eth0:10", "Active")
	g := h.group("eth0:10")
	if r := g.Rival; r.From != peer4 || r.Reason != hello.RejectAuth || !r.At.Equal(h.now.Add(-time.Second)) || !g.BothActive {
		t.Errorf("rival %+v, both active %t", r, g.BothActive)
	}
	h.run(3 * time.Second)
	if h.group("eth0:10").BothActive {
		t.Error("both are active a hold time after the other's last claim")
	}
}

func TestWhatIsNoClaimIsNoRival(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame []byte
	}{
		{"a standby router", hsrpFrameWith("other", hello.OpHello, hello.Standby)},
		{"a resignation", hsrpFrameWith("other", hello.OpResign, hello.Active)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := hsrpActive(t)
			h.heard(tt.frame)
			h.run(10 * time.Minute)
			h.heard(tt.frame)
			if r := h.group("eth0:10").Rival; !r.At.IsZero() {
				t.Errorf("rival %+v", r)
			}
			if got := h.told(engine.KindReject); len(got) != 1 || strings.Contains(got[0], "both routers") {
				t.Errorf("told %q, want the one line of a rejected packet", got)
			}
		})
	}
}

func TestRivalOfAStandbyRouterIsWarnedOfWhenBothAreActive(t *testing.T) {
	h := hsrpStandby(t)
	claim := hsrpFrameWith("other", hello.OpHello, hello.Active, better)
	h.heard(claim)
	if got := h.told(engine.KindReject); len(got) != 1 || strings.Contains(got[0], "both routers") {
		t.Errorf("told %q as a standby router", got)
	}
	h.until("eth0:10", "Active").heard(claim)
	if got := h.told(engine.KindReject); len(got) != 2 || !strings.Contains(got[1], "both routers are active") {
		t.Errorf("told %q as an active one", got)
	}
}

func TestForgedRivalsAreOneLineInFiveMinutes(t *testing.T) {
	h := hsrpActive(t)
	for i := range 256 {
		for range 4 {
			h.heard(hsrpFrameWith("other", hello.OpHello, hello.Active, func(_ *hello.HSRP, e *hello.Envelope) {
				e.Src = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			}))
		}
	}
	if got := h.told(engine.KindReject); len(got) > engine.Newcomers+2 {
		t.Errorf("%d lines for a thousand forged claims at once", len(got))
	}
}

func TestVRRPVersion2RivalWithAnotherTextIsWarnedOf(t *testing.T) {
	h := newHost(t, strings.Replace(vrrpConfig, "priority = 110", "version = 2\nauth = { text = \"ours\" }\npriority = 110", 1)).
		up("eth0").until("eth0:10", "Active").clear()
	h.heard(vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) { m.Version = 2 }))
	const want = "%VRRP-4-BADAUTH: Bad authentication from 192.0.2.11, group 10, remote state Active (auth-type): both routers are active until their secrets agree"
	if diff := cmp.Diff([]string{want}, h.told(engine.KindReject)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
