package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// advertised is another host's neighbour advertisement: target is at mac.
func advertised(target netip.Addr, mac hello.MAC) []byte {
	all := netip.MustParseAddr("ff02::1")
	m := append([]byte{136, 0, 0, 0, 0x20, 0, 0, 0}, target.AsSlice()...)
	m = append(append(m, 2, 1), mac[:]...)
	h := wire.Headers{DstMAC: wire.MulticastMAC(all), SrcMAC: mac, Src: netip.MustParseAddr("fe80::66"), Dst: all, TTL: 255, Proto: wire.ProtoICMPv6}
	return h.Append(nil, m)
}

func TestOwnAddressAtAnotherHostIsADuplicate(t *testing.T) {
	ll := netip.MustParseAddr("fe80::10")
	virtual := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	ownSource := func(mac hello.MAC) []byte {
		return hsrpFrame(hello.OpHello, hello.Standby, func(_ *hello.HSRP, e *hello.Envelope) { e.Src, e.SrcMAC = own4, mac })
	}
	for _, tt := range []struct {
		name  string
		host  func(testing.TB) *host
		frame []byte
		addr  netip.Addr // invalid: it is none
		mac   hello.MAC
	}{
		{"a hello from it", hsrpActive, ownSource(otherMAC), own4, otherMAC},
		{"an ARP reply", hsrpActive, arpFrame(arpReply, otherMAC, own4, client4), own4, otherMAC},
		{"an ARP request", hsrpActive, arpFrame(arpRequest, otherMAC, own4, client4), own4, otherMAC},
		{"an announcement", hsrpActive, arpFrame(arpRequest, otherMAC, own4, own4), own4, otherMAC},
		{"a neighbour advertisement", hsrpActive, advertised(ll, otherMAC), ll, otherMAC},
		{"an active router with it", hsrpStandby, ownSource(virtual), own4, virtual},
		{"our own hello comes back", hsrpActive, ownSource(ownMAC), netip.Addr{}, ownMAC},
		{"our own hello comes back from the virtual MAC", hsrpActive, ownSource(virtual), netip.Addr{}, virtual},
		{"our own ARP comes back", hsrpActive, arpFrame(arpRequest, ownMAC, own4, client4), netip.Addr{}, ownMAC},
		{"somebody looks whether it is free", hsrpActive, arpFrame(arpRequest, otherMAC, netip.IPv4Unspecified(), own4), netip.Addr{}, otherMAC},
		{"somebody asks for it", hsrpActive, arpFrame(arpRequest, otherMAC, client4, own4), netip.Addr{}, otherMAC},
		{"a host has its own", hsrpActive, arpFrame(arpReply, otherMAC, client4, client4), netip.Addr{}, otherMAC},
		{"a virtual address is the group's business", hsrpActive, arpFrame(arpReply, otherMAC, vip4, vip4), netip.Addr{}, otherMAC},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.host(t)
			for range 5 {
				h.heard(tt.frame)
			}
			d := h.e.Status(h.now).Interfaces[0].Duplicate
			var lines []string
			for _, l := range h.told(engine.KindConflict) {
				if strings.HasPrefix(l, "%IP-4-DUPADDR: ") {
					lines = append(lines, l)
				}
			}
			if !tt.addr.IsValid() {
				if !d.At.IsZero() || len(lines) > 0 {
					t.Errorf("duplicate %+v, told %q", d, lines)
				}
				return
			}
			if d.Address != tt.addr || d.MAC != tt.mac || !d.At.Equal(h.now) {
				t.Errorf("duplicate %+v", d)
			}
			want := "%IP-4-DUPADDR: Duplicate address " + tt.addr.String() + " on eth0, sourced by " + tt.mac.Cisco()
			if len(lines) != 1 || !strings.HasPrefix(lines[0], want) {
				t.Errorf("told %q, want one line that begins with %q", lines, want)
			}
			if g := h.group("eth0:10"); (g.Duplicate == d) != (tt.addr == own4) {
				t.Errorf("of the group: %+v", g.Duplicate)
			}
		})
	}
}

// Log rules that were written for Cisco look for the mnemonic.
func TestClaimOfAVirtualAddressHasCiscosMnemonic(t *testing.T) {
	for want, h := range map[string]*host{"%HSRP-4-DUPADDR": hsrpActive(t), "%VRRP-4-DUPADDR": vrrpActive(t)} {
		h.heard(arpFrame(arpReply, otherMAC, vip4, vip4))
		want += ": Duplicate address 192.0.2.1 on eth0, sourced by 0200.0000.0066"
		if got := h.told(engine.KindConflict); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	h := probing(t, "warn")
	h.heard(arpFrame(arpReply, otherMAC, vip4, own4))
	if got := h.told(engine.KindConflict); len(got) != 1 || !strings.HasPrefix(got[0], "%HSRP-4-DUPADDR: Duplicate address 192.0.2.1 on eth0, sourced by 0200.0000.0066") {
		t.Errorf("told %q before the claim", got)
	}
}

func TestForgedDuplicatesAreFewLines(t *testing.T) {
	h := hsrpActive(t)
	for n := range 1000 {
		h.heard(arpFrame(arpReply, forgedMAC(n), own4, client4))
		h.now = h.now.Add(time.Millisecond)
	}
	if got := h.told(engine.KindConflict); len(got) > engine.Newcomers {
		t.Errorf("%d lines", len(got))
	}
}
