package doctor

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdnetlink "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/internal/dump"
	"github.com/fhrpd/fhrpd/internal/skip"
	"github.com/fhrpd/fhrpd/vip"
)

func TestMain(m *testing.M) { netlab.Main(m) }

const patience = 15 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// gateway is a router with eth1 on a switch, and somebody else there. Nothing
// is wrong with it.
func gateway(t *testing.T) (gw, other *netlab.NS) {
	t.Helper()
	netlab.Need(t)
	gw, other = netlab.ForTest(t), netlab.ForTest(t)
	sw := netlab.ForTest(t)
	for path, value := range map[string]string{
		"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1",
		"net/ipv4/conf/all/rp_filter": "1", "net/ipv4/conf/default/rp_filter": "1",
	} {
		must(t, gw.Sysctl(path, value))
	}
	must(t, netlab.Veth(netlab.End{NS: gw, Name: "eth1"}, netlab.End{NS: sw, Name: "gw"}))
	must(t, netlab.Veth(netlab.End{NS: other, Name: "eth0", MAC: hello.MAC{2, 0, 0, 0, 0, 0x99}}, netlab.End{NS: sw, Name: "other"}))
	must(t, sw.Bridge("sw", "gw", "other"))
	must(t, gw.AddAddr("eth1", netip.MustParsePrefix("192.0.2.2/24")))
	must(t, other.AddAddr("eth0", netip.MustParsePrefix("192.0.2.3/24")))
	return gw, other
}

// examine returns what is wrong, as rule and object. What depends on the
// machine of the test rather than on the namespace is left out.
func examine(t *testing.T, ns *netlab.NS, config string, listen time.Duration) []string {
	t.Helper()
	c := parse(t, config)
	var h *Host
	must(t, ns.Do(func() (err error) { h, err = Collect(t.Context(), c, Options{Listen: listen}); return err }))
	var out []string
	for _, f := range Examine(h, c) {
		if f.Severity != OK && !slices.Contains([]string{"nftables", "flushable", "realtime", "other-daemon"}, f.Rule) {
			out = append(out, f.Rule+" "+f.Object)
		}
	}
	return out
}

// finds repeats the examination until it finds exactly want: a new interface
// takes a moment to get its carrier and its link-local address.
func finds(t *testing.T, ns *netlab.NS, config string, listen time.Duration, want ...string) {
	t.Helper()
	var got []string
	err := netlab.Eventually(t.Context(), patience, func() bool {
		got = examine(t, ns, config, listen)
		return slices.Equal(got, want)
	})
	if err != nil {
		t.Fatalf("found %q, want %q", got, want)
	}
}

func TestHealthyGatewayHasNothingToFix(t *testing.T) {
	gw, _ := gateway(t)
	finds(t, gw, hsrpConfig, 200*time.Millisecond)
}

// What check says of proxy_arp is what doctor says.
func TestProxyARPIsToldOfBeforeWhereNothingSeesWhatLeaves(t *testing.T) {
	gw, _ := gateway(t)
	told := func(can vip.Nftables) (rules []string) {
		t.Helper()
		must(t, gw.Do(func() error {
			for _, f := range proxies(parse(t, hsrpConfig), func() (vip.Nftables, error) { return can, nil }) {
				rules = append(rules, f.Rule+" "+f.Object)
			}
			return nil
		}))
		return rules
	}
	older, newer := vip.Nftables{}, vip.Nftables{Egress: true}
	if got := told(older); got != nil {
		t.Errorf("without proxy_arp: %q", got)
	}
	for _, dev := range []string{"eth1", "all"} {
		path := "net/ipv4/conf/" + dev + "/proxy_arp"
		must(t, gw.Sysctl(path, "1"))
		if diff := cmp.Diff([]string{"proxy-arp " + path}, told(older)); diff != "" {
			t.Errorf("%s on an older kernel (-want +got):\n%s", path, diff)
		}
		if got := told(newer); got != nil {
			t.Errorf("%s where the daemon sees to the answers: %q", path, got)
		}
		must(t, gw.Sysctl(path, "0"))
	}
}

