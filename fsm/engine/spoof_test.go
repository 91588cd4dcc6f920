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

// A packet with this router's own source address is a loop, a duplicate
// address or a forgery: it neither takes the role away nor is answered.
func TestOwnSourceAddressNeitherSilencesNorFlaps(t *testing.T) {
	ownSource := func(_ *hello.HSRP, e *hello.Envelope) { e.Src = own4 }
	frames := map[string]struct {
		host  *host
		frame []byte
	}{
		"hsrp coup":   {hsrpActive(t), hsrpFrame(hello.OpCoup, hello.Standby, better, ownSource)},
		"hsrp hello":  {hsrpActive(t), hsrpFrame(hello.OpHello, hello.Active, better, ownSource)},
		"hsrp resign": {hsrpActive(t), hsrpFrame(hello.OpResign, hello.Active, better, ownSource)},
		"vrrp advert": {vrrpActive(t), vrrpFrame(255, func(_ *hello.VRRP, e *hello.Envelope) { e.Src = own4 })},
		"vrrp resign": {vrrpActive(t), vrrpFrame(0, func(_ *hello.VRRP, e *hello.Envelope) { e.Src = own4 })},
	}
	for name, tt := range frames {
		t.Run(name, func(t *testing.T) {
			h := tt.host
			before, _ := h.e.Deadline()
			for range 3 {
				h.heard(tt.frame)
			}
			h.state("eth0:10", "Active")
			if len(h.port.log) != 0 {
				t.Errorf("did %q", h.port.log)
			}
			if after, _ := h.e.Deadline(); !after.Equal(before) {
				t.Errorf("the next deadline moved from %v to %v", before, after)
			}
			if got := h.e.Status(h.now).Interfaces[0].Rejected["source"]; got != 3 {
				t.Errorf("counted %d, want 3", got)
			}
		})
	}
}

// Routers that do not agree on the authentication are both active, and neither
// learns from the other (RFC 2281 section 5.1).
func TestWithoutAgreementOnAuthenticationNothingIsHeard(t *testing.T) {
	const md5 = "auth = { md5 = \"a-long-enough-key\" }\n"
	for _, tt := range []struct {
		name, config, text string
		why                hello.Reject
		state              string
	}{
		{"other text", hsrpConfig, "other", "auth", "Active"},
		{"text where MD5 is wanted", hsrpConfig + md5, "cisco", "auth-type", "Active"},
		{"a group that learns goes on waiting", strings.Replace(hsrpConfig, "virtual_ips = [\"192.0.2.1\"]\n", "", 1), "other", "auth", "Learn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0")
			const seconds = 20
			for range seconds {
				h.heard(hsrpFrameWith(tt.text, hello.OpHello, hello.Active, better))
				h.run(time.Second)
			}
			h.heard(hsrpFrameWith(tt.text, hello.OpCoup, hello.Active, better))
			g := h.group("eth0:10")
			if g.Machine.State != tt.state || g.Counters.Received != 0 {
				t.Errorf("%s after %d messages, want %s after none", g.Machine.State, g.Counters.Received, tt.state)
			}
			if diff := cmp.Diff(map[hello.Reject]uint64{tt.why: seconds + 1}, g.Counters.Rejected); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
			line := "%HSRP-4-BADAUTH: Bad authentication from 192.0.2.11, group 10, remote state Active (" + string(tt.why) + ")"
			want := []string{line}
			if tt.state == "Active" {
				want = append(want, line+": both routers are active until their secrets agree")
			}
			if diff := cmp.Diff(want, h.told(engine.KindReject)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// Every message of HSRP leaves as Cisco's do: which MAC, TTL, type of service,
// destination and identifier it has does not depend on who sent the last one.
func TestHSRPMessagesLeaveInTheirEnvelope(t *testing.T) {
	const config1 = "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nversion = 1\nvirtual_ips = [\"192.0.2.1\"]\npriority = 110\n"
	for _, tt := range []struct {
		name, config string
		version      uint8
		family       hello.Family
	}{
		{"version 1", config1, 1, hello.IPv4},
		{"version 2", hsrpConfig, 2, hello.IPv4},
		{"version 2 over IPv6", strings.Replace(hsrpConfig, "192.0.2.1", "fe80::1", 1), 2, hello.IPv6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active")
			h.e.Stop(h.now)
			vmac := hello.VirtualMAC(hello.ProtocolHSRP, tt.version, tt.family, 10)
			l := newTestLink("eth0")
			var said []string
			for _, f := range h.port.frames {
				var got hello.Envelope
				var p hello.HSRPPacket
				payload, err := hello.ParseFrame(f, &got, true)
				if err != nil {
					continue // an announcement
				}
				if err := p.Parse(payload); err != nil {
					t.Fatal(err)
				}
				mac := ownMAC
				if p.HSRP.State == hello.Active {
					mac = vmac
				}
				want := hello.GroupEnvelope(hello.ProtocolHSRP, tt.version, l.Addr(tt.family), mac)
				if got != want {
					t.Errorf("%s %s in %+v, want %+v", p.HSRP.Op, p.HSRP.State, got, want)
				}
				if tt.version == 2 && p.HSRP.Identifier != ownMAC {
					t.Errorf("%s %s with identifier %s", p.HSRP.Op, p.HSRP.State, p.HSRP.Identifier)
				}
				said = append(said, p.HSRP.Op.String()+" "+p.HSRP.State.String())
			}
			first, last := said[0], said[len(said)-1]
			if first != "Hello Speak" || last != "Resign Active" {
				t.Errorf("said %q", said)
			}
		})
	}
}

// Whoever does not know the key can still send the active router's own hellos
// back from a higher address. The digest covers the sender's address, so that
// such a copy is told from the word of a better router.
func TestSignedHelloFromAnotherAddressIsNotUsed(t *testing.T) {
	const md5 = "auth = { md5 = \"a-long-enough-key\" }\n"
	for name, tt := range map[string]struct{ config, from string }{
		"IPv4": {hsrpConfig + md5, "192.0.2.200"},
		"IPv6": {strings.Replace(hsrpConfig, "192.0.2.1", "fe80::1", 1) + md5, "fe80::200"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").clear().run(time.Second)
			var env hello.Envelope
			var payload []byte
			for _, f := range h.port.frames { // among announcements
				if p, err := hello.ParseFrame(f, &env, true); err == nil {
					payload = p
				}
			}
			env.Src, env.SrcMAC = netip.MustParseAddr(tt.from), otherMAC
			h.heard(hello.AppendFrame(nil, &env, payload))
			h.state("eth0:10", "Active")
			if got := h.e.Status(h.now).Interfaces[0].Rejected["source"]; got != 1 {
				t.Errorf("counted %d, want 1", got)
			}
		})
	}
}
