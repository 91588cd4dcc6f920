package e2e

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// kind is a kind of interface that groups run on.
type kind struct {
	name   string
	dev    string          // of the groups
	stack  func(s stacker) // makes dev over the gateway's cable
	client func(s stacker) // makes dev on the client; nil when its cable does
	below  func(*kindLAN)  // what the interfaces below need, before stack
	moves  func(*kindLAN)  // moves the way of the active gateway, without loss of link
	active func(*kindLAN)  // what else holds while the first gateway is active
	hidden bool            // the switch does not see the virtual MAC
}

var kinds = []kind{
	{
		name: "VLAN", dev: "eth0.10",
		stack:  func(s stacker) { s.vlan("eth0.10", lanDev, 10) },
		client: func(s stacker) { s.vlan("eth0.10", lanDev, 10) },
	},
	{
		name: "bond", dev: "bond0", below: secondCable, moves: chooseSecond,
		stack: func(s stacker) { s.bond("bond0", lanDev, "up2") },
	},
	{
		name: "VLAN on a bond", dev: "bond0.10", below: secondCable, moves: chooseSecond,
		stack:  func(s stacker) { s.bond("bond0", lanDev, "up2"); s.vlan("bond0.10", "bond0", 10) },
		client: func(s stacker) { s.vlan("bond0.10", lanDev, 10) },
	},
	{
		name: "VLAN on a bridge over a bond", dev: "vmbr0.10", below: secondCable, moves: chooseSecond,
		stack: func(s stacker) {
			s.bond("bond0", lanDev, "up2")
			must(s.t, s.ns.Bridge("vmbr0", "bond0"))
			s.vlan("vmbr0.10", "vmbr0", 10)
		},
		client: func(s stacker) { s.vlan("vmbr0.10", lanDev, 10) },
	},
	{
		name: "bridge with a VLAN as its port", dev: "br10",
		stack:  func(s stacker) { s.vlan("eth0.10", lanDev, 10); s.bridge("br10", false, "eth0.10") },
		client: func(s stacker) { s.vlan("br10", lanDev, 10) },
	},
	{
		name: "VLAN of a bridge that filters VLANs", dev: "br0.10",
		stack: func(s stacker) {
			s.bridge("br0", true, lanDev)
			s.vlan("br0.10", "br0", 10)
			s.tagged("br0", lanDev, 10)
		},
		client: func(s stacker) { s.vlan("br0.10", lanDev, 10) },
	},
	{
		name: "team", dev: "team0",
		stack: func(s stacker) { s.team("team0", lanDev) },
	},
	{
		name: "macvlan in passthru mode", dev: "mv0",
		stack: func(s stacker) { s.macvlan("mv0", lanDev, netlink.MACVLAN_MODE_PASSTHRU) },
	},
	{
		name: "vxlan", dev: "vx7", hidden: true, below: underlay,
		stack:  func(s stacker) { s.vxlan("vx7", lanDev, 7) },
		client: func(s stacker) { s.vxlan("vx7", lanDev, 7) },
	},
	{
		name: "member of a VRF", dev: lanDev, active: keepsToItsVRF,
		stack: func(s stacker) { s.vrf("blue", vrfTable, lanDev, coreDev) },
	},
	{
		name: "member of a VRF, rule of local addresses last", dev: lanDev, active: keepsToItsVRF,
		stack: func(s stacker) { s.localLast(); s.vrf("blue", vrfTable, lanDev, coreDev) },
	},
}

// vrfTable is larger than the byte that old messages have for tables.
const vrfTable = 1001

// kindLAN is a LAN whose gateways have the groups on another interface than the
// cable.
type kindLAN struct {
	*lan
	kind      kind
	clientDev string
}

// Each kind carries a pair of both families through a takeover: hosts reach the
// address and what is beyond it, and know it at the virtual MAC.
func TestKindsOfInterface(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				n := newKindLAN(l, k)
				l.start(strings.ReplaceAll(both, lanDev, k.dev))
				n.serves(l.a)
				if k.active != nil {
					k.active(n)
				}
				if k.moves != nil {
					n.follows()
				}
				l.a.Kill()
				l.b.WaitAll("Active")
				n.serves(l.b)
				l.a.Restart()
				l.a.WaitAll("Active", "Standby")
				l.b.Stop()
				l.a.WaitAll("Active")
				n.serves(l.a)
			})
		})
	}
}

