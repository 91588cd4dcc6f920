package vip

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// child opens an Interface like a daemon would, says so, and waits to be killed.
func child(state string) {
	iface, err := Open("eth0", Options{StateDir: state})
	if err == nil {
		err = iface.Add(10, router10)
	}
	var claimed window
	if err == nil {
		claimed = during(func() { _, err = iface.Gate([]Claim{{ID: 10, Lease: testLease}}, nil) })
	}
	if err == nil {
		err = iface.Address([]ID{10}, nil)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("active", int64(claimed.from), int64(claimed.to))
	select {}
}

// startChild runs child in the test's namespace until it is active, and returns
// when it has started its lease.
func (l *lab) startChild() (cmd *exec.Cmd, claimed window) {
	l.t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), envChild+"="+l.state)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := cmd.StdoutPipe()
	ok(l.t, err)
	ok(l.t, cmd.Start())
	l.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscanf(line, "active %d %d\n", &claimed.from, &claimed.to); err != nil {
		l.t.Fatalf("child: %s", line)
	}
	return cmd, claimed
}

func TestKilledProcessForwardsUntilTheLeaseEnds(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	cmd, claimed := l.startChild()
	ok(t, cmd.Process.Kill())
	cmd.Wait()
	checkLease(t, claimed, l.lapse())
	ok(t, Recover(Options{StateDir: l.state}))
	checkSnapshot(t, "after Recover", before)
}

func TestFrozenProcessForwardsUntilTheLeaseEnds(t *testing.T) {
	l := newLab(t)
	cmd, claimed := l.startChild()
	ok(t, cmd.Process.Signal(unix.SIGSTOP))
	checkLease(t, claimed, l.lapse())
	if _, err := Open("eth0", Options{StateDir: l.state}); !errors.Is(err, ErrBusy) {
		t.Errorf("Open beside a frozen process: %v, want ErrBusy", err)
	}
}

