package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// What RFC 9568 section 7.1 wants logged is logged once, and the advertisement
// is used all the same.
func TestVRRPDifferencesAreWarningsOnly(t *testing.T) {
	type change = func(*hello.VRRP, *hello.Envelope)
	ip := netip.MustParseAddr
	over6 := func(vips ...netip.Addr) change {
		return func(m *hello.VRRP, e *hello.Envelope) {
			m.Family, m.VirtualIPs = hello.IPv6, vips
			*e = hello.GroupEnvelope(hello.ProtocolVRRP, 3, ip("fe80::11"), peerMAC)
		}
	}
	const ref4, ref6 = "vrrp:eth0:10", "vrrp6:eth0:10"
	const config6 = "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\", \"2001:db8::1\"]\n"
	for _, tt := range []struct {
		rule, config, ref string
		priority          uint8
		change            change
		want              string // "" for no warning
	}{
		{"nothing differs", vrrpConfig, ref4, 200, func(*hello.VRRP, *hello.Envelope) {}, ""},
		{"another list", vrrpConfig, ref4, 200, func(m *hello.VRRP, _ *hello.Envelope) { m.VirtualIPs = []netip.Addr{ip("192.0.2.9")} }, "192.0.2.9"},
		{"a longer list", vrrpConfig, ref4, 200, func(m *hello.VRRP, _ *hello.Envelope) { m.VirtualIPs = append(m.VirtualIPs, ip("192.0.2.9")) }, "192.0.2.9"},
		{"another interval", vrrpConfig, ref4, 200, func(m *hello.VRRP, _ *hello.Envelope) { m.AdverInterval = 2 * time.Second }, "every 2s"},
		{"the same addresses in order", config6, ref6, 200, over6(ip("fe80::1"), ip("2001:db8::1")), ""},
		{"erratum 8300: the link-local address is not the first", config6, ref6, 200, over6(ip("2001:db8::1"), ip("fe80::1")), "not link-local"},
		{"erratum 8298: two owners", vrrpConfig[:len(vrrpConfig)-len("priority = 110\n")] + "priority = 255\n", ref4, 255, func(*hello.VRRP, *hello.Envelope) {}, "priority 255"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			h := newHost(t, tt.config)
			l := newTestLink("eth0")
			l.Addrs = append(append(l.Addrs, netip.MustParsePrefix("2001:db8::10/64")), h.owned...)
			h.e.LinkChanged(h.now, "eth0", l)
			for range 2 {
				h.heard(vrrpFrame(tt.priority, tt.change))
			}
			got := h.told(engine.KindWarning)
			if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("told %q, want one warning with %q", got, tt.want)
			}
			if m := h.group(tt.ref).Machine; m.State != "Backup" || !m.Active.Known || m.Active.Priority != tt.priority {
				t.Errorf("the advertisement was not used: %+v", h.group(tt.ref))
			}
		})
	}
	t.Run("a resignation is not compared", func(t *testing.T) {
		h := newHost(t, vrrpConfig).up("eth0")
		h.heard(vrrpFrame(0, func(m *hello.VRRP, _ *hello.Envelope) { m.AdverInterval = 2 * time.Second }))
		if got := h.told(engine.KindWarning); len(got) != 0 {
			t.Errorf("told %q", got)
		}
	})
}
