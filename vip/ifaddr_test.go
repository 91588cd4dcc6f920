package vip

import (
	"bytes"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/internal/dump"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// onEth0 returns the addresses of ours on the interface, with their lifetimes.
func onEth0(t *testing.T) map[netip.Addr]netlink.Addr {
	t.Helper()
	ours, err := markedAddrs(link(t, "eth0").Attrs().Index)
	ok(t, err)
	all, err := netlink.AddrList(link(t, "eth0"), netlink.FAMILY_ALL)
	ok(t, err)
	out := map[netip.Addr]netlink.Addr{}
	for _, p := range ours {
		for _, a := range all {
			if ip, _ := netip.AddrFromSlice(a.IP); ip.Unmap() == p.address() {
				out[p.address()] = a
			}
		}
	}
	return out
}

func TestVirtualAddressesAreTheInterfacesWhileActive(t *testing.T) {
	_, iface := newActive(t, 2*time.Second)
	list := onEth0(t)
	for _, a := range router10.Addrs {
		got := list[a]
		if ones, bits := got.Mask.Size(); ones != bits || bits != a.BitLen() {
			t.Fatalf("%v on the interface: %+v", a, got)
		}
		if got.ValidLft < 1 || got.ValidLft > 4 {
			t.Errorf("%v lives for %d s, want the lease and two seconds at most", a, got.ValidLft)
		}
		if a.Is6() && got.Flags&unix.IFA_F_DEPRECATED == 0 {
			t.Errorf("%v is not deprecated", a)
		}
	}
	ok(t, iface.Address(nil, []ID{10}))
	if list := onEth0(t); len(list) > 0 {
		t.Errorf("after the demotion: %v", list)
	}
}

// As `ip address show proto 112` lists them.
func TestAddressesCarryTheProtocolNumber(t *testing.T) {
	_, iface := newActive(t, time.Minute)
	protocols := protocolsOf(t, "eth0")
	if protocols[netip.MustParseAddr("2001:db8::2")] != 0 {
		t.Errorf("protocols of addresses: %v: that of the host is nobody's", protocols)
	}
	const linkLocalOfKernel = 3 // IFAPROT_KERNEL_LL
	if !slices.Contains(slices.Collect(maps.Values(protocols)), linkLocalOfKernel) {
		skip.Regardless(t, "this kernel keeps no protocol numbers of addresses (before 5.18)")
	}
	ok(t, iface.Keep())
	kept := protocolsOf(t, "eth0")
	for _, a := range router10.Addrs {
		if protocols[a] != 112 || kept[a] != 112 {
			t.Errorf("%v has the number %d, kept %d, want 112", a, protocols[a], kept[a])
		}
	}
}

// protocolsOf lists the protocol numbers of an interface's addresses, 0 of those that
// have none.
func protocolsOf(t *testing.T, name string) map[netip.Addr]byte {
	t.Helper()
	const ifaProto = 11 // IFA_PROTO of linux/if_addr.h
	index, out := link(t, name).Attrs().Index, map[netip.Addr]byte{}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump.Whole(func() ([][]byte, error) {
			req := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
			req.AddData(nl.NewIfAddrmsg(family))
			return req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDR)
		})
		ok(t, err)
		for _, m := range list {
			a, is := parseAddr(m)
			if !is || a.index != index {
				continue
			}
			out[a.Addr()] = 0
			attrs(m[unix.SizeofIfAddrmsg:], func(typ uint16, v []byte) {
				if typ == ifaProto {
					out[a.Addr()] = v[0]
				}
			})
		}
	}
	return out
}

func TestRoutesAloneLeaveTheInterfaceAsItIs(t *testing.T) {
	l, iface := newOpen(t)
	r := router10
	r.RouteOnly = true
	ok(t, iface.Add(10, r))
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	if list := onEth0(t); len(list) > 0 {
		t.Errorf("on the interface: %v", list)
	}
	for _, a := range r.Addrs {
		l.checkDelivered("by a route", a, 1)
	}
	if iface.KeepDue() {
		t.Error("there is something to keep")
	}
}

