package e2e6

import (
	"fmt"
	"net/netip"
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
var protocols = []protocol{
	{
		name: "VRRP", mac: hello.MAC{0, 0, 0x5e, 0, 2, 20}, group: netip.MustParseAddr("ff02::12"),
		local: netip.MustParseAddr("fe80::1"),
		table: "[[vrrp]]\ninterface = \"eth0\"\nvrid = 20\nadvertise = \"300ms\"\npriority = PRIORITY\n",
	},
	{
		name: "HSRP", mac: hello.MAC{0, 0x05, 0x73, 0xa0, 0, 20}, group: netip.MustParseAddr("ff02::66"),
		local: netip.MustParseAddr("fe80::5:73ff:fea0:14"),
		table: "[[hsrp]]\ninterface = \"eth0\"\ngroup = 20\nhello = \"200ms\"\nhold = \"1s\"\npriority = PRIORITY\npreempt = true\n",
	},
}

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
	return "[" + strings.ToLower(p.name) + ".announce]\n" + strings.Join(lines, "\n") + "\n"
}

// each runs a test for both protocols, side by side.
func each(t *testing.T, play func(t testing.TB, p protocol)) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			scenario(t, func(t testing.TB) { play(t, p) })
		})
	}
}

// scenario plays a test beside others, and again where the machine stood still
// so long that a healthy router may have lost its role.
func scenario(t *testing.T, play func(t testing.TB)) {
	t.Helper()
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, play)
}