func newKindLAN(l *lan, k kind) *kindLAN {
	l.t.Helper()
	n := &kindLAN{lan: l, kind: k, clientDev: lanDev}
	if k.below != nil {
		k.below(n)
	}
	for _, g := range l.Gateways {
		n.renumber(g.NS, k.dev, func() { k.stack(stacker{l.t, g.NS}) }, g.IP, g.IP6)
		for _, a := range []netip.Addr{g.CoreIP, g.CoreIP6} { // a new master may have taken those of IPv6
			_ = g.NS.DelAddr(coreDev, netip.PrefixFrom(a, bits(a)))
		}
		l.Address(g.NS, coreDev, g.CoreIP, g.CoreIP6)
	}
	if k.client != nil {
		n.clientDev = k.dev
		n.renumber(l.Client, k.dev, func() { k.client(stacker{l.t, l.Client}) }, fhrptest.ClientIP, fhrptest.ClientIP6)
		s := stacker{l.t, l.Client}
		must(l.t, l.Client.Netlink().RouteReplace(&netlink.Route{LinkIndex: s.link(k.dev).Attrs().Index, Gw: vip.AsSlice()}))
	}
	return n
}

func bits(a netip.Addr) int {
	if a.Is6() {
		return 64
	}
	return 24
}

// renumber moves addresses from the cable to what make stacks on it.
func (n *kindLAN) renumber(ns *netlab.NS, dev string, make func(), list ...netip.Addr) {
	n.t.Helper()
	for _, a := range list {
		must(n.t, ns.DelAddr(lanDev, netip.PrefixFrom(a, bits(a))))
	}
	make()
	n.Eventually("carrier of "+dev, func() bool {
		l, err := ns.Netlink().LinkByName(dev)
		must(n.t, err)
		return l.Attrs().OperState == netlink.OperUp || l.Attrs().OperState == netlink.OperUnknown
	})
	n.Address(ns, dev, list...)
	n.WaitLinkLocal(ns, dev)
}

// secondCable connects each gateway to the switch once more.
func secondCable(n *kindLAN) {
	for _, g := range n.Gateways {
		must(n.t, netlab.Veth(netlab.End{NS: g.NS, Name: "up2"}, netlab.End{NS: n.Switch, Name: g.Name + "2"}))
		must(n.t, n.Switch.Join(g.Name+"2", "lan"))
	}
}

// chooseSecond lets the first gateway's bond use its second cable.
func chooseSecond(n *kindLAN) { stacker{n.t, n.a.NS}.choose("bond0", "up2") }

// underlay numbers the cables for what is carried in IP.
func underlay(n *kindLAN) {
	for last, ns := range []*netlab.NS{n.Client, n.a.NS, n.b.NS} {
		must(n.t, ns.AddAddr(lanDev, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, 0, byte(last + 1)}), 24)))
	}
}

// serves proves that the gateway serves the client, over the virtual MAC.
func (n *kindLAN) serves(g *gateway) {
	n.t.Helper()
	for _, a := range []netip.Addr{vip, vip6.WithZone(n.clientDev), fhrptest.HostIP} {
		n.Eventually("an answer of "+a.String(), func() bool {
			answered, err := n.Client.Ping(a, netlab.Echo{Tries: 1, Wait: 300 * time.Millisecond})
			return err == nil && answered
		})
	}
	if mac, _, err := n.Client.ARPEntry(n.clientDev, vip); err != nil || mac != mac2 {
		n.t.Errorf("the client has %s at %s (%v), want %s", vip, mac, err, mac2)
	}
	if port := n.FDB(mac2); !n.kind.hidden && strings.TrimSuffix(port, "2") != g.Name {
		n.t.Errorf("the switch has %s at %q, want %s", mac2, port, g.Name)
	}
}