// However it comes to have the address, the kernel must not answer for it.
func TestKernelNeverAnswersForAVirtualAddress(t *testing.T) {
	for _, mac := range [][6]byte{vmac, {}} {
		l, iface := newOpen(t)
		r := router10
		r.MAC = mac
		ok(t, iface.Add(10, r))
		check := func(when string) {
			t.Helper()
			for a, ask := range map[netip.Addr][]byte{vip4: arpRequest(vip4), vip6: solicitation(vip6), vipLocal: solicitation(vipLocal)} {
				if l.answered(ask, a) {
					t.Errorf("MAC %x, %s: the kernel answers for %v", mac, when, a)
				}
			}
			if own := netip.MustParseAddr("10.0.0.2"); !l.answered(arpRequest(own), own) {
				t.Fatalf("%s: the kernel does not answer for its own address", when)
			}
		}
		check("standby")
		mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
		ok(t, iface.Address([]ID{10}, nil))
		check("active")
		mustGate(t, iface, nil, []ID{10})
		check("shut, and the addresses still there")
		ok(t, iface.Address(nil, []ID{10}))
		check("standby again")
		mustGate(t, iface, []Claim{{ID: 10, Lease: 100 * time.Millisecond}}, nil)
		ok(t, iface.Address([]ID{10}, nil))
		lapse(t, 150*time.Millisecond)
		check("the lease is over")
		ok(t, iface.Abandon())
		check("after a crash")
		ok(t, Recover(Options{StateDir: l.state}))
		check("after the next start")
	}
}

// lapse waits until leases are over.
func lapse(t *testing.T, d time.Duration) {
	t.Helper()
	end := bootTime() + d
	until(t, patience, "end of the leases", func() bool { return bootTime() > end })
}

// The kernel announces every address of an interface when its MAC changes, a bond
// changes its port or a virtual machine moves.
func TestKernelNeverAnnouncesAVirtualAddress(t *testing.T) {
	l, _ := newActive(t, time.Minute)
	setSysctl(t, "ipv4/conf/eth0/arp_notify=1")
	setSysctl(t, "ipv6/conf/eth0/ndisc_notify=1")
	ok(t, netlink.LinkSetHardwareAddr(link(t, "eth0"), net.HardwareAddr{2, 0, 0, 0, 0, 0x77}))
	own := map[netip.Addr]bool{}
	until(t, patience, "announcements of the host's own addresses", func() bool {
		for b := receive(t, l.lan, 0); b != nil; b = receive(t, l.lan, 0) {
			if wire.EtherType(b) == wire.EtherTypeARP {
				own[netip.AddrFrom4([4]byte(b[28:32]))] = true
			}
			if typ, target, is := neighborDiscovery(b); is && typ == 136 {
				own[target] = true
			}
		}
		return own[netip.MustParseAddr("10.0.0.2")] && own[netip.MustParseAddr("2001:db8::2")]
	})
	for _, a := range router10.Addrs {
		if own[a] {
			t.Errorf("the kernel has announced %v", a)
		}
	}
}

// A host takes the sender of a solicitation for the owner of its source address.
func TestSolicitationsFromAVirtualAddressShowItsMAC(t *testing.T) {
	l, _ := newActive(t, time.Minute)
	for from, to := range map[netip.Addr]string{vip6: "2001:db8::98", vipLocal: "fe80::98"} {
		c, err := net.DialUDP("udp6", &net.UDPAddr{IP: from.AsSlice(), Zone: zoneOf(t, from)}, &net.UDPAddr{IP: net.ParseIP(to), Port: 9, Zone: zoneOf(t, from)})
		ok(t, err)
		defer c.Close()
		_, err = c.Write([]byte("hello"))
		ok(t, err)
		until(t, patience, "a solicitation from "+from.String(), func() bool {
			for b := receive(t, l.lan, 0); b != nil; b = receive(t, l.lan, 0) {
				var p wire.Packet
				if typ, target, is := neighborDiscovery(b); !is || typ != 135 || target.String() != to || !p.Parse(b) || p.Src != from {
					continue
				}
				if o := p.Payload[24:]; o[0] != 1 || !bytes.Equal(o[2:8], vmac[:]) {
					t.Errorf("source link-layer address option % x, want %x", o, vmac)
				}
				if !wire.PseudoHeader(p.Src, p.Dst, wire.ProtoICMPv6, len(p.Payload)).Add(p.Payload).OK() {
					t.Error("the checksum of the solicitation is wrong")
				}
				return true
			}
			return false
		})
	}
}

