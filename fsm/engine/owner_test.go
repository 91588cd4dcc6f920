package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Nobody contests priority 255: two routers that have it are both active, unless
// the one without the addresses waits.
func TestOwnerWithoutTheAddressesWaits(t *testing.T) {
	const six = "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\", \"2001:db8::1\"]\npriority = 255\n"
	owner := strings.Replace(vrrpConfig, "priority = 110", "priority = 255", 1)
	for _, tt := range []struct {
		name, config string
		has          []string
		lacks        string // "": nothing
	}{
		{"without it", owner, nil, "192.0.2.1"},
		{"with it", owner, []string{"192.0.2.1/24"}, ""},
		{"with it alone", owner, []string{"192.0.2.1/32"}, ""},
		{"with one of two", strings.Replace(owner, "\"192.0.2.1\"", "\"192.0.2.1\", \"192.0.2.2\"", 1), []string{"192.0.2.1/24"}, "192.0.2.2"},
		{"IPv6, without the link-local one", six, []string{"2001:db8::1/64"}, "fe80::1"},
		{"IPv6, with both", six, []string{"2001:db8::1/64", "fe80::1/64"}, ""},
		{"the highest priority below", strings.Replace(vrrpConfig, "priority = 110", "priority = 254", 1), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			l := newTestLink("eth0")
			for _, p := range tt.has {
				l.Addrs = append(l.Addrs, netip.MustParsePrefix(p))
			}
			h.e.LinkChanged(h.now, "eth0", l)
			h.run(10 * time.Second)
			g := h.group("eth0:10")
			if tt.lacks == "" {
				if g.Obstacle != "" || g.Machine.State != "Active" {
					t.Errorf("%s, obstacle %q", g.Machine.State, g.Obstacle)
				}
				return
			}
			want := "priority 255 is for the owner of the addresses, and " + tt.lacks + " is no address of eth0"
			if !strings.HasPrefix(g.Obstacle, want) || g.Machine.State != "Initialize" {
				t.Errorf("%s, obstacle %q, want %q", g.Machine.State, g.Obstacle, want)
			}
			if sent := h.port.having("send"); len(sent) > 0 {
				t.Errorf("sent %q", sent)
			}
			if told := h.told(engine.KindWarning); len(told) != 1 || !strings.Contains(told[0], want) {
				t.Errorf("told %q", told)
			}
		})
	}
}

// An owner whose address goes stops, at once when it is gone for good and not at
// all when a network manager gives it back.
func TestOwnerFollowsItsAddress(t *testing.T) {
	h := newHost(t, strings.Replace(vrrpConfig, "priority = 110", "priority = 255", 1)).up("eth0")
	h.state("eth0:10", "Active")
	h.clear().run(5 * time.Second)
	h.e.LinkChanged(h.now, "eth0", newTestLink("eth0"))
	h.run(100 * time.Millisecond)
	h.state("eth0:10", "Active")
	h.up("eth0").run(time.Second)
	h.state("eth0:10", "Active")
	if h.moves != 1 {
		t.Errorf("%d transitions while the address was away for a moment", h.moves-1)
	}
	h.e.LinkChanged(h.now, "eth0", newTestLink("eth0"))
	h.run(time.Second)
	h.state("eth0:10", "Initialize")
	if sent := h.port.having("send virtual advert 0"); len(sent) != 1 {
		t.Errorf("resigned with %q", sent)
	}
	h.up("eth0").state("eth0:10", "Active")
}
