package vip

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	netlinksocket "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestOpenGateForwardsEachFrameOnceAndShutGateNone(t *testing.T) {
	l, iface := newOpen(t)
	ok(t, iface.Add(10, router10))
	for _, to := range []netip.Addr{far4, far6} {
		l.checkThrough("standby", vmac, to, 0)
	}
	mustGate(t, iface, []Claim{{ID: 10, Lease: 10 * time.Second}}, nil)
	for _, to := range []netip.Addr{far4, far6} {
		l.checkThrough("active", vmac, to, 1)
	}
	mustGate(t, iface, nil, []ID{10})
	for _, to := range []netip.Addr{far4, far6} {
		l.checkThrough("demoted", vmac, to, 0)
	}
}

func TestGatesOfOneClassAreIndependent(t *testing.T) {
	l, iface := newOpen(t)
	second := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 2}}
	ok(t, iface.Add(1, router10))
	ok(t, iface.Add(2, second))
	check := func(when string, want1, want2 int) {
		t.Helper()
		l.checkForwarded(when+": router 1", want1)
		l.checkThrough(when+": router 2", second.MAC, far4, want2)
	}
	mustGate(t, iface, []Claim{{ID: 1, Lease: time.Minute}}, nil)
	check("first open", 1, 0)
	mustGate(t, iface, []Claim{{ID: 2, Lease: time.Minute}}, []ID{1})
	check("swapped", 0, 1)
	mustGate(t, iface, []Claim{{ID: 1, Lease: time.Minute}}, nil)
	check("both open", 1, 1)
	mustGate(t, iface, nil, []ID{2})
	check("second shut", 1, 0)
	mustGate(t, iface, []Claim{{ID: 2, Lease: time.Minute}}, nil)
	mustGate(t, iface, []Claim{{ID: 2, Lease: time.Hour}}, nil)
	check("second in another class", 1, 1)
	mustGate(t, iface, nil, []ID{1})
	mustRenew(t, iface)
	check("first shut", 0, 1)
}

func TestStrictReversePathFilterPasses(t *testing.T) {
	l := newLab(t)
	setSysctl(t, "ipv4/conf/all/rp_filter=1")
	setSysctl(t, "ipv4/conf/eth0/rp_filter=1")
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	l.checkForwarded("forwarding", 1)
	for _, to := range []netip.Addr{vip4, netip.MustParseAddr("10.0.0.2")} {
		l.checkDelivered("through the virtual MAC", to, 1)
	}
}

// checkDelivered compares how often a datagram through the virtual MAC to an
// address of the router arrives.
func (l *lab) checkDelivered(when string, to netip.Addr, times int) {
	l.t.Helper()
	if got := l.delivered(to); got != times {
		l.t.Errorf("%s: %v: delivered %d times, want %d", when, to, got, times)
	}
}

// delivered sends a datagram through the virtual MAC to an address of the
// router and returns how often a socket there got it.
func (l *lab) delivered(to netip.Addr) (n int) {
	l.t.Helper()
	return l.deliveredTo(vmac, to)
}