func TestForwardingOffIsFound(t *testing.T) {
	gw, _ := gateway(t)
	must(t, gw.Sysctl("net/ipv4/conf/eth1/forwarding", "0"))
	finds(t, gw, hsrpConfig, 0, "forwarding net/ipv4/conf/eth1/forwarding")
	must(t, gw.Sysctl("net/ipv4/ip_forward", "0"))
	finds(t, gw, hsrpConfig, 0, "forwarding net/ipv4/ip_forward")
}

// A second interface in the network of the hosts, with the better route: a
// datagram that arrives on eth1 is dropped while the filter is strict.
func TestStrictReversePathFilterIsFoundWhereItDropsPackets(t *testing.T) {
	gw, other := gateway(t)
	finds(t, gw, hsrpConfig, 0)
	must(t, netlab.Veth(netlab.End{NS: gw, Name: "eth2"}, netlab.End{NS: netlab.ForTest(t), Name: "eth0"}))
	must(t, gw.AddAddr("eth2", netip.MustParsePrefix("192.0.2.4/24")))
	routes, err := dump.Whole(func() ([]netlink.Route, error) { return gw.Netlink().RouteList(nil, netlink.FAMILY_V4) })
	must(t, err)
	l, err := gw.Netlink().LinkByName("eth1")
	must(t, err)
	for _, r := range routes {
		if r.LinkIndex == l.Attrs().Index && r.Dst != nil && r.Dst.String() == "192.0.2.0/24" {
			must(t, gw.Netlink().RouteDel(&r))
			r.Priority = 1000
			must(t, gw.Netlink().RouteAdd(&r))
		}
	}
	finds(t, gw, hsrpConfig, 0, "rp-filter eth1")
	if arrives(t, other, gw, 300*time.Millisecond) {
		t.Error("a datagram arrives: nothing is wrong with the filter")
	}
	must(t, gw.Sysctl("net/ipv4/conf/eth1/rp_filter", "2"))
	finds(t, gw, hsrpConfig, 0)
	if !arrives(t, other, gw, patience) {
		t.Error("no datagram arrives after the cure")
	}
}

// arrives reports whether a datagram from other arrives at the gateway's
// address on eth1. Neither side is left to ask for the other's MAC, as the ARP
// of the kernel is subject to the filter too.
func arrives(t *testing.T, other, gw *netlab.NS, wait time.Duration) bool {
	t.Helper()
	mac, err := gw.MAC("eth1")
	must(t, err)
	must(t, other.SetNeighbor("eth0", ip("192.0.2.2"), mac, unix.NUD_PERMANENT))
	in, err := gw.ListenPacket("udp", "192.0.2.2:9")
	must(t, err)
	defer in.Close()
	out, err := other.Dial(t.Context(), "udp", "192.0.2.2:9")
	must(t, err)
	defer out.Close()
	_, err = out.Write([]byte("over"))
	must(t, err)
	must(t, in.SetReadDeadline(time.Now().Add(wait)))
	_, _, err = in.ReadFrom(make([]byte, 8))
	return err == nil
}

