package vip

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// watch starts a Watcher that ends with the test.
func (l *lab) watch(names ...string) *Watcher {
	l.t.Helper()
	w, err := l.owner.Watch(l.t.Context(), names...)
	ok(l.t, err)
	return w
}

// await returns the first event that fits.
func await(t *testing.T, w *Watcher, what string, fits func(Event) bool) Event {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case ev, open := <-w.Events():
			if !open {
				t.Fatalf("watcher ended while waiting for: %s", what)
			}
			if fits(ev) {
				return ev
			}
		case <-timeout:
			t.Fatalf("no event: %s", what)
		}
	}
}

// quiet fails if an event comes that does not belong.
func quiet(t *testing.T, w *Watcher, wait time.Duration) {
	t.Helper()
	select {
	case ev := <-w.Events():
		t.Errorf("unexpected event %+v", ev)
	case <-time.After(wait):
	}
}

func TestWatchReportsTheInitialState(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0", "none")
	got := await(t, w, "eth0", func(ev Event) bool { return ev.Link.Name == "eth0" && ev.Link.LinkLocal.IsValid() }).Link
	eth0 := link(t, "eth0").Attrs()
	want := Link{Name: "eth0", Index: eth0.Index, MAC: [6]byte(eth0.HardwareAddr), Up: true, MTU: eth0.MTU, Kind: "veth",
		Addr4: netip.MustParseAddr("10.0.0.2"), LinkLocal: got.LinkLocal,
		Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24"),
			netip.PrefixFrom(got.LinkLocal, 64), netip.MustParsePrefix("2001:db8::2/64")}}
	byAddr := cmp.Transformer("", netip.Addr.String)
	byPrefix := cmp.Transformer("", netip.Prefix.String)
	slices.SortFunc(got.Addrs[1:], func(a, b netip.Prefix) int { return b.Addr().Compare(a.Addr()) })
	if diff := cmp.Diff(want, got, byAddr, byPrefix); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	none := await(t, w, "none", func(ev Event) bool { return ev.Link.Name == "none" }).Link
	if none.Up || none.Index != 0 {
		t.Errorf("an interface that does not exist: %+v", none)
	}
}

func TestWatchFollowsTheLink(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0")
	up := func(ev Event) bool { return ev.Link.Up }
	down := func(ev Event) bool { return ev.Link.Name == "eth0" && !ev.Link.Up }
	first := await(t, w, "up", up)
	ok(t, netlink.LinkSetDown(link(t, "lan0")))
	await(t, w, "carrier lost", down)
	ok(t, netlink.LinkSetUp(link(t, "lan0")))
	await(t, w, "carrier back", up)
	ok(t, netlink.LinkSetDown(link(t, "eth0")))
	await(t, w, "set down", down)
	ok(t, netlink.LinkDel(link(t, "eth0")))
	await(t, w, "deleted", func(ev Event) bool { return down(ev) && ev.Link.Index == 0 })
	l.wire("eth0", "lan0", "10.0.0.3/24")
	await(t, w, "created again", func(ev Event) bool {
		return up(ev) && ev.Link.Index != first.Link.Index && ev.Link.Addr4 == netip.MustParseAddr("10.0.0.3")
	})
}

func TestWatchTellsWhoTakesTheFrames(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0")
	await(t, w, "its own", func(ev Event) bool { return ev.Link.Up && ev.Link.PortOf == "" })
	ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
	ok(t, netlink.LinkSetMaster(link(t, "eth0"), link(t, "br0")))
	await(t, w, "port", func(ev Event) bool { return ev.Link.PortOf == "bridge br0" })
	ok(t, netlink.LinkSetNoMaster(link(t, "eth0")))
	await(t, w, "its own again", func(ev Event) bool { return ev.Link.PortOf == "" })
}

// A link that goes down takes IPv4 routes along of which the kernel tells nobody, also
// if it is up again before anybody has looked.
func TestWatchTellsThatALinkWasDown(t *testing.T) {
	l := newLab(t)
	ok(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth2"}, PeerName: "lan2"}))
	setSysctl(t, "ipv6/conf/eth2/disable_ipv6=1")
	ok(t, netlink.LinkSetUp(link(t, "eth2")))
	w := l.watch("eth2")
	await(t, w, "eth2", func(ev Event) bool { return ev.Link.Name == "eth2" })
	ok(t, netlink.LinkSetDown(link(t, "eth2")))
	ok(t, netlink.LinkSetUp(link(t, "eth2")))
	await(t, w, "a look at what may have gone", func(ev Event) bool { return ev.Restore && ev.Routes })
}

// What takes the frames of its ports leaves nothing to be forwarded there, though
// packet sockets hear hellos. Other masters leave an interface what it is.
func TestMastersThatTakeTheFramesOfTheirPorts(t *testing.T) {
	for kind, want := range map[string]string{
		"bridge": "bridge m0", "bond": "bond m0", "team": "team m0", "openvswitch": "openvswitch m0", "hsr": "hsr m0",
		"vrf": "", "batadv": "",
	} {
		byIndex := func(int) (netlink.Link, error) {
			return &netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Name: "m0"}, LinkType: kind}, nil
		}
		if got, err := portOf(&netlink.LinkAttrs{Name: "eth0", MasterIndex: 7}, byIndex); got != want || err != nil {
			t.Errorf("%s: port of %q, %v, want %q", kind, got, err, want)
		}
	}
}

