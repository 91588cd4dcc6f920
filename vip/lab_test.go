package vip

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/internal/dump"
	"github.com/fhrpd/fhrpd/internal/skip"
)

var (
	vmac     = [6]byte{0x00, 0x00, 0x0c, 0x9f, 0xf0, 0x0a}
	hostMAC  = [6]byte{0x02, 0, 0, 0, 0, 0x63}
	vip4     = netip.MustParseAddr("10.0.0.1")
	vip6     = netip.MustParseAddr("2001:db8::1")
	vipLocal = netip.MustParseAddr("fe80::1")
	router10 = Router{MAC: vmac, Addrs: []netip.Addr{vip4, vip6, vipLocal}, Accept: true}
)

// lab is a router with a LAN and an uplink, whose far ends are in the same
// namespace but without a stack: frames are put into and taken from them raw.
type lab struct {
	t        testing.TB
	lan, wan int     // packet sockets on the far ends
	own      [6]byte // the router's own MAC on the LAN, which no gate shuts
	next     uint16
	state    string
	owner    *Owner
}

// patience is for what happens at once unless the machine is busy.
const patience = 30 * time.Second

// newLab makes a lab. The further settings come before its interfaces.
func newLab(t testing.TB, settings ...string) *lab {
	t.Helper()
	newNetns(t)
	for _, s := range append([]string{"ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1", "ipv6/conf/default/accept_dad=0",
		"ipv4/conf/all/send_redirects=1", "ipv4/conf/default/send_redirects=1"}, settings...) {
		setSysctl(t, s)
	}
	l := &lab{t: t, state: t.TempDir(), next: 1, owner: newOwner(t)}
	l.lan = l.wire("eth0", "lan0", "10.0.0.2/24", "2001:db8::2/64")
	l.wan = l.wire("eth1", "wan0", "10.9.0.1/24", "2001:db8:9::1/64")
	for _, a := range []string{"10.9.0.9", "2001:db8:9::9"} {
		ok(t, netlink.NeighSet(&netlink.Neigh{LinkIndex: link(t, "eth1").Attrs().Index, IP: net.ParseIP(a),
			HardwareAddr: hostMAC[:], State: netlink.NUD_PERMANENT}))
	}
	l.own = [6]byte(link(t, "eth0").Attrs().HardwareAddr)
	addressesReady(t, "eth0", "eth1")
	return l
}

func newOwner(t testing.TB) *Owner {
	t.Helper()
	o, err := NewOwner("test", nil)
	ok(t, err)
	t.Cleanup(func() { ok(t, o.Close()) })
	return o
}

// addressesReady waits until interfaces with one IPv6 address have their
// link-local one too and both may be used. Their routes and groups are complete
// then, so that a snapshot compares with a later one.
func addressesReady(t testing.TB, names ...string) {
	t.Helper()
	until(t, patience, "IPv6 addresses to use", func() bool {
		return !slices.ContainsFunc(names, func(name string) bool {
			list, err := netlink.AddrList(link(t, name), netlink.FAMILY_V6)
			return err != nil || len(list) != 2 || list[0].Flags&unix.IFA_F_TENTATIVE != 0 || list[1].Flags&unix.IFA_F_TENTATIVE != 0
		})
	})
	link(t, names[0]) // comes after the kernel's lock, under which it does the rest
}

// linksReady waits until interfaces pass frames: until the kernel has seen the
// carrier it drops what they send.
func linksReady(t testing.TB, names ...string) {
	t.Helper()
	until(t, patience, "carriers", func() bool {
		return !slices.ContainsFunc(names, func(name string) bool { return link(t, name).Attrs().OperState != netlink.OperUp })
	})
}

// wire makes a veth pair, near with addresses, far mute, and returns a packet
// socket on far.
func (l *lab) wire(near, far string, addrs ...string) int {
	l.t.Helper()
	ok(l.t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: near}, PeerName: far}))
	setSysctl(l.t, "ipv6/conf/"+far+"/disable_ipv6=1")
	ok(l.t, netlink.LinkSetARPOff(link(l.t, far)))
	ok(l.t, netlink.LinkSetUp(link(l.t, far)))
	ok(l.t, netlink.LinkSetUp(link(l.t, near)))
	for _, a := range addrs {
		addr, err := netlink.ParseAddr(a)
		ok(l.t, err)
		ok(l.t, netlink.AddrAdd(link(l.t, near), addr))
	}
	linksReady(l.t, near, far)
	return packetSocket(l.t, far)
}