func TestRecoverLeavesTheLivingAlone(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	eth1, err := Open("eth1", Options{StateDir: l.state})
	ok(t, err)
	ok(t, eth1.Add(1, Router{MAC: vmac, Accept: true, Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.200")}}))
	ok(t, eth1.Address([]ID{1}, nil))
	ok(t, eth1.Abandon())
	before := snapshot(t)
	ok(t, Recover(Options{StateDir: l.state}))
	after := snapshot(t)
	if after == before {
		t.Error("nothing was recovered")
	}
	for _, a := range router10.Addrs {
		l.checkDelivered("of the living", a, 1)
	}
	l.checkForwarded("at the end", 1)
	if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
		t.Errorf("Restore: missing %v, error %v", missing, err)
	}
}

func TestRecoverFindsAddressesWithoutAJournal(t *testing.T) {
	l := newLab(t)
	theirs := &netlink.Route{Dst: netlink.NewIPNet(net.ParseIP("10.0.0.77")), LinkIndex: loopbackIndex, Table: unix.RT_TABLE_LOCAL,
		Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Protocol: RouteProtocol + 1}
	ok(t, netlink.RouteAdd(theirs))
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	drop := Router{MAC: vmac, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.11"), netip.MustParseAddr("2001:db8::11")}}
	ok(t, iface.Add(11, drop))
	ok(t, iface.Address([]ID{11}, nil))
	bare := Router{MAC: vmac, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.12"), netip.MustParseAddr("fe80::12")}, Accept: true, RouteOnly: true,
		Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.12/22")}}
	ok(t, iface.Add(12, bare))
	ok(t, iface.Address([]ID{12}, nil))
	if found := marked(t); len(found) != 3+2+3 {
		t.Errorf("found %v, want the 8 of three routers", found)
	}
	ok(t, iface.Abandon())
	f, err := os.Create(stateDir(l.state).path("eth0")) // lost, but for the name
	ok(t, err)
	ok(t, f.Close())
	var log strings.Builder
	ok(t, Recover(Options{StateDir: l.state, Log: slog.New(slog.NewTextHandler(&log, nil))}))
	if !strings.Contains(log.String(), "is damaged") {
		t.Errorf("Recover logs %q, want the damage told of", log.String())
	}
	next, err := Open("eth0", Options{StateDir: l.state})
	ok(t, err)
	nothingLeft(t)
	ok(t, next.Close())
	if got := strings.Count(snapshot(t), "10.0.0.77"); got != strings.Count(before, "10.0.0.77") {
		t.Error("a route of another protocol number was removed")
	}
}

// marked returns what carries the marks of this package.
func marked(t *testing.T) []place {
	t.Helper()
	addrs, err := markedAddrs(0)
	ok(t, err)
	routes, err := markedRoutes()
	ok(t, err)
	return append(addrs, routes...)
}

// nothingLeft fails if addresses or routes are left that a dead process has made.
func nothingLeft(t *testing.T) {
	t.Helper()
	if left := marked(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOpenClearsUpAfterACrash(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	ok(t, iface.Abandon())
	next := l.open(Options{})
	l.checkForwarded("the orphan's gate stayed open", 0)
	nothingLeft(t)
	ok(t, next.Close())
	checkSnapshot(t, "at the end", before)
}

// died leaves what a process that is killed leaves, with gates open under lease.
func (l *lab) died(lease time.Duration) {
	l.t.Helper()
	iface := l.open(Options{})
	l.active(iface, lease)
	ok(l.t, iface.Abandon())
}

func TestAdoptedGateStaysOpenUntilTheFirstGate(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	l.died(time.Minute)
	open := func(when string, want int) {
		t.Helper()
		l.checkForwarded(when, want)
	}
	ok(t, Recover(Options{StateDir: l.state}, "eth0"))
	open("recovered", 1)
	next := l.open(Options{Adopt: true})
	ok(t, next.Add(10, router10))
	mustRenew(t, next)
	open("opened", 1)
	ok(t, next.Remove(10)) // for another form of it, as when an address is learned
	ok(t, next.Add(10, router10))
	open("replaced", 1)
	mustGate(t, next, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	open("claimed", 1)
	mustGate(t, next, nil, []ID{10})
	open("shut", 0)
	ok(t, next.Close())
	checkSnapshot(t, "closed", before)
}

func TestAdoptedGateIsLetGo(t *testing.T) {
	l := newLab(t)
	l.died(time.Minute)
	iface := l.open(Options{Adopt: true})
	if len(marked(t)) == 0 {
		t.Error("opened: the addresses are gone")
	}
	ok(t, iface.LetGo())
	l.checkForwarded("let go", 0)
	nothingLeft(t)
	l.active(iface, time.Minute)
	ok(t, iface.LetGo())
	l.checkForwarded("the gate was claimed since", 1)
}

func TestGateThatWouldNeverShutIsNotAdopted(t *testing.T) {
	l := newLab(t)
	l.died(0)
	ok(t, Recover(Options{StateDir: l.state}, "eth0"))
	l.checkForwarded("recovered", 0)
	l.died(0)
	l.open(Options{Adopt: true})
	l.checkForwarded("opened", 0)
}

func TestRecoverUndoesWhatIsNotOpenedLater(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	l.died(time.Minute)
	ok(t, Recover(Options{StateDir: l.state}, "eth1"))
	checkSnapshot(t, "at the end", before)
}

func TestRecoverUndoesWhatCannotBeAdopted(t *testing.T) {
	for name, change := range map[string]func(t testing.TB){
		"a port of a bridge by now": func(t testing.TB) {
			ok(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
			ok(t, netlink.LinkSetMaster(link(t, "eth0"), link(t, "br0")))
		},
		"names exchanged": func(t testing.TB) {
			for _, r := range [][2]string{{"eth0", "eth9"}, {"eth1", "eth0"}, {"eth9", "eth1"}} {
				ok(t, netlink.LinkSetDown(link(t, r[0])))
				ok(t, netlink.LinkSetName(link(t, r[0]), r[1]))
			}
		},
	} {
		l := newLab(t)
		l.died(time.Minute)
		change(t)
		ok(t, Recover(Options{StateDir: l.state}, "eth0", "eth1"))
		if left, _ := filepath.Glob(filepath.Join(l.state, "*"+journalSuffix)); len(left) > 0 {
			t.Errorf("%s: journals left: %v", name, left)
		}
		if got := strings.Count(snapshot(t), "table netdev"); got != 0 {
			t.Errorf("%s: %d tables left", name, got)
		}
	}
}

func TestJournalDoesNotGrowFromCrashToCrash(t *testing.T) {
	l := newLab(t)
	var size [3]int64
	for i := range size {
		iface := l.open(Options{Adopt: true})
		l.active(iface, time.Minute)
		ok(t, iface.Abandon())
		f, err := os.Stat(stateDir(l.state).path("eth0"))
		ok(t, err)
		size[i] = f.Size()
	}
	if size[2] != size[1] {
		t.Errorf("bytes after each crash: %v", size)
	}
}

func TestAdoptionSetsWhatWasChangedSinceTheCrash(t *testing.T) {
	const name = "ipv4/conf/eth0/arp_ignore"
	l := newLab(t)
	setSysctl(t, name+"=1") // nothing for the first process to change
	l.died(time.Minute)
	setSysctl(t, name+"=0")
	iface := l.open(Options{Adopt: true})
	checkSysctl(t, name, "1", "adopted")
	ok(t, iface.Close())
	checkSysctl(t, name, "0", "closed")
}

func TestHandoverLosesNothing(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	check := func(when string) {
		t.Helper()
		l.checkForwarded(when, 1)
		l.checkDelivered(when, vip4, 1)
	}
	ok(t, iface.Abandon())
	check("abandoned")
	next := l.open(Options{Handover: true})
	check("taken over")
	ok(t, next.Add(10, router10))
	mustRenew(t, next)
	check("added")
	mustGate(t, next, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	ok(t, next.Address([]ID{10}, nil))
	check("claimed")
	ok(t, next.Close())
	checkSnapshot(t, "closed", before)
}

func TestHandoverToAStandbyRemovesTheAddresses(t *testing.T) {
	l, iface := newActive(t, time.Minute)
	ok(t, iface.Abandon())
	next := l.open(Options{Handover: true})
	ok(t, next.Add(10, router10))
	mustGate(t, next, nil, []ID{10})
	ok(t, next.Address(nil, []ID{10}))
	l.checkForwarded("forwarded", 0)
	nothingLeft(t)
}

func TestJournalOfAnotherBootIsNotBelieved(t *testing.T) {
	l, iface := newOpen(t)
	h := iface.journal.head
	ok(t, iface.Close())
	h.Boot = "another"
	j, err := stateDir(l.state).create(h, nil)
	ok(t, err)
	ok(t, j.f.Close())
	setSysctl(t, "ipv4/conf/eth0/arp_ignore=1") // set by the administrator of this boot
	ok(t, Recover(Options{StateDir: l.state}))
	checkSysctl(t, "ipv4/conf/eth0/arp_ignore", "1", "the administrator's")
}

func TestNamespacesShareAStateDirectory(t *testing.T) {
	first := newLab(t)
	before := snapshot(t)
	home, err := netns.Get()
	ok(t, err)
	defer home.Close()
	iface := first.open(Options{})
	first.active(iface, time.Minute)

	second := newLab(t)
	second.state = first.state
	clean := snapshot(t)
	second.died(time.Minute)
	ok(t, Recover(Options{StateDir: second.state}))
	checkSnapshot(t, "second namespace", clean)

	ok(t, netns.Set(home))
	first.checkForwarded("first namespace", 1)
	ok(t, iface.Close())
	checkSnapshot(t, "first namespace", before)
}

func TestJournalOfSomebodyElseIsNotBelieved(t *testing.T) {
	l := newLab(t)
	l.died(time.Minute)
	d := stateDir(l.state)
	for _, path := range []string{d.path("eth0"), d.shared()} {
		theirs := path + ".theirs"
		ok(t, os.Rename(path, theirs))
		ok(t, os.Symlink(theirs, path))
		if err := Recover(Options{StateDir: l.state}); !errors.Is(err, unix.ELOOP) {
			t.Errorf("a link at %s: %v, want it refused", path, err)
		}
		ok(t, os.Rename(theirs, path))
		if os.Chown(path, 1, 1) != nil { // a namespace with one user
			continue
		}
		if err := Recover(Options{StateDir: l.state}); err == nil || !strings.Contains(err.Error(), "belongs to user 1") {
			t.Errorf("another's %s: %v, want it refused", path, err)
		}
		ok(t, os.Chown(path, 0, 0))
	}
	ok(t, Recover(Options{StateDir: l.state}))
}

func TestJournalForgetsWhatIsGone(t *testing.T) {
	newNetns(t)
	d := stateDir(t.TempDir())
	h, err := newHead("lo", 1)
	ok(t, err)
	j, err := d.create(h, nil)
	ok(t, err)
	one, two := entry{MAC: "00000c9ff00a", Addrs: router10.Addrs}, entry{MAC: "00005e000101"}
	ok(t, errors.Join(j.add(one), j.add(two), j.drop(one), j.add(two)))
	_, err = j.f.WriteString(`{"mac":"0000`) // cut short by the crash
	ok(t, err)
	if _, err := d.read("lo"); !errors.Is(err, ErrBusy) {
		t.Errorf("locked journal: %v, want ErrBusy", err)
	}
	ok(t, j.f.Close())
	l, err := d.read("lo")
	ok(t, err)
	if diff := cmp.Diff([]entry{two, two}, l.made); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
