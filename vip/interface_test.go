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
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, router10))
	for _, to := range []netip.Addr{far4, far6} {
		if diff := cmp.Diff(each(5, 0), l.forwarded(to, 5)); diff != "" {
			t.Errorf("standby to %v (-want +got):\n%s", to, diff)
		}
	}
	mustGate(t, iface, []Claim{{10, 10 * time.Second}}, nil)
	for _, to := range []netip.Addr{far4, far6} {
		if diff := cmp.Diff(each(20, 1), l.forwarded(to, 20)); diff != "" {
			t.Errorf("active to %v (-want +got):\n%s", to, diff)
		}
	}
	mustGate(t, iface, nil, []ID{10})
	for _, to := range []netip.Addr{far4, far6} {
		if diff := cmp.Diff(each(5, 0), l.forwarded(to, 5)); diff != "" {
			t.Errorf("demoted to %v (-want +got):\n%s", to, diff)
		}
	}
}

func TestGatesOfOneClassAreIndependent(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	second := Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 2}}
	ok(t, iface.Add(1, router10))
	ok(t, iface.Add(2, second))
	check := func(when string, want1, want2 int) {
		t.Helper()
		if diff := cmp.Diff(each(3, want1), l.forwarded(far4, 3)); diff != "" {
			t.Errorf("%s: router 1 (-want +got):\n%s", when, diff)
		}
		if diff := cmp.Diff(each(3, want2), l.through(second.MAC, far4, 3)); diff != "" {
			t.Errorf("%s: router 2 (-want +got):\n%s", when, diff)
		}
	}
	mustGate(t, iface, []Claim{{1, time.Minute}}, nil)
	check("first open", 1, 0)
	mustGate(t, iface, []Claim{{2, time.Minute}}, []ID{1})
	check("swapped", 0, 1)
	mustGate(t, iface, []Claim{{1, time.Minute}}, nil)
	check("both open", 1, 1)
	mustGate(t, iface, nil, []ID{2})
	check("second shut", 1, 0)
	mustGate(t, iface, []Claim{{2, time.Minute}}, nil)
	mustGate(t, iface, []Claim{{2, time.Hour}}, nil)
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
	if diff := cmp.Diff(each(5, 1), l.forwarded(far4, 5)); diff != "" {
		t.Errorf("forwarding (-want +got):\n%s", diff)
	}
	for _, to := range []netip.Addr{vip4, netip.MustParseAddr("10.0.0.2")} {
		if got := l.delivered(to); got != 1 {
			t.Errorf("datagram through the virtual MAC to %v: delivered %d times, want 1", to, got)
		}
	}
}