func link(t testing.TB, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	ok(t, err)
	return l
}

func packetSocket(t testing.TB, name string) int {
	t.Helper()
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
	ok(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	ok(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link(t, name).Attrs().Index}))
	return fd
}

func setSysctl(t testing.TB, assignment string) {
	t.Helper()
	name, value, _ := strings.Cut(assignment, "=")
	ok(t, os.WriteFile(filepath.Join(sysctlRoot, name), []byte(value), 0))
}

// open opens an Interface on eth0 that the test closes unless it did so itself.
func (l *lab) open(o Options) *Interface {
	l.t.Helper()
	return l.openFlags(o, tableOwner|tablePersist)
}

func (l *lab) openFlags(o Options, flags uint32) *Interface {
	l.t.Helper()
	o.StateDir, o.Owner = l.state, l.owner
	if o.Log == nil && testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(l.t.Output(), nil))
	}
	iface, err := open("eth0", o, flags)
	ok(l.t, err)
	l.t.Cleanup(func() { iface.Close() })
	return iface
}

// needOwner skips a test of what only a table with an owner gives.
func needOwner(t testing.TB, iface *Interface) {
	t.Helper()
	if iface.tableFlags == 0 {
		skip.Regardless(t, "this kernel has no persistent nftables tables (before 6.9)")
	}
}

// active brings router 10 into its active role.
func (l *lab) active(iface *Interface, lease time.Duration) {
	l.t.Helper()
	ok(l.t, iface.Add(10, router10))
	mustGate(l.t, iface, []Claim{{ID: 10, Lease: lease}}, nil)
	ok(l.t, iface.Address([]ID{10}, nil))
}

// newOpen returns a lab whose eth0 is open.
func newOpen(t testing.TB) (*lab, *Interface) {
	t.Helper()
	l := newLab(t)
	return l, l.open(Options{})
}

// newActive returns one with router 10 in its active role.
func newActive(t testing.TB, lease time.Duration) (*lab, *Interface) {
	t.Helper()
	l, iface := newOpen(t)
	l.active(iface, lease)
	return l, iface
}

// mustLose fails unless a call of Gate or Renew returned these as lost.
func mustLose(t testing.TB, want ...ID) func([]ID, error) {
	return func(lost []ID, err error) {
		t.Helper()
		ok(t, err)
		if !slices.Equal(want, lost) {
			t.Fatalf("lost %v, want %v", lost, want)
		}
	}
}

func mustGate(t testing.TB, iface *Interface, open []Claim, shut []ID) {
	t.Helper()
	mustLose(t)(iface.Gate(open, shut))
}

func mustRenew(t testing.TB, iface *Interface) {
	t.Helper()
	mustLose(t)(iface.Renew())
}

// marker is what our packets carry in front of their number.
const marker = "fhrpd-vip-test"

// frame builds a UDP datagram from a host on the LAN.
func frame(dst [6]byte, to netip.Addr, n uint16) []byte {
	h := wire.Headers{DstMAC: dst, SrcMAC: hostMAC, Src: host4, Dst: to, TTL: 64, Proto: wire.ProtoUDP}
	if to.Is6() {
		h.Src = host6
	}
	return h.AppendUDP(nil, 4000, 5000, binary.BigEndian.AppendUint16([]byte(marker), n))
}

var (
	host4 = netip.MustParseAddr("10.0.0.99")
	host6 = netip.MustParseAddr("2001:db8::99")
	far4  = netip.MustParseAddr("10.9.0.9")
	far6  = netip.MustParseAddr("2001:db8:9::9")
)

// forwarded sends n datagrams to the virtual MAC and returns how often each
// came out at the uplink.
func (l *lab) forwarded(to netip.Addr, n int) []int {
	l.t.Helper()
	return l.through(vmac, to, n)
}

// checkForwarded sends a burst to the virtual MAC and compares how often each
// datagram came out at the uplink.
func (l *lab) checkForwarded(when string, times int) {
	l.t.Helper()
	l.checkThrough(when, vmac, far4, times)
}

func (l *lab) checkThrough(when string, mac [6]byte, to netip.Addr, times int) {
	l.t.Helper()
	const burst = 10
	if diff := cmp.Diff(slices.Repeat([]int{times}, burst), l.through(mac, to, burst)); diff != "" {
		l.t.Errorf("%s: forwarded to %v (-want +got):\n%s", when, to, diff)
	}
}