// deliveredTo sends to an address at a MAC.
func (l *lab) deliveredTo(mac [6]byte, to netip.Addr) (n int) {
	l.t.Helper()
	family, any4, any6 := unix.AF_INET, &unix.SockaddrInet4{Port: 5000}, &unix.SockaddrInet6{Port: 5000}
	var sa unix.Sockaddr = any4
	if to.Is6() {
		family, sa = unix.AF_INET6, any6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	ok(l.t, err)
	defer unix.Close(fd)
	ok(l.t, unix.Bind(fd, sa))
	write(l.t, l.lan, frame(mac, to, l.next))
	l.next++
	l.passed()
	for {
		if _, _, err := unix.Recvfrom(fd, make([]byte, 2048), 0); err != nil {
			return n
		}
		n++
	}
}

func TestAddressesAreLocalWhileActive(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	for _, a := range router10.Addrs {
		l.checkDelivered("active", a, 1)
	}
	ok(t, iface.Address(nil, []ID{10}))
	for _, a := range router10.Addrs {
		l.checkDelivered("demoted", a, 0)
	}
}

func TestWithoutAcceptAddressesAreDropped(t *testing.T) {
	l, iface := newOpen(t)
	r := router10
	r.Accept = false
	ok(t, iface.Add(10, r))
	mustGate(t, iface, []Claim{{ID: 10, Lease: 0}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	_, err := netlink.RouteGet(vip4.AsSlice())
	if !errors.Is(err, unix.EINVAL) { // what a blackhole says
		t.Errorf("route to %v: error %v, want EINVAL", vip4, err)
	}
	l.checkDelivered("not accepted", vip4, 0)
	ok(t, iface.Address(nil, []ID{10}))
	if _, err = netlink.RouteGet(vip4.AsSlice()); err != nil {
		t.Errorf("after removal: %v", err)
	}
}

func TestAddressOfTheHostIsLeftAlone(t *testing.T) {
	l := newLab(t)
	own := Router{MAC: vmac, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("2001:db8::2")}, Accept: true}
	iface := l.open(Options{})
	ok(t, iface.Add(1, own))
	own.Owned = own.Addrs
	ok(t, iface.Add(2, own))
	before := snapshot(t)
	ok(t, iface.Address([]ID{2}, nil))
	checkSnapshot(t, "an owner's routes changed", before)
	ok(t, iface.Address([]ID{1}, nil))
	ok(t, iface.Address(nil, []ID{1}))
	checkSnapshot(t, "the host's routes changed", before)
}

func TestCloseLeavesEverythingAsItWas(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	ok(t, iface.Add(11, Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 11}, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.11")}}))
	mustGate(t, iface, []Claim{{ID: 11, Lease: time.Second}}, nil)
	ok(t, iface.Address([]ID{11}, nil))
	if snapshot(t) == before {
		t.Fatal("the snapshot does not see what an Interface makes")
	}
	ok(t, iface.Close())
	checkSnapshot(t, "after Close", before)
	for _, pattern := range []string{"*" + journalSuffix, "*" + sharedSuffix} {
		if left, _ := filepath.Glob(filepath.Join(l.state, pattern)); len(left) > 0 {
			t.Errorf("journals left: %v", left)
		}
	}
	if _, err := iface.Gate(nil, nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Gate after Close: %v", err)
	}
	ok(t, iface.Close())
}

func TestRemoveUndoesAddWhileOthersUseTheSame(t *testing.T) {
	l, iface := newOpen(t)
	ok(t, iface.Add(1, router10))
	before := snapshot(t)
	ok(t, iface.Add(2, router10)) // same MAC, same addresses
	mustGate(t, iface, []Claim{{ID: 1, Lease: time.Minute}, {ID: 2, Lease: time.Minute}}, nil)
	ok(t, iface.Remove(2))
	l.checkForwarded("router 1 lost its gate to the removal of router 2", 1)
	mustGate(t, iface, nil, []ID{1})
	l.checkForwarded("gate stayed open", 0)
	if diff := cmp.Diff(withoutTable(before), withoutTable(snapshot(t))); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// withoutTable cuts the nftables listing, in which an unused class stays.
func withoutTable(s string) string {
	before, rest, _ := strings.Cut(lockTable.ReplaceAllString(s, ""), "table netdev")
	_, after, _ := strings.Cut(rest, "\n}\n")
	return before + after
}

func TestSysctlChangedBySomebodyElseIsKept(t *testing.T) {
	_, iface := newOpen(t)
	setSysctl(t, "ipv4/conf/eth0/arp_announce=1")
	ok(t, iface.Close())
	checkSysctl(t, "ipv4/conf/eth0/arp_announce", "1", "set by somebody else")
	checkSysctl(t, "ipv4/conf/eth0/arp_ignore", "0", "set by us")
}

func TestRenamedInterfaceGetsItsSysctlsBack(t *testing.T) {
	values := func(name string) (got []string) {
		for _, s := range interfaceSysctls(name) {
			v, err := readSysctl(s.Name)
			ok(t, err)
			got = append(got, v)
		}
		return got
	}
	rename := func(from, to string) {
		ok(t, netlink.LinkSetDown(link(t, from)))
		ok(t, netlink.LinkSetName(link(t, from), to))
	}
	for name, undo := range map[string]func(l *lab, iface *Interface){
		"closed":    func(_ *lab, iface *Interface) { ok(t, iface.Close()) },
		"recovered": func(l *lab, iface *Interface) { ok(t, iface.Abandon()); ok(t, Recover(Options{StateDir: l.state})) },
	} {
		l := newLab(t)
		before := values("eth0")
		iface := l.open(Options{})
		rename("eth0", "wan9")
		rename("eth1", "eth0") // somebody else's now
		other := values("eth0")
		undo(l, iface)
		if diff := cmp.Diff(before, values("wan9")); diff != "" {
			t.Errorf("%s: renamed (-before +after):\n%s", name, diff)
		}
		if diff := cmp.Diff(other, values("eth0")); diff != "" {
			t.Errorf("%s: its old name (-before +after):\n%s", name, diff)
		}
	}
}

func TestSharedSysctlIsRestoredByTheLastInterface(t *testing.T) {
	l, iface := newOpen(t)
	eth1, err := Open("eth1", Options{StateDir: l.state})
	ok(t, err)
	defer eth1.Close()
	ok(t, iface.Close())
	const name = "ipv4/conf/all/send_redirects"
	checkSysctl(t, name, "0", "first Close, while eth1 is in use")
	ok(t, eth1.Close())
	checkSysctl(t, name, "1", "last Close")
}

func TestInterfacesCloseSideBySide(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	eth1, err := Open("eth1", Options{StateDir: l.state})
	ok(t, err)
	ns, err := netns.Get()
	ok(t, err)
	defer ns.Close()
	errs := make(chan error)
	for _, i := range []*Interface{iface, eth1} {
		go func() {
			runtime.LockOSThread()
			errs <- errors.Join(netns.Set(ns), i.Close())
		}()
	}
	ok(t, errors.Join(<-errs, <-errs))
	checkSnapshot(t, "at the end", before)
}

func TestRouterIsChangedWithoutAGap(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	changed := router10
	changed.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.111"), vip6, vip4}
	ok(t, iface.Add(11, changed))
	mustGate(t, iface, []Claim{{ID: 11, Lease: time.Minute}}, []ID{10})
	events, err := watchConn(nil)
	ok(t, err)
	defer events.Close()
	ok(t, iface.Address([]ID{11}, []ID{10}))
	last := &netlink.Route{Dst: netlink.NewIPNet(net.ParseIP("10.0.0.222")), LinkIndex: loopbackIndex, Table: unix.RT_TABLE_LOCAL,
		Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Protocol: RouteProtocol}
	ok(t, errors.Join(netlink.RouteAdd(last), netlink.RouteDel(last)))
	if diff := cmp.Diff([]string{vipLocal.String()}, removals(t, events, "10.0.0.222")); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	ok(t, iface.Remove(10))
	for a, want := range map[netip.Addr]int{vip4: 1, vip6: 1, vipLocal: 0, changed.Addrs[0]: 1} {
		l.checkDelivered("changed", a, want)
	}
	l.checkForwarded("at the end", 1)
	ok(t, iface.Address(nil, []ID{11}))
	l.checkDelivered("removed", vip4, 0)
}

// removals reads the addresses and routes of ours whose removal was notified before
// that of the last.
func removals(t *testing.T, events *netlinksocket.Conn, last string) (out []string) {
	t.Helper()
	ok(t, events.SetReadDeadline(time.Now().Add(patience)))
	for {
		msgs, err := events.Receive()
		ok(t, err)
		for _, m := range msgs {
			if m.Header.Type == unix.RTM_DELADDR {
				if a, ok := parseAddr(m.Data); ok && a.ours {
					out = append(out, a.Addr().String())
				}
				continue
			}
			if m.Header.Type != unix.RTM_DELROUTE {
				continue
			}
			attrs(m.Data[unix.SizeofRtMsg:], func(typ uint16, v []byte) {
				if a, ok := netip.AddrFromSlice(v); ok && typ == unix.RTA_DST {
					out = append(out, a.String())
				}
			})
			if n := len(out) - 1; out[n] == last {
				return out[:n]
			}
		}
	}
}

func TestStandbyIsSilent(t *testing.T) {
	l, iface := newOpen(t)
	ok(t, iface.Add(10, router10))
	mustGate(t, iface, nil, []ID{10})
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Second}}, nil)
	mustGate(t, iface, nil, []ID{10})
	ok(t, iface.Remove(10))
	// The kernel lets up to a second pass before an MLD report.
	frames, wait := 0, patience
	for b := receive(t, l.lan, wait); b != nil; b = receive(t, l.lan, wait) {
		frames, wait = frames+1, 300*time.Millisecond
		if bytes.Equal(b[6:12], vmac[:]) {
			t.Errorf("frame from the virtual MAC: %x", b)
		}
	}
	if frames == 0 {
		t.Error("not even an MLD report was captured: the capture proves nothing")
	}
}

func TestFlushRulesetLosesNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags uint32
	}{{"table with owner", tableOwner | tablePersist}, {"table without owner is put back", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			skip.Without(t, "nft")
			l := newLab(t)
			iface := l.openFlags(Options{}, tt.flags)
			if tt.flags != 0 {
				needOwner(t, iface)
			}
			l.active(iface, time.Minute)
			out, err := exec.Command("nft", "flush", "ruleset").CombinedOutput()
			if err != nil {
				t.Fatalf("nft: %v: %s", err, out)
			}
			if tt.flags == 0 {
				flushed := time.Now()
				until(t, patience, "forwarding again", l.quick)
				t.Logf("forwarding at most %v after nft had ended", time.Since(flushed))
			}
			l.checkForwarded("after flush ruleset", 1)
			mustRenew(t, iface)
			mustGate(t, iface, nil, []ID{10})
			l.checkForwarded("shut", 0)
		})
	}
}