// zoneOf names eth0 by its number: package net remembers the numbers of names for a
// minute, those of another test's namespace too.
func zoneOf(t testing.TB, a netip.Addr) string {
	t.Helper()
	if a.IsLinkLocalUnicast() {
		return strconv.Itoa(link(t, "eth0").Attrs().Index)
	}
	return ""
}

func TestVirtualAddressIsNoSourceOfOtherTraffic(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	own6 := netip.MustParseAddr("fe80::2")
	ok(t, iface.SpeakAs(own4, own6))
	// What comes back now is younger than the virtual addresses.
	for _, s := range []string{"10.0.0.2/24", "2001:db8::2/64"} {
		a, err := netlink.ParseAddr(s)
		ok(t, err)
		ok(t, netlink.AddrDel(link(t, "eth0"), a))
		ok(t, netlink.AddrAdd(link(t, "eth0"), a))
	}
	ok(t, iface.SpeakAs(netip.Addr{}, own6))
	if _, there := onEth0(t)[vip4]; there {
		t.Errorf("%v is on the interface while the host has no IPv4 address", vip4)
	}
	l.checkDelivered("without an address of the host", vip4, 1)
	ok(t, iface.SpeakAs(own4, own6))
	l.checkDelivered("with one again", vip4, 1)
	list, err := netlink.AddrList(link(t, "eth0"), netlink.FAMILY_V4)
	ok(t, err)
	if first := list[0].IP.String(); first != own4.String() {
		t.Errorf("the first address of the interface is %s", first)
	}
	addresses := func() bool {
		c, err := net.Dial("udp6", "[2001:db8::97]:9")
		if err != nil {
			return false
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).IP.String() == "2001:db8::2"
	}
	until(t, patience, "the real IPv6 address as source", addresses)
	_, elsewhere, err := net.ParseCIDR("203.0.113.0/24")
	ok(t, err)
	ok(t, netlink.RouteAdd(&netlink.Route{LinkIndex: link(t, "eth0").Attrs().Index, Dst: elsewhere, Scope: netlink.SCOPE_LINK}))
	for _, to := range []string{"10.0.0.97:9", "203.0.113.9:9"} {
		c, err := net.Dial("udp4", to)
		ok(t, err)
		defer c.Close()
		if got := c.LocalAddr().(*net.UDPAddr).IP.String(); got != "10.0.0.2" {
			t.Errorf("source of IPv4 traffic to %s is %s", to, got)
		}
	}
	from, err := net.DialUDP("udp4", &net.UDPAddr{IP: vip4.AsSlice()}, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 96), Port: 9})
	ok(t, err)
	defer from.Close()
	_, err = from.Write([]byte("an answer"))
	ok(t, err)
	until(t, patience, "an ARP request for the host", func() bool {
		for b := receive(t, l.lan, 0); b != nil; b = receive(t, l.lan, 0) {
			if wire.EtherType(b) != wire.EtherTypeARP || netip.AddrFrom4([4]byte(b[38:42])).String() != "10.0.0.96" {
				continue
			}
			if sender := netip.AddrFrom4([4]byte(b[28:32])); sender.String() != "10.0.0.2" {
				t.Errorf("the kernel asks as %v", sender)
			}
			return true
		}
		return false
	})
}

// The address goes some time after the lease. Until then nobody gets to it.
func TestAddressIsOutOfReachOnceTheLeaseIsOver(t *testing.T) {
	l, iface := newActive(t, 300*time.Millisecond)
	reach := func(a netip.Addr) int { return l.deliveredTo(l.own, a) }
	if reach(vip4) != 1 || reach(vip6) != 1 {
		t.Fatal("not even while the lease runs")
	}
	ok(t, iface.Abandon())
	until(t, patience, "end of the lease", func() bool { return !l.quick() })
	there := len(onEth0(t)) // before, so that it still was
	for _, a := range router10.Addrs {
		if n := reach(a); n != 0 {
			t.Errorf("%v delivered %d times", a, n)
		}
	}
	if there != 3 {
		t.Logf("%d of 3 addresses were still there: the machine is slow", there)
	}
	until(t, patience, "end of the addresses", func() bool { return len(onEth0(t)) == 0 })
}

