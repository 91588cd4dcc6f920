package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/hello"
)

func TestAddressThatNoHostCanUseIsAnObstacle(t *testing.T) {
	for _, tt := range []struct{ vip, prefix, want string }{
		{"192.0.2.255", "192.0.2.10/24", "192.0.2.255 is the broadcast address of 192.0.2.0/24 on eth0, and no host can use it"},
		{"192.0.2.0", "192.0.2.10/24", "192.0.2.0 is the network address of 192.0.2.0/24 on eth0, and no host can use it"},
		{"192.0.2.11", "192.0.2.10/30", "192.0.2.11 is the broadcast address of 192.0.2.8/30 on eth0, and no host can use it"},
		{"192.0.2.254", "192.0.2.10/24", ""},
		{"192.0.2.1", "192.0.2.10/24", ""},
		{"192.0.2.11", "192.0.2.10/31", ""},     // RFC 3021: both are hosts
		{"192.0.2.9", "192.0.2.10/32", ""},      // no network at all
		{"192.0.2.255", "192.0.2.10/23", ""},    // in the middle of 192.0.2.0/23
		{"198.51.100.255", "192.0.2.10/24", ""}, // of another network
	} {
		t.Run(tt.vip+" "+tt.prefix, func(t *testing.T) {
			h := newHost(t, strings.Replace(hsrpConfig, "192.0.2.1", tt.vip, 1))
			l := newTestLink("eth0")
			l.Addrs[0] = netip.MustParsePrefix(tt.prefix)
			h.e.LinkChanged(h.now, "eth0", l)
			if got := h.group("eth0:10").Obstacle; got != tt.want {
				t.Errorf("obstacle %q, want %q", got, tt.want)
			}
		})
	}
}

// Every router of a subnet has that address, with its own MAC.
func TestAnycastAddressOfRoutersIsAnObstacle(t *testing.T) {
	for prefix, want := range map[string]string{
		"2001:db8::a/64":  "2001:db8:: is the subnet-router anycast address of 2001:db8::/64 on eth0, and no host can use it",
		"2001:db8::1/127": "", // RFC 6164: both are hosts
		"2001:db8::1/48":  "2001:db8:: is the subnet-router anycast address of 2001:db8::/48 on eth0, and no host can use it",
		"2001:db7::1/32":  "",
	} {
		h := newHost(t, "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\", \"2001:db8::\"]\n")
		l := newTestLink("eth0")
		l.Addrs = append(l.Addrs, netip.MustParsePrefix(prefix))
		h.e.LinkChanged(h.now, "eth0", l)
		if got := h.group("eth0:10").Obstacle; got != want {
			t.Errorf("%s: obstacle %q, want %q", prefix, got, want)
		}
	}
}

func TestMTUWithoutIPv6IsTheObstacle(t *testing.T) {
	h := newHost(t, "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\"]\n")
	l := newTestLink("eth0")
	l.LinkLocal, l.Addrs, l.MTU = netip.Addr{}, l.Addrs[:1], 1279
	h.e.LinkChanged(h.now, "eth0", l)
	if got, want := h.group("eth0:10").Obstacle, "eth0 has no IPv6 with an MTU of 1279: ip link set eth0 mtu 1280, or more"; got != want {
		t.Errorf("obstacle %q, want %q", got, want)
	}
}

// An address that was learned is judged like one that is configured.
func TestLearnedAddressThatNoHostCanUseIsAnObstacle(t *testing.T) {
	h := newHost(t, "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\n").up("eth0")
	h.heard(hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.VirtualIP = netip.MustParseAddr("192.0.2.255") }))
	if got := h.group("eth0:10").Obstacle; !strings.Contains(got, "broadcast address") {
		t.Errorf("obstacle %q", got)
	}
}

func TestMessageThatIsLargerThanAPacketIsAnObstacle(t *testing.T) {
	six := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("%q", fmt.Sprintf("fe80::%x", i+1)))
		}
		return "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [" + strings.Join(list, ", ") + "]\n"
	}
	for _, tt := range []struct {
		name, config string
		mtu          int
		want         string
	}{
		{"90 at 1500", six(90), 1500, ""},
		{"91 at 1500", six(91), 1500, "an advertisement of 1504 bytes does not leave eth0, whose MTU is 1500: it has room for 90 virtual addresses, not for 91"},
		{"76 at 1280", six(77), 1280, ""},
		{"78 at 1280", six(78), 1280, "an advertisement of 1296 bytes does not leave eth0, whose MTU is 1280: it has room for 77 virtual addresses, not for 78"},
		{"HSRP at 68", hsrpConfig, 68, "a hello of 80 bytes does not leave eth0, whose MTU is 68"},
		{"HSRP at 80", hsrpConfig, 80, ""},
		{"VRRP at 68", vrrpConfig, 68, ""},
		{"unknown", six(91), 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			l := newTestLink("eth0")
			l.MTU = tt.mtu
			h.e.LinkChanged(h.now, "eth0", l)
			if got := h.group("eth0:10").Obstacle; got != tt.want {
				t.Errorf("obstacle %q, want %q", got, tt.want)
			}
			l.MTU = 9000
			h.e.LinkChanged(h.now, "eth0", l)
			h.until("eth0:10", "Active")
		})
	}
}
