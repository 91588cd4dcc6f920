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
	if r := g.Rival; r.From != peer4 || r.Reason != string(hello.RejectAuth) || !r.At.Equal(h.now.Add(-time.Second)) || !g.BothActive {
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

// Two routers that misunderstand each other are both active. Each can know why,
// by what it hears instead of a hello that counts.
func TestWhyBothAreActive(t *testing.T) {
	inVersion1 := strings.Replace(hsrpConfig, "group = 10", "group = 10\nversion = 1", 1)
	vrrp2 := strings.Replace(vrrpConfig, "priority = 110", "version = 2\npriority = 110", 1)
	unicast := vrrpConfig + "peers = [\"192.0.2.11\"]\n"
	hsrpMAC1 := hello.VirtualMAC(hello.ProtocolHSRP, 1, hello.IPv4, 10)
	hsrpMAC2 := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	vrrpMAC := hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 10)
	for _, tt := range []struct {
		name, config string
		frame        []byte
		reason, want string
	}{
		{"another version of HSRP", hsrpConfig, hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, e *hello.Envelope) {
			m.Version, m.Identifier, e.Dst = 1, hello.MAC{}, hello.GroupAddr(hello.ProtocolHSRP, 1, hello.IPv4)
		}), "version", "192.0.2.11 speaks version 1, this router version 2"},
		{"and the other way round", inVersion1, hsrpFrame(hello.OpHello, hello.Active), "version", "192.0.2.11 speaks version 2, this router version 1"},
		{"another version of VRRP", vrrpConfig, vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) { m.Version = 2 }), "version", "192.0.2.11 speaks version 2, this router version 3"},
		{"another group number", hsrpConfig, hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.Group = 11 }),
			"group", "192.0.2.11 has 192.0.2.1 in HSRP group 11, this router in HSRP group 10"},
		{"another VRID", vrrpConfig, vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) { m.VRID = 99 }),
			"group", "192.0.2.11 has 192.0.2.1 in VRRP group 99, this router in VRRP group 10"},
		{"another protocol", hsrpConfig, vrrpFrame(200), "group", "192.0.2.11 has 192.0.2.1 in VRRP group 10, this router in HSRP group 10"},
		{"another subnet", hsrpConfig, hsrpFrame(hello.OpHello, hello.Active, fromAddr("10.9.9.9")), "subnet", "10.9.9.9 is in no subnet of eth0 and is not heard"},
		{"another interval of VRRP version 2", vrrp2, vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) { m.Version, m.AdverInterval = 2, 5*time.Second }),
			"interval", "192.0.2.11 is not heard: its advertisement interval is another one than 1s"},
		{"multicast beside unicast", unicast, vrrpFrame(200), "destination", "192.0.2.11 is not heard: one of the two speaks to peers, the other by multicast"},
		{"nothing but announcements", hsrpConfig, arpFrame(arpReply, hsrpMAC2, vip4, vip4), "unheard", "the virtual MAC answers for 192.0.2.1 elsewhere and no message of that router arrives"},
		{"announcements of another version", hsrpConfig, arpFrame(arpReply, hsrpMAC1, vip4, vip4), "unheard", "192.0.2.1 is at the virtual MAC of HSRP version 1 group 10"},
		{"announcements of another protocol", hsrpConfig, arpFrame(arpReply, vrrpMAC, vip4, vip4), "unheard", "192.0.2.1 is at the virtual MAC of VRRP group 10"},
		{"a worse router that does not hear this one", hsrpConfig, hsrpFrame(hello.OpHello, hello.Active), "deaf", "192.0.2.11 goes on although this router is better"},
		{"a worse VRRP router that does not", vrrpConfig, vrrpFrame(90), "deaf", "192.0.2.11 goes on although this router is better"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
			for range 12 {
				h.heard(tt.frame)
				h.run(500 * time.Millisecond)
			}
			g := h.group("eth0:10")
			if !g.BothActive || g.Rival.Reason != tt.reason || !strings.HasPrefix(g.Rival.Detail, tt.want) || g.Machine.State != "Active" {
				t.Errorf("%s, both active %t, %+v", g.Machine.State, g.BothActive, g.Rival)
			}
			var lines []string
			for _, l := range h.told(engine.KindWarning) {
				if strings.HasPrefix(l, "both routers are active: "+tt.want) {
					lines = append(lines, l)
				}
			}
			want := 1
			if tt.reason == "subnet" {
				want = 0 // which has a line of its own
			}
			if len(lines) != want {
				t.Errorf("told %q, want %d", h.told(engine.KindWarning), want)
			}
			h.run(3 * time.Minute)
			if h.group("eth0:10").BothActive {
				t.Error("both are active three minutes after the last sign of the other")
			}
		})
	}
}

// What belongs to a healthy pair is no sign of two active routers.
func TestWhatIsNoSignOfAnotherActiveRouter(t *testing.T) {
	virtual := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	for name, frames := range map[string][][]byte{
		"the loser of a contest":        {hsrpFrame(hello.OpHello, hello.Active)},
		"a standby router":              {hsrpFrame(hello.OpHello, hello.Standby), arpFrame(arpReply, virtual, vip4, vip4)},
		"another group":                 {hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.Group, m.VirtualIP = 11, netip.MustParseAddr("192.0.2.2") })},
		"another version, not active":   {hsrpFrame(hello.OpHello, hello.Standby, func(m *hello.HSRP, e *hello.Envelope) { m.Group = 11 })},
		"one that resigns elsewhere":    {hsrpFrame(hello.OpResign, hello.Active, func(m *hello.HSRP, e *hello.Envelope) { m.Group = 11 })},
		"a stranger with the address":   {arpFrame(arpReply, otherMAC, vip4, vip4)},
		"an owner of VRRP that resigns": {vrrpFrame(0)},
	} {
		t.Run(name, func(t *testing.T) {
			h := hsrpActive(t)
			for range 2 {
				for _, f := range frames {
					h.run(500 * time.Millisecond)
					h.heard(f)
				}
				if g := h.group("hsrp:eth0:10"); g.BothActive {
					t.Errorf("both active: %+v", g.Rival)
				}
			}
		})
	}
}
