package e2e

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

// A macvlan in bridge mode takes no second unicast address. The better router,
// which cannot serve there, must leave the field to the worse one that can.
func TestRouterThatCannotServeLeavesTheFieldToItsPeer(t *testing.T) {
	const groups = `[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "700ms"

[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["192.168.1.2"]
priority = PRIORITY
advertise = "200ms"
`
	scenario(t, func(t testing.TB, l *lan) {
		h := l.a.NS.Netlink()
		parent, err := h.LinkByName(lanDev)
		must(t, err)
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.ParentIndex = "mv0", parent.Attrs().Index
		must(t, h.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}))
		must(t, l.a.NS.LinkUp("mv0"))
		link, err := h.LinkByName("mv0")
		must(t, err)
		must(t, h.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(192, 168, 1, 101), Mask: net.CIDRMask(24, 32)}}))

		l.a.StartAs(strings.ReplaceAll(groups, `"eth0"`, `"mv0"`), 120)
		l.a.WaitAll("Init", "Initialize")
		l.b.StartAs(groups, 100)
		l.b.WaitAll("Active", "Active")
		for _, g := range l.a.Report().Groups {
			if !strings.Contains(g.Obstacle, "mv0 cannot serve it: ") {
				t.Errorf("%s waits for %q", g.Ref(), g.Obstacle)
			}
		}
		count := func(d *gateway) (moved int, sent uint64) {
			for _, g := range d.Report().Groups {
				moved, sent = moved+g.Transitions, sent+g.Counters.Sent
			}
			return moved, sent
		}
		a, _ := count(l.a)
		b, before := count(l.b)
		l.Eventually("ten hold times", func() bool { _, sent := count(l.b); return sent > before+2*35 })
		l.mustPing(vip, netip.MustParseAddr("192.168.1.2"))
		nowA, said := count(l.a)
		if nowB, _ := count(l.b); nowA != a || nowB != b || said > 0 {
			t.Errorf("%d and %d transitions became %d and %d, and a said %d messages\n%s", a, b, nowA, nowB, said, l.a.Tail())
		}
	})
}

// Two routers whose advertisements do not leave would both be active.
func TestRouterWhoseMessagesAreTooLargeDoesNotClaim(t *testing.T) {
	const group = "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.168.1.1\"]\npriority = PRIORITY\nhello = \"200ms\"\nhold = \"700ms\"\n"
	scenario(t, func(t testing.TB, l *lan) {
		mtu := func(n int) {
			link, err := l.a.NS.Netlink().LinkByName(lanDev)
			must(t, err)
			must(t, l.a.NS.Netlink().LinkSetMTU(link, n))
		}
		l.a.StartAs(group, 110)
		l.a.WaitAll("Active")
		mtu(68)
		l.a.WaitAll("Init")
		if got := l.a.Group("eth0:10").Obstacle; got != "a hello of 80 bytes does not leave eth0, whose MTU is 68" {
			t.Errorf("obstacle %q", got)
		}
		mtu(1500)
		l.a.WaitAll("Active")
	})
}