func TestLinkFlapIsRepairedByRestore(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	eth0 := link(t, "eth0")
	ok(t, netlink.LinkSetDown(eth0))
	if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
		t.Errorf("while down: missing %v, error %v", missing, err)
	}
	ok(t, netlink.LinkSetUp(eth0))
	linksReady(t, "eth0", "lan0")
	missing, err := iface.Restore()
	ok(t, err)
	if diff := cmp.Diff([]netip.Addr{vip6, vipLocal}, missing, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	// A flap takes the IPv6 addresses of the interface as well.
	for _, a := range []netip.Addr{vip4, vip6, vipLocal} {
		l.checkDelivered("after the flap", a, 1)
	}
	l.checkForwarded("forwarding", 1)
	if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
		t.Errorf("second Restore: missing %v, error %v", missing, err)
	}
}

func TestRestoreLeavesADeletedInterfaceAlone(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	restores := func(when string) {
		t.Helper()
		if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
			t.Errorf("%s: missing %v, error %v", when, missing, err)
		}
	}
	ok(t, netlink.LinkDel(link(t, "eth0")))
	restores("deleted")
	l.wire("eth0", "lan0", "10.0.0.2/24")
	restores("created again")
	ok(t, iface.Close())
	next := l.open(Options{})
	l.active(next, time.Minute)
	ok(t, next.Close())
}

