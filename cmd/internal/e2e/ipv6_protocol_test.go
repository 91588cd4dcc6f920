package e2e

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// protocol is one of the two that carry IPv6, with a group of its own.
type protocol struct {
	name  string
	mac   hello.MAC
	group netip.Addr // of its hellos
	local netip.Addr // the link-local virtual address
	table string     // its group, but for the addresses and what a test adds
}

// global is the second virtual address of every group.
var global = netip.MustParseAddr("2001:db8:1::1")

// Timers that the usual stall of a virtual machine does not use up.
var (
	vrrp6 = protocol{
		name: "VRRP", mac: hello.MAC{0, 0, 0x5e, 0, 2, 20}, group: netip.MustParseAddr("ff02::12"),
		local: netip.MustParseAddr("fe80::1"),
		table: "[[vrrp]]\ninterface = \"eth0\"\nvrid = 20\nadvertise = \"300ms\"\npriority = PRIORITY\n",
	}
	hsrp6 = protocol{
		name: "HSRP", mac: hello.MAC{0, 0x05, 0x73, 0xa0, 0, 20}, group: netip.MustParseAddr("ff02::66"),
		local: netip.MustParseAddr("fe80::5:73ff:fea0:14"),
		table: "[[hsrp]]\ninterface = \"eth0\"\ngroup = 20\nhello = \"200ms\"\nhold = \"1s\"\npriority = PRIORITY\npreempt = true\n",
	}
	protocols = []protocol{vrrp6, hsrp6}
)

// takeover is how long a standby of these groups may wait for a router that
// has died, and a generous allowance for the machine.
const takeover = 2500 * time.Millisecond

func (p protocol) addresses() []netip.Addr { return []netip.Addr{p.local, global} }

// config is the group with its link-local and its global address.
func (p protocol) config(lines ...string) string { return p.with(p.addresses(), lines...) }

func (p protocol) with(addrs []netip.Addr, lines ...string) string {
	var quoted []string
	for _, a := range addrs {
		quoted = append(quoted, fmt.Sprintf("%q", a))
	}
	return p.table + "virtual_ips = [" + strings.Join(quoted, ", ") + "]\n" + strings.Join(lines, "\n") + "\n"
}

// announce is a group's table of that name.
func (p protocol) announce(lines ...string) string {
	return announceTable(p.name, lines...)
}

// each plays a test with both protocols, side by side.
func each(t *testing.T, play func(t testing.TB, l *lan, p protocol)) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) { play(t, l, p) })
		})
	}
}

// virtual is the virtual router of a test, with the addresses that are its own.
type virtual struct {
	name   string
	groups string
	owned  map[netip.Addr]hello.MAC
	mac    hello.MAC  // the one that the client's packets for the host go to
	host   netip.Addr // beyond it
	via    netip.Addr // the client's next hop to it, where its route is not there yet
}

func (p protocol) virtual(lines ...string) virtual {
	return virtual{p.name + " over IPv6", p.config(lines...), map[netip.Addr]hello.MAC{p.local: p.mac, global: p.mac}, p.mac, fhrptest.HostIP6, p.local}
}

// virtuals are those of both protocols, and one for both families.
var virtuals = []virtual{
	vrrp6.virtual(), hsrp6.virtual(),
	{"HSRP over both", both, map[netip.Addr]hello.MAC{vip: mac2, vip6: mac6}, mac2, fhrptest.HostIP, netip.Addr{}},
}

// addresses are the virtual ones.
func (v virtual) addresses() []netip.Addr { return slices.Collect(maps.Keys(v.owned)) }

// eachVirtual plays a test with each of virtuals, side by side, through which
// the client reaches everybody.
func eachVirtual(t *testing.T, play func(t testing.TB, l *lan, v virtual)) {
	t.Parallel()
	for _, v := range virtuals {
		t.Run(v.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				if v.via.IsValid() {
					l.routeThrough(v.via)
				}
				play(t, l, v)
			})
		})
	}
}

// routeThrough is the client's default route over IPv6.
func (l *lan) routeThrough(router netip.Addr) {
	l.t.Helper()
	must(l.t, l.Client.AddRoute(netip.MustParsePrefix("::/0"), router, lanDev))
}