func TestWatchSeesAddressesComeAndGo(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0")
	await(t, w, "up", func(ev Event) bool { return ev.Link.Up && ev.Link.Addr4.IsValid() })
	addr, err := netlink.ParseAddr("10.0.0.2/24")
	ok(t, err)
	ok(t, netlink.AddrDel(link(t, "eth0"), addr))
	await(t, w, "address gone", func(ev Event) bool { return ev.Link.Up && !ev.Link.Addr4.IsValid() })
	ok(t, netlink.AddrAdd(link(t, "eth0"), addr))
	await(t, w, "address back", func(ev Event) bool { return ev.Link.Addr4.IsValid() })
}

func TestVirtualAddressIsNeverTheRoutersOwn(t *testing.T) {
	l := Link{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("10.0.0.2/24"),
		netip.MustParsePrefix("fe80::1/64"), netip.MustParsePrefix("fe80::2/64")}}
	got := l.Except(func(a netip.Addr) bool { return a == vip4 || a == vipLocal })
	if got.Addr4.String() != "10.0.0.2" || got.LinkLocal.String() != "fe80::2" {
		t.Errorf("got %v %v", got.Addr4, got.LinkLocal)
	}
	got = l.Except(func(netip.Addr) bool { return true })
	if got.Addr4.IsValid() || got.LinkLocal.IsValid() {
		t.Errorf("all are virtual, got %v %v", got.Addr4, got.LinkLocal)
	}
}

func TestWatchTellsRemovalByOthersFromOurs(t *testing.T) {
	for _, tt := range []struct {
		name   string
		router Router
		remove func(*testing.T)
	}{
		{"route", Router{MAC: vmac, Addrs: []netip.Addr{vip4, vip6}, Accept: true, RouteOnly: true}, func(t *testing.T) {
			theirs, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Table: unix.RT_TABLE_LOCAL, Protocol: RouteProtocol},
				netlink.RT_FILTER_TABLE|netlink.RT_FILTER_PROTOCOL)
			ok(t, err)
			if len(theirs) != 1 {
				t.Fatalf("%d local IPv4 routes of ours, want 1", len(theirs))
			}
			ok(t, netlink.RouteDel(&theirs[0]))
		}},
		{"address", Router{MAC: vmac, Addrs: []netip.Addr{vip4}, Accept: true}, func(t *testing.T) {
			ok(t, netlink.AddrDel(link(t, "eth0"), &netlink.Addr{IPNet: netlink.NewIPNet(vip4.AsSlice())}))
		}},
		{"connected route", Router{MAC: vmac, Addrs: []netip.Addr{vip4}, Accept: true, Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/20")}}, func(t *testing.T) {
			ok(t, netlink.RouteDel(&netlink.Route{LinkIndex: link(t, "eth0").Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: &net.IPNet{IP: net.ParseIP("10.0.0.0"), Mask: net.CIDRMask(20, 32)}}))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			iface := l.open(Options{})
			ok(t, iface.Add(10, tt.router))
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			ok(t, iface.Address([]ID{10}, nil))
			w := l.watch("eth0")
			await(t, w, "settled", func(ev Event) bool { return ev.Link.LinkLocal.IsValid() })
			ok(t, iface.Address(nil, []ID{10}))
			ok(t, iface.Address([]ID{10}, nil))
			quiet(t, w, 100*time.Millisecond)
			tt.remove(t)
			await(t, w, "restore", func(ev Event) bool { return ev.Restore })
			missing, err := iface.Restore()
			ok(t, err)
			if len(missing) != 1 {
				t.Errorf("missing %v, want one", missing)
			}
			quiet(t, w, 50*time.Millisecond)
		})
	}
}

func TestWatchSetReportsNewInterfaces(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0")
	await(t, w, "eth0", func(ev Event) bool { return ev.Link.Up && ev.Link.LinkLocal.IsValid() })
	ok(t, netlink.LinkSetAlias(link(t, "eth0"), "nothing that matters"))
	quiet(t, w, 50*time.Millisecond)
	w.Set("eth1")
	await(t, w, "eth1", func(ev Event) bool { return ev.Link.Name == "eth1" })
	ok(t, netlink.LinkSetDown(link(t, "eth0"))) // no longer watched
	ok(t, netlink.LinkSetDown(link(t, "eth1")))
	if ev := await(t, w, "a link down", func(ev Event) bool { return ev.Link.Name != "" && !ev.Link.Up }); ev.Link.Name != "eth1" {
		t.Errorf("event about %s, which is no longer watched", ev.Link.Name)
	}
	w.Set("eth0", "eth1")
	await(t, w, "eth0 again", func(ev Event) bool { return ev.Link.Name == "eth0" && !ev.Link.Up })
	w.Set("lo")
	await(t, w, "lo", func(ev Event) bool { return ev.Link.Name == "lo" })
	w.Set("eth0")
	await(t, w, "eth0 as it was", func(ev Event) bool { return ev.Link.Name == "eth0" })
}

