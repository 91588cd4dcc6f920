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

func TestRejectsAreCountedWhereTheyBelong(t *testing.T) {
	cut := func(b []byte, n int) []byte { return b[:len(b)-n] }
	spoil := func(b []byte, at int) []byte { b[at] ^= 0xff; return b }
	for _, tt := range []struct {
		name  string
		frame []byte
		group map[hello.Reject]uint64 // counted with the group
		iface map[hello.Reject]uint64 // or with the interface
	}{
		{"own source", hsrpFrame(hello.OpHello, hello.Active, func(_ *hello.HSRP, e *hello.Envelope) { e.Src = own4 }), nil, map[hello.Reject]uint64{"source": 1}},
		{"no such group", hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.Group = 11 }), nil, map[hello.Reject]uint64{"group": 1}},
		{"checksum", spoil(hsrpFrame(hello.OpHello, hello.Active), 60), nil, map[hello.Reject]uint64{"checksum": 1}},
		{"short", cut(hsrpFrame(hello.OpHello, hello.Active), 20), nil, map[hello.Reject]uint64{"short": 1}},
		{"authentication", hsrpFrameWith("other", hello.OpHello, hello.Active), map[hello.Reject]uint64{"auth": 1}, nil},
		{"vrrp unicast without peers", vrrpFrame(200, func(_ *hello.VRRP, e *hello.Envelope) { e.Dst = own4; e.DstMAC = ownMAC }), map[hello.Reject]uint64{"destination": 1}, nil},
		{"vrrp version 2", vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) { m.Version = 2 }), nil, map[hello.Reject]uint64{"version": 1}},
		{"vrrp unknown router", vrrpFrame(200, func(m *hello.VRRP, _ *hello.Envelope) { m.VRID = 99 }), nil, map[hello.Reject]uint64{"group": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := hsrpConfig
			ref := "hsrp:eth0:10"
			if strings.HasPrefix(tt.name, "vrrp") {
				config, ref = vrrpConfig, "vrrp:eth0:10"
			}
			h := newHost(t, config).up("eth0")
			before := h.group(ref)
			h.heard(tt.frame)
			st := h.e.Status(h.now)
			if diff := cmp.Diff(orEmpty(tt.group), st.Groups[0].Counters.Rejected); diff != "" {
				t.Errorf("group (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(orEmpty(tt.iface), st.Interfaces[0].Rejected); diff != "" {
				t.Errorf("interface (-want +got):\n%s", diff)
			}
			if after := h.group(ref); after.Counters.Received != 0 || after.Machine.Active.Known || after.Machine.State != before.Machine.State {
				t.Errorf("the packet was used: %+v", after)
			}
			h.heard(tt.frame)
			if got := h.told(engine.KindReject); len(got) != 1 {
				t.Errorf("told %q, want one line for two packets", got)
			}
		})
	}
}

func orEmpty(m map[hello.Reject]uint64) map[hello.Reject]uint64 {
	if m == nil {
		return map[hello.Reject]uint64{}
	}
	return m
}