// The kernel serves an IPv6 address only when a worker of its own has had its turn,
// on the CPU on which the address was made. It has none beside a thread in real time
// that does not wait for it. Where others hold the kernel's lock that thread waits for
// them, and the worker comes first: hence more than once.
func TestAddressIsServedWhenAddressReturns(t *testing.T) {
	_, iface := newOpen(t)
	ok(t, iface.Add(10, router10))
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	fifo := unix.SchedAttr{Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: 1}
	for n := range 20 {
		if err := unix.SchedSetAttr(0, &fifo, 0); err != nil {
			skip.Regardless(t, "no real-time priority")
		}
		err := iface.Address([]ID{10}, nil)
		served := iface.rtnl.isLocal(ifAddr{vip6, iface.index}) && iface.rtnl.isLocal(ifAddr{vipLocal, iface.index})
		ok(t, unix.SchedSetAttr(0, &unix.SchedAttr{Flags: unix.SCHED_FLAG_RESET_ON_FORK}, 0))
		if ok(t, err); !served {
			t.Fatalf("attempt %d: Address has returned, and IPv6 addresses are not served", n+1)
		}
		ok(t, iface.Address(nil, []ID{10}))
	}
}

func TestKeepLetsTheAddressesLive(t *testing.T) {
	_, iface := newActive(t, 2*time.Second)
	until(t, patience, "time to keep", iface.KeepDue)
	before := onEth0(t)
	ok(t, iface.Keep())
	if iface.KeepDue() {
		t.Error("it is still time to keep")
	}
	after := onEth0(t)
	for _, a := range router10.Addrs {
		if before[a].ValidLft >= 3 || after[a].ValidLft <= before[a].ValidLft {
			t.Errorf("%v lives for %d s, before for %d s", a, after[a].ValidLft, before[a].ValidLft)
		}
	}
}

// A process that dies at any moment must not leave a lease without the addresses:
// frames for the virtual MAC would be taken, and nobody would serve them.
func TestAddressesOutliveTheLease(t *testing.T) {
	const lease = 10 * time.Second
	_, iface := newActive(t, lease)
	began := time.Now()
	until(t, patience, "time to keep", iface.KeepDue) // a renewal may come just before
	lives := time.Duration(lifetime(lease)) * time.Second
	if left := lives - time.Since(began); left < lease-2*time.Second { // the machine may stand still
		t.Errorf("the addresses live for %v more when the lease is renewed for %v", left, lease)
	}
}