func TestSecondOpenIsRefused(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		t.Run(fmt.Sprintf("state elsewhere %v", elsewhere), func(t *testing.T) {
			l, _ := newActive(t, time.Minute)
			dir := l.state
			if elsewhere {
				dir = t.TempDir()
			}
			if _, err := Open("eth0", Options{StateDir: dir}); !errors.Is(err, ErrBusy) {
				t.Errorf("error %v, want ErrBusy", err)
			}
			l.checkForwarded("the refused Open did harm", 1)
			checkSysctl(t, "ipv4/conf/eth0/arp_ignore", "1", "Open refused")
		})
	}
}

func TestUnusableInterfacesAreNamed(t *testing.T) {
	newLab(t)
	ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
	ok(t, netlink.LinkSetMaster(link(t, "eth1"), link(t, "br0")))
	for name, want := range map[string]string{"none": "open none", "lo": "not an Ethernet", "eth1": "a port of bridge br0"} {
		if _, err := Open(name, Options{StateDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", name, err, want)
		}
	}
}

func TestFilterEntryOfSomebodyElseStays(t *testing.T) {
	l := newLab(t)
	theirs := &netlink.Neigh{LinkIndex: link(t, "eth0").Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
		State: netlink.NUD_PERMANENT, HardwareAddr: vmac[:]}
	ok(t, netlink.NeighAdd(theirs))
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Second)
	ok(t, iface.Close())
	checkSnapshot(t, "at the end", before)
}

func TestGroupsOfManySolicitedNodesAreJoined(t *testing.T) {
	_, iface := newOpen(t)
	var r Router
	for i := range joinsPerSocket + 100 {
		r.Addrs = append(r.Addrs, netip.MustParseAddr(fmt.Sprintf("2001:db8::1:%x", i)))
	}
	ok(t, iface.Add(1, r))
	if got := len(iface.members.socks); got < 2 {
		t.Errorf("%d sockets for %d memberships, want them spread", got, len(r.Addrs))
	}
	until(t, patience, "every solicited-node group joined", func() bool {
		joined := groupsJoined(t, "eth0")
		return !slices.ContainsFunc(r.Addrs, func(a netip.Addr) bool { return !joined[wire.SolicitedNode(a)] })
	})
	ok(t, iface.Remove(1))
}