func TestUnicastPeersTalkToEachOtherOnly(t *testing.T) {
	h := newHost(t, vrrpConfig+"peers = [\"192.0.2.11\", \"192.0.2.12\"]\n").up("eth0").until("eth0:10", "Active").clear().run(1100 * time.Millisecond)
	if diff := cmp.Diff([]string{"unicast 192.0.2.10 to 192.0.2.11 12 bytes", "unicast 192.0.2.10 to 192.0.2.12 12 bytes"}, h.port.having("unicast")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	to := func(src, dst string) []byte {
		return vrrpFrame(200, func(_ *hello.VRRP, e *hello.Envelope) {
			e.Src, e.Dst = netip.MustParseAddr(src), netip.MustParseAddr(dst)
			e.DstMAC = ownMAC
		})
	}
	h.heard(to("192.0.2.99", "192.0.2.10"))
	h.heard(to("192.0.2.11", "192.0.2.12")) // for the other peer, seen in promiscuous mode
	h.heard(vrrpFrame(200))
	h.state("eth0:10", "Active")
	if diff := cmp.Diff(map[hello.Reject]uint64{"source": 1, "destination": 2}, h.group("eth0:10").Counters.Rejected); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.heard(to("192.0.2.11", "192.0.2.10"))
	h.state("eth0:10", "Backup")
}

// Whoever knows the addresses of two peers can send packets from one to the other
// from anywhere, but none that arrives with the TTL that they send.
func TestPeersBeyondMinTTLAreNotHeard(t *testing.T) {
	six := "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\"]\npeers = [\"fe80::11\"]\n"
	for _, tt := range []struct {
		config   string
		src, dst string
		least    int
	}{
		{vrrpConfig + "peers = [\"192.0.2.11\"]\n", "192.0.2.11", "192.0.2.10", 1},
		{vrrpConfig + "peers = [\"192.0.2.11\"]\nmin_ttl = 253\n", "192.0.2.11", "192.0.2.10", 253},
		{vrrpConfig + "peers = [\"192.0.2.11\"]\nmin_ttl = 255\n", "192.0.2.11", "192.0.2.10", 255},
		{six + "min_ttl = 255\n", "fe80::11", "fe80::10", 255},
	} {
		h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").clear()
		with := func(ttl int) []byte {
			return vrrpFrame(200, func(m *hello.VRRP, e *hello.Envelope) {
				*e = hello.Envelope{
					SrcMAC: peerMAC, DstMAC: ownMAC, Src: netip.MustParseAddr(tt.src), Dst: netip.MustParseAddr(tt.dst),
					TTL: uint8(ttl), Protocol: hello.ProtocolVRRP, Unicast: true,
				}
				if m.Family = hello.FamilyOf(e.Src); m.Family == hello.IPv6 {
					m.VirtualIPs = []netip.Addr{netip.MustParseAddr("fe80::1")}
				}
			})
		}
		refused := uint64(0)
		for ttl := max(tt.least-3, 1); ttl < tt.least; ttl++ {
			h.heard(with(ttl))
			refused++
		}
		if got := h.group("eth0:10").Counters.Rejected[hello.RejectTTL]; got != refused {
			t.Errorf("%s, at least %d: %d packets with less rejected, want %d", tt.src, tt.least, got, refused)
		}
		h.state("eth0:10", "Active")
		h.heard(with(tt.least))
		h.state("eth0:10", "Backup")
	}
}

// A router whose timers make no sense is there all the same: two active routers
// would be worse than a warning.
func TestHelloWithAHoldTimeOfNoUseIsHeardAndWarnedOf(t *testing.T) {
	h := hsrpStandby(t)
	useless := hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
		m.HelloTime, m.HoldTime = 2*time.Second, time.Second
	})
	for range 5 {
		h.heard(useless)
		h.run(2 * time.Second)
		h.state("eth0:10", "Standby")
	}
	if got := h.told(engine.KindWarning); len(got) != 1 || !strings.Contains(got[0], "192.0.2.11 sends hello 2s and hold 1s") {
		t.Errorf("told %q", got)
	}
	if g := h.group("eth0:10"); len(g.Counters.Rejected) > 0 || g.Machine.HoldTime != 3*time.Second {
		t.Errorf("rejected %v, hold %v", g.Counters.Rejected, g.Machine.HoldTime)
	}
	h.run(6 * time.Second)
	h.state("eth0:10", "Active")
}

func TestOtherVirtualAddressIsAWarning(t *testing.T) {
	h := hsrpStandby(t)
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) { m.VirtualIP = netip.MustParseAddr("192.0.2.99") }))
	if got := h.told(engine.KindWarning); len(got) != 1 || !strings.Contains(got[0], "HSRP-4-DIFFVIP1") {
		t.Errorf("told %q", got)
	}
	h.state("eth0:10", "Standby")
}