// Nothing extends the addresses under a lease that never ends: they live for ever, and
// the process takes them away, or its next start.
func TestAddressesWithoutALeaseStayUntilTheyAreTakenAway(t *testing.T) {
	for name, end := range map[string]func(l *lab, iface *Interface){
		"demoted": func(_ *lab, iface *Interface) { ok(t, iface.Address(nil, []ID{10})) },
		"closed":  func(_ *lab, iface *Interface) { ok(t, iface.Close()) },
		"recovered": func(l *lab, iface *Interface) {
			ok(t, iface.Abandon())
			ok(t, Recover(Options{StateDir: l.state, Owner: l.owner}, "eth0"))
		},
	} {
		l, iface := newActive(t, 0)
		if at := iface.keep.at.Load(); at != 0 {
			t.Errorf("to be extended at %v of boot time", time.Duration(at))
		}
		ok(t, iface.Keep()) // which has nothing to do
		list := onEth0(t)
		for _, a := range router10.Addrs {
			got := list[a]
			if got.Flags&unix.IFA_F_PERMANENT == 0 || uint32(got.ValidLft) != endless {
				t.Errorf("%v lives for %d s, flags %#x, want for ever", a, got.ValidLft, got.Flags)
			}
			if a.Is6() && (got.Flags&unix.IFA_F_DEPRECATED == 0 || got.PreferedLft != 0) {
				t.Errorf("%v is not deprecated: preferred for %d s, flags %#x", a, got.PreferedLft, got.Flags)
			}
		}
		end(l, iface)
		if got := onEth0(t); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAddressOfSomebodyElseStays(t *testing.T) {
	_, iface := newOpen(t)
	theirs := &netlink.Addr{IPNet: netlink.NewIPNet(vip4.AsSlice())}
	ok(t, netlink.AddrAdd(link(t, "eth0"), theirs))
	ok(t, iface.Add(10, router10))
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Second}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	until(t, patience, "time to keep", iface.KeepDue)
	ok(t, iface.Keep())
	ok(t, iface.Address(nil, []ID{10}))
	list, err := netlink.AddrList(link(t, "eth0"), netlink.FAMILY_V4)
	ok(t, err)
	for _, a := range list {
		if a.IP.Equal(theirs.IP) && a.Flags&unix.IFA_F_PERMANENT != 0 {
			return
		}
	}
	t.Errorf("the address of somebody else has gone or changed: %v", list)
}

func TestPrefixBringsItsConnectedRoute(t *testing.T) {
	_, iface := newOpen(t)
	via := func() (src string, connected bool) {
		routes, err := netlink.RouteGet(net.ParseIP("10.77.0.9"))
		if err != nil || routes[0].Gw != nil {
			return "", false
		}
		return routes[0].Src.String(), routes[0].LinkIndex == link(t, "eth0").Attrs().Index
	}
	for n, s := range []string{"10.77.0.1/24", "10.77.0.2/24"} {
		p := netip.MustParsePrefix(s)
		ok(t, iface.Add(ID(n), Router{MAC: routerN(n).MAC, Addrs: []netip.Addr{p.Addr()}, Prefixes: []netip.Prefix{p}, Accept: true, RouteOnly: n == 1}))
	}
	mustGate(t, iface, []Claim{{ID: 0, Lease: time.Minute}, {ID: 1, Lease: time.Minute}}, nil)
	ok(t, iface.Address([]ID{0}, nil))
	ok(t, iface.Address([]ID{1}, nil))
	if src, connected := via(); !connected || src != "10.0.0.2" {
		t.Errorf("a host of the subnet: connected %v, spoken to from %s", connected, src)
	}
	ok(t, iface.Address(nil, []ID{0}))
	if _, connected := via(); !connected {
		t.Error("the route has gone while a router needs it")
	}
	ok(t, iface.Address(nil, []ID{1}))
	if _, connected := via(); connected {
		t.Error("the route has stayed")
	}
	if len(marked(t)) > 0 {
		t.Errorf("left: %v", marked(t))
	}
}

// The host may have an address of the subnet for a while, before the role or after.
func TestConnectedRouteIsThereBesideTheHostsOwn(t *testing.T) {
	_, iface := newOpen(t)
	prefixes := []netip.Prefix{netip.MustParsePrefix("10.77.0.1/24"), netip.MustParsePrefix("fd77::1/64")}
	hosts := []string{"10.77.0.9", "fd77::9"}
	own := func(change func(netlink.Link, *netlink.Addr) error) {
		t.Helper()
		for _, s := range []string{"10.77.0.2/24", "fd77::2/64"} {
			a, err := netlink.ParseAddr(s)
			ok(t, err)
			a.Flags = unix.IFA_F_NODAD
			ok(t, change(link(t, "eth0"), a))
		}
	}
	check := func(when string, want bool) {
		t.Helper()
		for _, host := range hosts {
			routes, err := netlink.RouteGet(net.ParseIP(host))
			if got := err == nil && routes[0].Gw == nil && routes[0].LinkIndex == link(t, "eth0").Attrs().Index; got != want {
				t.Errorf("%s: %s is on the interface: %v, want %v", when, host, got, want)
			}
		}
	}
	ok(t, iface.Add(1, Router{MAC: vmac, Addrs: []netip.Addr{prefixes[0].Addr(), prefixes[1].Addr()}, Prefixes: prefixes, Accept: true}))
	mustGate(t, iface, []Claim{{ID: 1, Lease: time.Minute}}, nil)
	own(netlink.AddrAdd)
	ok(t, iface.Address([]ID{1}, nil))
	check("beside the host's own", true)
	own(netlink.AddrDel)
	check("the host's own has gone", true)
	if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
		t.Errorf("missing %v, error %v", missing, err)
	}
	own(netlink.AddrAdd)
	ok(t, iface.Address(nil, []ID{1}))
	check("the role has gone", true)
	own(netlink.AddrDel)
	check("nothing is left", false)
	if len(marked(t)) > 0 {
		t.Errorf("left: %v", marked(t))
	}
}