// follows proves that a move of the active gateway's way is announced at once,
// and again when it rests.
func (n *kindLAN) follows() {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	events, err := n.a.Subscribe(ctx)
	must(n.t, err)
	n.kind.moves(n)
	var at []time.Time
	for ev := range events {
		if strings.HasPrefix(ev.Message, "announced again: ") && strings.HasSuffix(ev.Group, ":10") && strings.HasPrefix(ev.Group, "hsrp:") {
			if at = append(at, ev.At); len(at) == 2 {
				break
			}
		}
	}
	if len(at) != 2 {
		n.t.Fatalf("announced again %d times, want at once and after the rest\n%s", len(at), n.a.Tail())
	}
	if rest := at[1].Sub(at[0]); rest < 150*time.Millisecond {
		n.t.Errorf("the second announcement followed the first after %v", rest)
	}
	n.Eventually("the switch has the virtual MAC at the second cable", func() bool { return n.FDB(mac2) == "a2" })
}

// keepsToItsVRF proves that an address is not taken from other VRFs, and that a
// takeover is proven to the default gateway of the VRF, for which the client
// stands.
func keepsToItsVRF(n *kindLAN) {
	for _, a := range []netip.Addr{vip, vip6} {
		shared, err := dump.Whole(func() ([]netlink.Route, error) {
			to := &netlink.Route{Table: unix.RT_TABLE_LOCAL, Dst: netlink.NewIPNet(a.AsSlice())}
			return n.a.NS.Netlink().RouteListFiltered(netlink.FAMILY_ALL, to, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_DST)
		})
		if err != nil || len(shared) > 0 {
			n.t.Errorf("the table that every VRF looks into first has %v, %v", shared, err)
		}
	}
	index := stacker{n.t, n.a.NS}.link(lanDev).Attrs().Index
	must(n.t, n.a.NS.Netlink().RouteAdd(&netlink.Route{LinkIndex: index, Gw: fhrptest.ClientIP.AsSlice(), Table: vrfTable}))
	n.Eventually("the gateway of the VRF among the neighbours", func() bool {
		return slices.ContainsFunc(n.a.Group("v4").Takeover, func(p status.Takeover) bool { return p.Address == fhrptest.ClientIP.String() })
	})
}

// Nothing arrives on a dummy, but programs on the router reach the address.
func TestGroupOnADummy(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		s := stacker{t, l.a.NS}
		s.add(&netlink.Dummy{LinkAttrs: named("dummy0")})
		s.up("dummy0")
		l.Address(l.a.NS, "dummy0", netip.MustParseAddr("10.78.0.2"))
		l.a.StartAs(strings.NewReplacer(lanDev, "dummy0", "192.168.1.1", "10.78.0.1").Replace(hsrp1), 110)
		l.a.WaitAll("Active")
		l.reaches(true, l.a.NS, anybody, netip.MustParseAddr("10.78.0.1"))
	})
}

// An ipvlan gets what is for its own addresses, whatever the MAC.
func TestGroupOnAnIPVlanWaits(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		stacker{t, l.a.NS}.ipvlan("ipv0", lanDev)
		l.Address(l.a.NS, "ipv0", netip.MustParseAddr("192.168.1.101"))
		virtual := strings.Replace(hsrpTable(2, `virtual_ips = ["192.168.1.2"]`, subSecond), "group = 10", "group = 11", 1)
		groups := strings.ReplaceAll(cluster(address4, subSecond)+virtual, lanDev, "ipv0")
		l.a.StartAs(groups, 110)
		for _, ref := range []string{"ipv0:10", "ipv0:11"} {
			l.Eventually(ref+" waits with the reason", func() bool {
				g := l.a.Group(ref)
				return g.State == "Init" && strings.Contains(g.Obstacle, "ipv0 is an ipvlan")
			})
		}
		file := filepath.Join(t.TempDir(), "f.toml")
		must(t, os.WriteFile(file, []byte(strings.ReplaceAll(groups, "PRIORITY", "110")), 0o644))
		if out, exit := fhrptest.Run(t, l.a.NS, "check", "--config", file); exit != 0 || strings.Count(out, "ipv0 is an ipvlan") != 2 {
			t.Errorf("check exits %d and says %s", exit, out)
		}
	})
}