func (l *lab) through(mac [6]byte, to netip.Addr, n int) []int {
	l.t.Helper()
	first := l.next
	counts := make([]int, n)
	for range n {
		write(l.t, l.lan, frame(mac, to, l.next))
		l.next++
	}
	for _, got := range l.passed() {
		if i := int(got - first); got >= first && i < n {
			counts[i]++
		}
	}
	return counts
}

// passed waits until the router is done with what has been sent to it, however
// long the machine takes, and returns the numbers of the datagrams that came
// out at the uplink. It sends one more, to the router's own MAC: when that is
// out so is everything before it, as frames keep their order (see newNetns), and
// the answers of the kernel have reached the LAN.
func (l *lab) passed() (numbers []uint16) {
	l.t.Helper()
	last := l.next
	l.next++
	write(l.t, l.lan, frame(l.own, far4, last))
	for {
		b := receive(l.t, l.wan, patience)
		if b == nil {
			l.t.Fatalf("the router forwards nothing, not even through its own MAC")
		}
		switch n := number(b); n {
		case 0:
		case last:
			return numbers
		default:
			numbers = append(numbers, n)
		}
	}
}

// number returns the number of one of our datagrams; 0 is never one.
func number(b []byte) uint16 {
	i := strings.Index(string(b), marker)
	if i < 0 || len(b) < i+len(marker)+2 {
		return 0
	}
	return binary.BigEndian.Uint16(b[i+len(marker):])
}

// receive returns the next frame that the other end sent, nil after wait.
func receive(t testing.TB, fd int, wait time.Duration) []byte {
	t.Helper()
	b := make([]byte, 2048)
	for deadline := time.Now().Add(wait); ; {
		n, from, err := unix.Recvfrom(fd, b, 0)
		if err == nil {
			if from.(*unix.SockaddrLinklayer).Pkttype == unix.PACKET_OUTGOING {
				continue
			}
			return b[:n]
		}
		left := time.Until(deadline)
		if err != unix.EAGAIN || left <= 0 {
			return nil
		}
		unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
	}
}

// until polls for a condition every millisecond at most for limit.
func until(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			if !cond() { // it may have become true while the machine stood still
				t.Fatalf("not within %v: %s", limit, what)
			}
			return
		case <-tick.C:
		}
	}
}

// checkSnapshot compares the namespace with an earlier snapshot.
func checkSnapshot(t testing.TB, when, before string) {
	t.Helper()
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("%s (-before +after):\n%.2000s", when, diff)
	}
}

func checkSysctl(t testing.TB, name, want, when string) {
	t.Helper()
	if got, err := readSysctl(name); err != nil || got != want {
		t.Errorf("%s: %s is %s, want %s (error %v)", when, name, got, want, err)
	}
}

// snapshot is everything of the namespace that an Interface changes.
func snapshot(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, s := range append(interfaceSysctls("eth0"), sharedSysctls()...) {
		v, err := readSysctl(s.Name)
		ok(t, err)
		fmt.Fprintln(&b, s.Name, v)
	}
	routes := 0
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump.Whole(func() ([]netlink.Route, error) {
			return netlink.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		})
		ok(t, err)
		rules, err := dump.Whole(func() ([]netlink.Rule, error) { return netlink.RuleList(family) })
		ok(t, err)
		for _, r := range list {
			routes++
			fmt.Fprintln(&b, r.Type, r.Protocol, r)
		}
		fmt.Fprintln(&b, rules)
	}
	if routes == 0 {
		t.Fatal("no routes listed: the snapshot proves nothing")
	}
	fdb, err := dump.Whole(func() ([]netlink.Neigh, error) {
		return netlink.NeighList(link(t, "eth0").Attrs().Index, unix.AF_BRIDGE)
	})
	ok(t, err)
	for _, n := range fdb {
		fmt.Fprintln(&b, n.HardwareAddr, n.State, n.Flags)
	}
	for _, args := range [][]string{{"nft", "list", "ruleset"}, {"ip", "maddr"}} {
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("%s is not installed: not compared", args[0])
			continue
		}
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		ok(t, err)
		fmt.Fprintln(&b, string(out))
	}
	return b.String()
}

func write(t testing.TB, fd int, b []byte) {
	t.Helper()
	_, err := unix.Write(fd, b)
	ok(t, err)
}