// The kernel's own bridges snoop unless told otherwise; those of the lab are
// told. A bridge device may be the interface of a group.
func TestSnoopingWithoutQuerierIsFound(t *testing.T) {
	gw, _ := gateway(t)
	must(t, gw.Bridge("br0", "eth1"))
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "br1"
	must(t, gw.Netlink().LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
	must(t, netlab.Veth(netlab.End{NS: gw, Name: "eth2"}, netlab.End{NS: netlab.ForTest(t), Name: "eth0"}))
	br1, err := gw.Netlink().LinkByName("br1")
	must(t, err)
	eth2, err := gw.Netlink().LinkByName("eth2")
	must(t, err)
	must(t, gw.Netlink().LinkSetMaster(eth2, br1))
	must(t, gw.LinkUp("br1"))
	for _, br := range []string{"br0", "br1"} {
		must(t, gw.Sysctl("net/ipv6/conf/"+br+"/disable_ipv6", "0"))
		must(t, gw.AddAddr(br, netip.MustParsePrefix("fe80::2/64")))
		must(t, gw.AddAddr(br, netip.MustParsePrefix("2001:db8::2/64")))
	}
	finds(t, gw, strings.ReplaceAll(vrrp6, "eth1", "br0"), 0)
	finds(t, gw, strings.ReplaceAll(vrrp6, "eth1", "br1"), 0, "snooping br1")
	must(t, makeQuerier(gw, br1.Attrs().Index))
	finds(t, gw, strings.ReplaceAll(vrrp6, "eth1", "br1"), 0)
}

// makeQuerier makes a bridge a querier, as "ip link set … type bridge
// mcast_querier 1" does.
func makeQuerier(ns *netlab.NS, index int) error {
	return ns.Do(func() error {
		conn, err := mdnetlink.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return err
		}
		defer conn.Close()
		ae := mdnetlink.NewAttributeEncoder()
		ae.Nested(unix.IFLA_LINKINFO, func(ae *mdnetlink.AttributeEncoder) error {
			ae.String(unix.IFLA_INFO_KIND, "bridge")
			ae.Nested(unix.IFLA_INFO_DATA, func(ae *mdnetlink.AttributeEncoder) error {
				ae.Uint8(unix.IFLA_BR_MCAST_QUERIER, 1)
				return nil
			})
			return nil
		})
		attrs, err := ae.Encode()
		if err != nil {
			return err
		}
		head := make([]byte, unix.SizeofIfInfomsg)
		binary.NativeEndian.PutUint32(head[4:], uint32(index))
		_, err = conn.Execute(mdnetlink.Message{
			Header: mdnetlink.Header{Type: unix.RTM_NEWLINK, Flags: mdnetlink.Request | mdnetlink.Acknowledge},
			Data:   append(head, attrs...),
		})
		return err
	})
}

func TestPortOfABridgeAndLeftoverAddressAreFound(t *testing.T) {
	gw, _ := gateway(t)
	must(t, gw.AddAddr("eth1", netip.MustParsePrefix("192.0.2.1/24")))
	finds(t, gw, hsrpConfig, 0, "leftover-address eth1")
	must(t, gw.Bridge("br0", "eth1"))
	finds(t, gw, hsrpConfig, 0, "enslaved eth1", "leftover-address eth1")
}

// What the daemon has put on the interface while it is active is none.
func TestVirtualAddressOfARunningDaemonIsNoLeftover(t *testing.T) {
	gw, _ := gateway(t)
	v := opens(t, gw)
	must(t, v.Add(2, vip.Router{MAC: [6]byte{0, 0, 0x0c, 7, 0xac, 10}, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Accept: true}))
	_, err := v.Gate([]vip.Claim{{ID: 2, Lease: time.Hour}}, nil)
	must(t, err)
	must(t, v.Address([]vip.ID{2}, nil))
	list, err := gw.Addresses("eth1", netlink.FAMILY_V4)
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("the addresses of eth1 are %v", list)
	}
	finds(t, gw, hsrpConfig, 0)
}