func TestAdvertisementsOfOtherRouterDaemonsKeepTheirSource(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	own := netip.MustParseAddr("fe80::2")
	ok(t, iface.SpeakAs(own4, netip.MustParseAddr("fe80::77")))
	ok(t, iface.SpeakAs(own4, own))
	advert := func(mac [6]byte) []byte {
		to := netip.MustParseAddr("ff02::1")
		h := wire.Headers{DstMAC: wire.MulticastMAC(to), SrcMAC: mac, Src: vipLocal, Dst: to, TTL: 255, Proto: wire.ProtoICMPv6}
		b := h.Append(nil, append([]byte{134, 15: 0}, 1, 1, 2, 3, 4, 5, 6, 7))
		return b
	}
	out := packetSocket(t, "eth0")
	for _, tt := range []struct {
		mac  [6]byte
		want netip.Addr
	}{{l.own, own}, {vmac, vipLocal}} {
		write(t, out, advert(tt.mac))
		until(t, patience, "the advertisement", func() bool {
			for b := receive(t, l.lan, 0); b != nil; b = receive(t, l.lan, 0) {
				var p wire.Packet
				if !p.Parse(b) || p.Proto != wire.ProtoICMPv6 || p.Payload[0] != 134 {
					continue
				}
				if p.Src != tt.want {
					t.Errorf("from %x: source %v, want %v", tt.mac, p.Src, tt.want)
				}
				if !wire.PseudoHeader(p.Src, p.Dst, wire.ProtoICMPv6, len(p.Payload)).Add(p.Payload).OK() {
					t.Errorf("from %x: the checksum is wrong", tt.mac)
				}
				return true
			}
			return false
		})
	}
}

// The kernel takes any link-local address that it may use for the source of its
// reports of memberships. While the host's own one is away that would be a virtual
// one.
func TestLinkLocalAddressesAreRoutesWhileTheHostHasNone(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	own := netip.MustParseAddr("fe80::2")
	ok(t, iface.SpeakAs(own4, own))
	for _, step := range []struct {
		own  netip.Addr
		want bool
	}{{own, true}, {netip.Addr{}, false}, {netip.Addr{}, false}, {own, true}, {netip.MustParseAddr("fe80::77"), true}} {
		ok(t, iface.SpeakAs(own4, step.own))
		list := onEth0(t)
		if _, there := list[vipLocal]; there != step.want {
			t.Errorf("speaks as %v: %v on the interface: %v, want %v", step.own, vipLocal, there, step.want)
		}
		if _, there := list[vip4]; !there {
			t.Errorf("speaks as %v: %v is not on the interface", step.own, vip4)
		}
		l.checkDelivered("speaks as "+step.own.String(), vipLocal, 1)
		missing, err := iface.Restore()
		if ok(t, err); len(missing) > 0 {
			t.Errorf("speaks as %v: %v were missing", step.own, missing)
		}
	}
	ok(t, iface.SpeakAs(own4, netip.Addr{}))
	ok(t, iface.Address(nil, []ID{10}))
	if len(marked(t)) > 0 || len(onEth0(t)) > 0 {
		t.Errorf("left: %v, %v", marked(t), onEth0(t))
	}
}

// setOwn4 adds or deletes an IPv4 address of the host.
func setOwn4(t testing.TB, change func(netlink.Link, *netlink.Addr) error, s string) {
	t.Helper()
	a, err := netlink.ParseAddr(s)
	ok(t, err)
	ok(t, change(link(t, "eth0"), a))
}

// With the last IPv4 address of an interface the kernel drops all IPv4 routes through
// it. The last one is the host's own, or a virtual one that goes because of that.
func TestConnectedRouteStaysWhileTheHostHasNoAddress(t *testing.T) {
	for _, routeOnly := range []bool{false, true} {
		_, iface := newOpen(t)
		p := netip.MustParsePrefix("10.77.0.1/24")
		own6 := netip.MustParseAddr("fe80::2")
		ok(t, iface.SpeakAs(own4, own6))
		ok(t, iface.Add(10, Router{MAC: vmac, Addrs: []netip.Addr{p.Addr()}, Prefixes: []netip.Prefix{p}, Accept: true, RouteOnly: routeOnly}))
		mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
		ok(t, iface.Address([]ID{10}, nil))
		check := func(when string) {
			t.Helper()
			routes, err := netlink.RouteGet(net.ParseIP("10.77.0.9"))
			if err != nil || routes[0].Gw != nil || routes[0].LinkIndex != link(t, "eth0").Attrs().Index {
				t.Errorf("route only %v, %s: not on the interface: %v, %v", routeOnly, when, routes, err)
			}
		}
		check("active")
		setOwn4(t, netlink.AddrDel, "10.0.0.2/24")
		ok(t, iface.SpeakAs(netip.Addr{}, own6))
		check("without an address")
		setOwn4(t, netlink.AddrAdd, "10.0.0.2/24")
		ok(t, iface.SpeakAs(own4, own6))
		check("with one again")
		ok(t, iface.Close())
		if len(marked(t)) > 0 {
			t.Errorf("route only %v: left: %v", routeOnly, marked(t))
		}
	}
}