func TestWatchRepairsAnOverrun(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0")
	await(t, w, "up", func(ev Event) bool { return ev.Link.Up && ev.Link.LinkLocal.IsValid() })
	ok(t, w.conn.SetReadBuffer(1)) // the least there is
	// The watcher waits for its event to be taken while the kernel's buffer fills.
	for i := range 60 {
		addr, err := netlink.ParseAddr(netip.AddrFrom4([4]byte{10, 1, byte(i), 1}).String() + "/32")
		ok(t, err)
		ok(t, netlink.AddrAdd(link(t, "eth0"), addr))
	}
	ok(t, netlink.LinkSetDown(link(t, "eth0")))
	restore, up := false, true
	await(t, w, "restore, and the last state whatever was lost", func(ev Event) bool {
		restore = restore || ev.Restore
		if ev.Link.Name != "" {
			up = ev.Link.Up
		}
		return restore && !up
	})
}

func TestWatchEndsWithItsContext(t *testing.T) {
	newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	w, err := (*Owner)(nil).Watch(ctx, "eth0")
	ok(t, err)
	await(t, w, "initial", func(Event) bool { return true })
	cancel()
	for timeout := time.After(patience); ; {
		select {
		case _, open := <-w.Events():
			if !open {
				return
			}
		case <-timeout:
			t.Fatal("the channel stays open")
		}
	}
}

func TestWatchFilterKeepsTheRoutesAndNeighboursOfOthersAway(t *testing.T) {
	var ins []bpf.Instruction
	for _, r := range watchFilter(&Owner{block: firstBlock}) {
		ins = append(ins, r.Disassemble())
	}
	vm, err := bpf.NewVM(ins)
	ok(t, err)
	for _, tt := range []struct {
		name     string
		kind     uint16
		protocol byte // rtm_protocol, behind nlmsghdr (RFC 3549 section 3.1.1)
		family   byte // the first behind nlmsghdr
		flags    byte // ndm_flags
		sender   uint32
		want     bool
	}{
		{"an interface", unix.RTM_NEWLINK, 0, 0, 0, 0, true},
		{"an address", unix.RTM_DELADDR, 0, 0, 0, 0, true},
		{"a new address", unix.RTM_NEWADDR, 0, 0, 0, 0, true},
		{"a new address, by ourselves", unix.RTM_NEWADDR, 0, 0, 0, firstBlock<<16 | 7, false},
		{"a new address, by the like of us", unix.RTM_NEWADDR, 0, 0, 0, (firstBlock+1)<<16 | 7, true},
		{"a new route", unix.RTM_NEWROUTE, unix.RTPROT_BGP, 0, 0, 0, false},
		{"a new route of ours", unix.RTM_NEWROUTE, RouteProtocol, 0, 0, 0, false},
		{"a route that went", unix.RTM_DELROUTE, unix.RTPROT_BGP, 0, 0, 0, false},
		{"a route of ours that went", unix.RTM_DELROUTE, RouteProtocol, 0, 0, 0, true},
		{"a setting", unix.RTM_NEWNETCONF, 0, unix.AF_INET, 0, 0, true},
		{"a neighbour", unix.RTM_NEWNEIGH, 0, unix.AF_INET, 0, 0, false},
		{"a neighbour that went", unix.RTM_DELNEIGH, 0, unix.AF_INET, 0, 0, false},
		{"what a switch has learned", unix.RTM_NEWNEIGH, 0, unix.AF_BRIDGE, 0, 0, false},
		{"what a switch has forgotten", unix.RTM_DELNEIGH, 0, unix.AF_BRIDGE, 0, 0, false},
		{"an entry of a filter that went", unix.RTM_DELNEIGH, 0, unix.AF_BRIDGE, unix.NTF_SELF, 0, true},
	} {
		msg := make([]byte, 28)
		binary.NativeEndian.PutUint16(msg[4:], tt.kind)
		binary.NativeEndian.PutUint32(msg[12:], tt.sender)
		msg[16], msg[21], msg[26] = tt.family, tt.protocol, tt.flags
		n, err := vm.Run(msg)
		ok(t, err)
		if got := n > 0; got != tt.want {
			t.Errorf("%s: passes %t, want %t", tt.name, got, tt.want)
		}
	}
}
