package e2e

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

const gatewayBridge = "br0"

// guest is a machine behind the bridge of a gateway.
type guest struct {
	name string
	ns   *netlab.NS
}

var guestVIP6 = netip.MustParseAddr("2001:db8:1::1")

const bridgeGroups = `[[hsrp]]
interface = "br0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
hello = "200ms"
hold = "700ms"

[[vrrp]]
interface = "br0"
vrid = 20
virtual_ips = ["fe80::1", "2001:db8:1::1"]
priority = PRIORITY
advertise = "200ms"
`

// bridged gives every gateway a bridge for its group, with a guest behind it.
func (l *lan) bridged() (guests []guest) {
	l.t.Helper()
	for n, g := range l.Gateways {
		h := g.NS.Netlink()
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.HardwareAddr = gatewayBridge, hello.MAC{2, 0, 0, 0, byte(n + 1), 7}.HardwareAddr()
		must(l.t, h.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
		must(l.t, g.NS.LinkUp(gatewayBridge))
		for _, a := range []netip.Prefix{netip.PrefixFrom(g.IP, 24), netip.PrefixFrom(g.IP6, 64)} {
			must(l.t, g.NS.DelAddr(lanDev, a))
		}
		must(l.t, g.NS.Join(lanDev, gatewayBridge))
		ns := netlab.ForTest(l.t)
		must(l.t, netlab.Veth(netlab.End{NS: ns, Name: lanDev, MAC: hello.MAC{2, 0, 0, 0, byte(n + 1), 9}}, netlab.End{NS: g.NS, Name: "guest"}))
		must(l.t, g.NS.Join("guest", gatewayBridge))
		l.Address(ns, lanDev, netip.AddrFrom4([4]byte{192, 168, 1, byte(50 + n)}), netip.MustParseAddr(fmt.Sprintf("2001:db8:1::5%d", n)))
		l.Address(g.NS, gatewayBridge, g.IP, g.IP6)
		l.WaitLinkLocal(g.NS, gatewayBridge)
		l.WaitLinkLocal(ns, lanDev)
		must(l.t, ns.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), vip, lanDev))
		guests = append(guests, guest{"the guest of " + g.Name, ns})
	}
	return guests
}

// Guests behind either bridge, hosts on the switch and the routers themselves reach
// the virtual address, in every role and after every fault.
func TestGroupOnABridgeServesGuestsOfBothRouters(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		everybody := append(l.bridged(), guest{"the client", l.Client}, guest{"a", l.a.NS}, guest{"b", l.b.NS})
		check := func(when string) {
			t.Helper()
			for _, from := range everybody {
				for _, to := range []netip.Addr{vip, guestVIP6, fhrptest.HostIP} {
					if to == fhrptest.HostIP && (from.ns == l.a.NS || from.ns == l.b.NS) {
						continue // it has a way of its own
					}
					if !l.ping(from.ns, anybody, to, 10) {
						t.Errorf("%s: %s does not reach %s\n%s", when, from.name, to, l.a.Tails())
					}
				}
			}
		}
		l.a.StartAs(bridgeGroups, 110)
		l.a.WaitAll("Active")
		l.b.StartAs(bridgeGroups, 100)
		l.Settled(l.a, l.b)
		check("a first")
		l.a.Stop()
		l.b.WaitAll("Active")
		check("a stopped")
		l.a.StartAs(bridgeGroups, 90)
		l.Settled(l.b, l.a)
		check("a back as standby")
		l.b.Kill()
		l.a.WaitAll("Active")
		check("b killed")
		l.b.StartAs(bridgeGroups, 80)
		l.Settled(l.a, l.b)
		check("b back as standby")
		l.a.Kill()
		l.b.WaitAll("Active")
		check("a killed")
		l.b.Stop()
		l.a.StartAs(bridgeGroups, 110)
		l.b.StartAs(bridgeGroups, 100)
		l.Settled(l.a, l.b)
		check("both at once")
		l.a.Stop()
		l.b.Stop()
		for _, g := range l.Gateways {
			if link, err := g.NS.Netlink().LinkByName(gatewayBridge); err != nil || link.Attrs().RawFlags&unix.IFF_PROMISC != 0 {
				t.Errorf("the bridge of %s is promiscuous after a clean stop (error %v)", g.Name, err)
			}
		}
	})
}