// delivered sends a datagram through the virtual MAC to an address of the
// router and returns how often a socket there got it.
func (l *lab) delivered(to netip.Addr) (n int) {
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
	write(l.t, l.lan, frame(vmac, to, l.next))
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
	l := newLab(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	for _, a := range router10.Addrs {
		if got := l.delivered(a); got != 1 {
			t.Errorf("active, %v: delivered %d times, want 1", a, got)
		}
	}
	ok(t, iface.Address(nil, []ID{10}))
	for _, a := range router10.Addrs {
		if got := l.delivered(a); got != 0 {
			t.Errorf("demoted, %v: delivered %d times, want 0", a, got)
		}
	}
}

func TestWithoutAcceptAddressesAreDropped(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	r := router10
	r.Accept = false
	ok(t, iface.Add(10, r))
	mustGate(t, iface, []Claim{{10, 0}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	_, err := netlink.RouteGet(vip4.AsSlice())
	if !errors.Is(err, unix.EINVAL) { // what a blackhole says
		t.Errorf("route to %v: error %v, want EINVAL", vip4, err)
	}
	if got := l.delivered(vip4); got != 0 {
		t.Errorf("delivered %d times, want 0", got)
	}
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
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("an owner's routes changed (-want +got):\n%s", diff)
	}
	ok(t, iface.Address([]ID{1}, nil))
	ok(t, iface.Address(nil, []ID{1}))
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("the host's routes changed (-want +got):\n%s", diff)
	}
}

func TestCloseLeavesEverythingAsItWas(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	ok(t, iface.Add(11, Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 11}, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.11")}}))
	mustGate(t, iface, []Claim{{11, time.Second}}, nil)
	ok(t, iface.Address([]ID{11}, nil))
	if snapshot(t) == before {
		t.Fatal("the snapshot does not see what an Interface makes")
	}
	ok(t, iface.Close())
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("after Close (-before +after):\n%s", diff)
	}
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
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(1, router10))
	before := snapshot(t)
	ok(t, iface.Add(2, router10)) // same MAC, same addresses
	mustGate(t, iface, []Claim{{1, time.Minute}, {2, time.Minute}}, nil)
	ok(t, iface.Remove(2))
	if diff := cmp.Diff(each(3, 1), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("router 1 lost its gate to the removal of router 2 (-want +got):\n%s", diff)
	}
	mustGate(t, iface, nil, []ID{1})
	if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("gate stayed open (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(withoutTable(before), withoutTable(snapshot(t))); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// withoutTable cuts the nftables listing, in which an unused class stays.
func withoutTable(s string) string {
	before, rest, _ := strings.Cut(s, "table netdev")
	_, after, _ := strings.Cut(rest, "\n}\n")
	return before + after
}

func TestSysctlChangedBySomebodyElseIsKept(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	setSysctl(t, "ipv4/conf/eth0/arp_announce=1")
	ok(t, iface.Close())
	if got, _ := readSysctl("ipv4/conf/eth0/arp_announce"); got != "1" {
		t.Errorf("arp_announce is %s, want the 1 that somebody else has set", got)
	}
	if got, _ := readSysctl("ipv4/conf/eth0/arp_ignore"); got != "0" {
		t.Errorf("arp_ignore is %s, want 0 restored", got)
	}
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
	l := newLab(t)
	iface := l.open(Options{})
	eth1, err := Open("eth1", Options{StateDir: l.state})
	ok(t, err)
	defer eth1.Close()
	ok(t, iface.Close())
	const name = "ipv4/conf/all/send_redirects"
	if got, _ := readSysctl(name); got != "0" {
		t.Errorf("first Close: send_redirects is %s, want 0 while eth1 is in use", got)
	}
	ok(t, eth1.Close())
	if got, _ := readSysctl(name); got != "1" {
		t.Errorf("last Close: send_redirects is %s, want 1 restored", got)
	}
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
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestRouterIsChangedWithoutAGap(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	changed := router10
	changed.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.111"), vip6, vip4}
	ok(t, iface.Add(11, changed))
	mustGate(t, iface, []Claim{{11, time.Minute}}, []ID{10})
	events, err := watchConn()
	ok(t, err)
	defer events.Close()
	ok(t, iface.Address([]ID{11}, []ID{10}))
	last := &netlink.Route{Dst: netlink.NewIPNet(net.ParseIP("10.0.0.222")), LinkIndex: loopbackIndex, Table: unix.RT_TABLE_LOCAL,
		Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Protocol: RouteProtocol}
	ok(t, errors.Join(netlink.RouteAdd(last), netlink.RouteDel(last)))
	if diff := cmp.Diff([]string{vipLocal.String()}, removals(t, events, "10.0.0.222")); diff != "" {
		t.Errorf("routes removed (-want +got):\n%s", diff)
	}
	ok(t, iface.Remove(10))
	for a, want := range map[netip.Addr]int{vip4: 1, vip6: 1, vipLocal: 0, changed.Addrs[0]: 1} {
		if got := l.delivered(a); got != want {
			t.Errorf("%v: delivered %d times, want %d", a, got, want)
		}
	}
	if diff := cmp.Diff(each(5, 1), l.forwarded(far4, 5)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ok(t, iface.Address(nil, []ID{11}))
	if got := l.delivered(vip4); got != 0 {
		t.Errorf("removed: delivered %d times", got)
	}
}

// removals reads the routes of ours whose removal was notified before that of
// the last.
func removals(t *testing.T, events *netlinksocket.Conn, last string) (out []string) {
	t.Helper()
	ok(t, events.SetReadDeadline(time.Now().Add(patience)))
	for {
		msgs, err := events.Receive()
		ok(t, err)
		for _, m := range msgs {
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
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, router10))
	mustGate(t, iface, nil, []ID{10})
	mustGate(t, iface, []Claim{{10, time.Second}}, nil)
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
			if diff := cmp.Diff(each(10, 1), l.forwarded(far4, 10)); diff != "" {
				t.Errorf("after flush ruleset (-want +got):\n%s", diff)
			}
			mustRenew(t, iface)
			mustGate(t, iface, nil, []ID{10})
			if diff := cmp.Diff(each(3, 0), l.forwarded(far4, 3)); diff != "" {
				t.Errorf("shut (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinkFlapIsRepairedByRestore(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	eth0 := link(t, "eth0")
	ok(t, netlink.LinkSetDown(eth0))
	if missing, err := iface.Restore(); err != nil || slices.Contains(missing, vip4) {
		t.Errorf("while down: missing %v, error %v", missing, err)
	}
	ok(t, netlink.LinkSetUp(eth0))
	linksReady(t, "eth0", "lan0")
	missing, err := iface.Restore()
	ok(t, err)
	if diff := cmp.Diff([]netip.Addr{vipLocal}, missing, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	// A flap takes the IPv6 addresses of the interface as well.
	for _, a := range []netip.Addr{vip4, vip6, vipLocal} {
		if got := l.delivered(a); got != 1 {
			t.Errorf("%v: delivered %d times after the flap, want 1", a, got)
		}
	}
	if diff := cmp.Diff(each(5, 1), l.forwarded(far4, 5)); diff != "" {
		t.Errorf("forwarding (-want +got):\n%s", diff)
	}
	if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
		t.Errorf("second Restore: missing %v, error %v", missing, err)
	}
}

func TestRestoreTellsThatTheInterfaceWasRecreated(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	ok(t, netlink.LinkDel(link(t, "eth0")))
	if _, err := iface.Restore(); err == nil || !strings.Contains(err.Error(), "interface is gone") {
		t.Errorf("Restore: %v, want that the interface is gone", err)
	}
	ok(t, iface.Close())
	l.wire("eth0", "lan0", "10.0.0.2/24")
	next := l.open(Options{})
	l.active(next, time.Minute)
	ok(t, next.Close())
}

func TestSecondOpenIsRefused(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	for _, dir := range []string{l.state, t.TempDir()} {
		if _, err := Open("eth0", Options{StateDir: dir}); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v, want ErrBusy", err)
		}
	}
	if diff := cmp.Diff(each(3, 1), l.forwarded(far4, 3)); diff != "" {
		t.Errorf("the refused Open did harm (-want +got):\n%s", diff)
	}
	if got, _ := readSysctl("ipv4/conf/eth0/arp_ignore"); got != "1" {
		t.Errorf("the refused Open reset arp_ignore to %s", got)
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
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestGroupsOfManySolicitedNodesAreJoined(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
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

func mustRenew(t testing.TB, iface *Interface) {
	t.Helper()
	lost, err := iface.Renew()
	ok(t, err)
	if len(lost) > 0 {
		t.Fatalf("renew lost %v", lost)
	}
}