// What moves behind the host's own address is away for an instant, and the kernel
// drops the IPv4 routes that go out from it.
func TestRouteFromAVirtualAddressStaysWhenThatMoves(t *testing.T) {
	_, iface := newOpen(t)
	own6 := netip.MustParseAddr("fe80::2")
	ok(t, iface.SpeakAs(own4, own6))
	r := bringingRouter()
	r.Routes, r.Rules = r.Routes[:1], nil
	ok(t, iface.Add(10, r))
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	checkBrought(t, "active", allBrought[:1])
	setOwn4(t, netlink.AddrDel, "10.0.0.2/24")
	setOwn4(t, netlink.AddrAdd, "10.0.0.3/24")
	ok(t, iface.SpeakAs(netip.MustParseAddr("10.0.0.3"), own6))
	checkBrought(t, "another address of the host", allBrought[:1])
	checkFaults(t, "another address of the host", iface.RoutesOf(10))
}

// Addresses that were routes alone when it was time to keep them end as well.
func TestKeepGoesOnAfterTheHostHadNoAddress(t *testing.T) {
	_, iface := newOpen(t)
	own6 := netip.MustParseAddr("fe80::2")
	ok(t, iface.SpeakAs(own4, own6))
	ok(t, iface.Add(10, Router{MAC: vmac, Addrs: []netip.Addr{vipLocal}, Accept: true}))
	mustGate(t, iface, []Claim{{ID: 10, Lease: 2 * time.Second}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	until(t, patience, "time to keep", iface.KeepDue)
	ok(t, iface.SpeakAs(own4, netip.Addr{}))
	ok(t, iface.Keep())
	ok(t, iface.SpeakAs(own4, own6))
	before := onEth0(t)[vipLocal]
	until(t, patience, "time to keep again", iface.KeepDue)
	ok(t, iface.Keep())
	if after := onEth0(t)[vipLocal]; after.ValidLft == 0 || after.ValidLft < before.ValidLft-1 {
		t.Errorf("%v lives for %d s, before for %d s", vipLocal, after.ValidLft, before.ValidLft)
	}
}

// The kernel puts what takes the place of a deleted address behind all others, and so
// it does with one that comes back at once, of which nothing else is to be seen.
func TestVirtualAddressGoesBehindTheHostsOwn(t *testing.T) {
	for name, change := range map[string]func(t *testing.T) netip.Addr{
		"the second takes the place of the first": func(t *testing.T) netip.Addr {
			setSysctl(t, "ipv4/conf/eth0/promote_secondaries=1")
			setOwn4(t, netlink.AddrAdd, "10.0.0.3/24")
			setOwn4(t, netlink.AddrDel, "10.0.0.2/24")
			return netip.MustParseAddr("10.0.0.3")
		},
		"away and back": func(t *testing.T) netip.Addr {
			setOwn4(t, netlink.AddrDel, "10.0.0.2/24")
			setOwn4(t, netlink.AddrAdd, "10.0.0.2/24")
			return own4
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, iface := newActive(t, time.Minute)
			own6 := netip.MustParseAddr("fe80::2")
			ok(t, iface.SpeakAs(own4, own6))
			own := change(t)
			w := l.watch("eth0")
			for _, when := range []string{"once", "again"} {
				if got := await(t, w, when, func(ev Event) bool { return ev.Link.VirtualFirst }).Link; got.Addr4 != own {
					t.Errorf("%s: first of the host's own is %v, want %v", when, got.Addr4, own)
				}
				ok(t, iface.SpeakAs(own, own6))
				list, err := netlink.AddrList(link(t, "eth0"), netlink.FAMILY_V4)
				ok(t, err)
				if first := list[0].IP.String(); first != own.String() {
					t.Errorf("%s: the first address of the interface is %s", when, first)
				}
				l.checkDelivered(when, vip4, 1)
				setOwn4(t, netlink.AddrDel, own.String()+"/24")
				setOwn4(t, netlink.AddrAdd, own.String()+"/24")
			}
		})
	}
}