// groupsJoined returns the IPv6 groups that the interface has joined: a set,
// because the kernel's list repeats or misses a line when it joins or leaves
// another group between two reads.
func groupsJoined(t testing.TB, name string) map[netip.Addr]bool {
	t.Helper()
	b, err := os.ReadFile("/proc/thread-self/net/igmp6")
	ok(t, err)
	joined := make(map[netip.Addr]bool)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != name {
			continue
		}
		raw, err := hex.DecodeString(f[2])
		ok(t, err)
		if group, found := netip.AddrFromSlice(raw); found {
			joined[group] = true
		}
	}
	return joined
}

// A bridge hands up what it forwards, and has no entry of its own for the virtual
// MAC.
func TestBridgeIsPromiscuousWhileItHasRouters(t *testing.T) {
	newNetns(t)
	ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
	ok(t, netlink.LinkSetUp(link(t, "br0")))
	check := func(when string, want bool) {
		t.Helper()
		if got := link(t, "br0").Attrs().RawFlags&unix.IFF_PROMISC != 0; got != want {
			t.Errorf("%s: promiscuous %v, want %v", when, got, want)
		}
		entries, err := netlink.NeighList(link(t, "br0").Attrs().Index, unix.AF_BRIDGE)
		ok(t, err)
		for _, e := range entries {
			if bytes.Equal(e.HardwareAddr, vmac[:]) {
				t.Errorf("%s: entry %v", when, e)
			}
		}
	}
	o := Options{StateDir: t.TempDir()}
	open := func() *Interface {
		iface, err := Open("br0", o)
		ok(t, err)
		ok(t, iface.Add(10, router10))
		return iface
	}
	iface := open()
	check("standby", true)
	ok(t, iface.Abandon())
	check("after a crash", true)
	ok(t, Recover(o))
	check("recovered", false)
	iface = open()
	ok(t, iface.Abandon())
	ok(t, open().Close())
	check("closed by the next process", false)
	ok(t, netlink.SetPromiscOn(link(t, "br0")))
	ok(t, open().Close())
	check("somebody else's wish stays", true)
}

func TestBridgeThatWasMadeDeafHearsAgain(t *testing.T) {
	newNetns(t)
	ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
	iface, err := Open("br0", Options{StateDir: t.TempDir()})
	ok(t, err)
	defer iface.Close()
	ok(t, iface.Add(10, router10))
	if missing, err := iface.RestoreFilter(); err != nil || len(missing) > 0 {
		t.Errorf("as it was made: missing %v, error %v", missing, err)
	}
	ok(t, netlink.SetPromiscOff(link(t, "br0")))
	if missing, err := iface.RestoreFilter(); err != nil || len(missing) != 1 {
		t.Errorf("switched off: missing %v, error %v", missing, err)
	}
	if link(t, "br0").Attrs().RawFlags&unix.IFF_PROMISC == 0 {
		t.Error("the bridge is still deaf")
	}
}

// Whoever wanted the bridge promiscuous has given that up. What makes it so then goes
// with the routers, in whichever way their process ends.
func TestBridgeThatHearsAgainIsPutBack(t *testing.T) {
	for name, end := range map[string]func(o Options, iface *Interface){
		"closed":    func(_ Options, iface *Interface) { ok(t, iface.Close()) },
		"recovered": func(o Options, iface *Interface) { ok(t, iface.Abandon()); ok(t, Recover(o)) },
		"closed by the next process": func(o Options, iface *Interface) {
			ok(t, iface.Abandon())
			next, err := Open("br0", o)
			ok(t, err)
			ok(t, next.Add(10, router10))
			ok(t, next.Close())
		},
		"closed by a process that took it over": func(o Options, iface *Interface) {
			ok(t, iface.Abandon())
			o.Handover = true
			next, err := Open("br0", o)
			ok(t, err)
			ok(t, next.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			newNetns(t)
			ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
			ok(t, netlink.SetPromiscOn(link(t, "br0")))
			o := Options{StateDir: t.TempDir()}
			iface, err := Open("br0", o)
			ok(t, err)
			ok(t, iface.Add(10, router10))
			ok(t, netlink.SetPromiscOff(link(t, "br0")))
			missing, err := iface.RestoreFilter()
			ok(t, err)
			if promiscuous := link(t, "br0").Attrs().RawFlags&unix.IFF_PROMISC != 0; !promiscuous || len(missing) != 1 {
				t.Fatalf("switched off: promiscuous %v, missing %x", promiscuous, missing)
			}
			end(o, iface)
			if link(t, "br0").Attrs().RawFlags&unix.IFF_PROMISC != 0 {
				t.Error("the bridge is still promiscuous")
			}
		})
	}
}