// A deprecated address is no source where there is another of its scope, and the only
// one where there is none.
func TestVirtualAddressThatTheHostSpeaksFromIsFound(t *testing.T) {
	gw, _ := gateway(t)
	var can vip.Nftables
	must(t, gw.Do(func() (err error) { can, err = vip.Probe(); return err }))
	if !can.Egress {
		skip.Because(t, "virtual addresses are local routes alone")
	}
	speaksFrom := func(want string) {
		t.Helper()
		c, err := gw.Dial(t.Context(), "udp", "[2001:db8:9::9]:9")
		must(t, err)
		defer c.Close()
		if got := netip.MustParseAddrPort(c.LocalAddr().String()).Addr(); got != ip(want) {
			t.Errorf("the host speaks from %s, want %s", got, want)
		}
	}
	must(t, gw.AddAddr("eth1", netip.MustParsePrefix("fe80::2/64")))
	must(t, gw.AddRoute(netip.MustParsePrefix("::/0"), ip("fe80::99"), "eth1"))
	v := opens(t, gw)
	r := vip.Router{MAC: [6]byte{0, 0, 0x5e, 0, 2, 20}, Addrs: []netip.Addr{ip("2001:db8::1")}, Accept: true}
	must(t, gw.Do(func() error { return v.Add(2, r) }))
	_, err := v.Gate([]vip.Claim{{ID: 2, Lease: time.Hour}}, nil)
	must(t, err)
	must(t, v.Address([]vip.ID{2}, nil))
	finds(t, gw, bring6, 0, "no-global-address vrrp6:eth1:20")
	speaksFrom("2001:db8::1")
	must(t, gw.AddAddr("lo", netip.MustParsePrefix("2001:db8:77::1/128")))
	finds(t, gw, bring6, 0)
	speaksFrom("2001:db8:77::1")
}

func TestMissingAndDownInterfacesAreFound(t *testing.T) {
	gw, _ := gateway(t)
	must(t, gw.LinkDown("eth1"))
	finds(t, gw, hsrpConfig, 200*time.Millisecond, "interface-down eth1")
	finds(t, gw, strings.ReplaceAll(hsrpConfig, "eth1", "eth7"), 200*time.Millisecond, "interface-missing eth7")
}

// Somebody else speaks in our group, for another address, and has ours.
func TestClashingGroupOnTheWireIsFound(t *testing.T) {
	gw, other := gateway(t)
	finds(t, gw, hsrpConfig, 0)
	must(t, other.AddAddr("eth0", netip.MustParsePrefix("192.0.2.1/24")))
	m := message(hsrp(func(m *hello.HSRP) { m.VirtualIP, m.Priority = ip("192.0.2.77"), 255 }), "192.0.2.3", "")
	stop := speak(t, other, hello.AppendFrame(nil, &m.Envelope, m.Payload))
	defer stop()
	finds(t, gw, hsrpConfig, 500*time.Millisecond,
		"heard-address hsrp:eth1:10", "claimed hsrp:eth1:10", "stranger hsrp:eth1:10")
}

func TestOwnAddressOfAnotherHostIsFound(t *testing.T) {
	gw, other := gateway(t)
	must(t, other.AddAddr("eth0", netip.MustParsePrefix("192.0.2.2/24")))
	finds(t, gw, hsrpConfig, 500*time.Millisecond, "own-address eth1")
}

// The active router must be there for who asks it: the standby goes by that.
func TestActiveRouterThatDoesNotAnswerIsFound(t *testing.T) {
	gw, other := gateway(t)
	finds(t, gw, hsrpConfig, 0)
	m := message(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", "")
	stop := speak(t, other, hello.AppendFrame(nil, &m.Envelope, m.Payload))
	defer stop()
	finds(t, gw, hsrpConfig, 1500*time.Millisecond)
	must(t, other.Sysctl("net/ipv4/conf/all/arp_ignore", "8"))
	finds(t, gw, hsrpConfig, 1500*time.Millisecond, "understudy hsrp:eth1:10")
}

// speak sends a frame every 50 ms until stop is called, and for a minute at
// most.
func speak(t *testing.T, ns *netlab.NS, frame []byte) (stop func()) {
	t.Helper()
	var s *sock.Socket
	must(t, ns.Do(func() error {
		ifi, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		s, err = sock.Open(ifi, 0)
		return err
	}))
	end, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		var errs error
		for range 1200 {
			_, err := s.Send([][]byte{frame})
			errs = errors.Join(errs, err)
			select {
			case <-tick.C:
			case <-end:
				done <- errs
				return
			}
		}
		<-end
		done <- errs
	}()
	return func() {
		close(end)
		if err := <-done; err != nil {
			t.Errorf("speak: %v", err)
		}
		s.Close()
	}
}
