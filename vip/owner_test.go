package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// isHeld fails unless err says that another process holds an interface, and who.
func isHeld(t testing.TB, err error, name string) {
	t.Helper()
	held, ok := errors.AsType[*HeldError](err)
	if !ok || held.Interface != name || !strings.Contains(err.Error(), fmt.Sprintf("fhrpd, pid %d", os.Getpid())) || !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want that %s is held, and by whom", err, name)
	}
}

func TestHeldInterfacesAreRefusedToOthers(t *testing.T) {
	newNetns(t)
	one, two := newOwner(t), newOwner(t)
	ok(t, one.Hold(0, "eth0", "eth5")) // whether they exist or not
	isHeld(t, two.Hold(0, "eth0"), "eth0")
	isHeld(t, two.Hold(0, "eth1", "eth5"), "eth5")
	ok(t, one.Hold(0, "eth1")) // of which the other has got nothing
	ok(t, errors.Join(one.Hold(0, "eth0"), one.Release("eth0")))
	isHeld(t, two.Hold(0, "eth0"), "eth0") // for as often as it was held
	ok(t, one.Release("eth0"))
	ok(t, two.Hold(0, "eth0"))
	isHeld(t, one.Hold(0, "eth0"), "eth0")
}

func TestHoldWaitsForAnOwnerThatEnds(t *testing.T) {
	newNetns(t)
	one, err := NewOwner("", nil)
	ok(t, err)
	ok(t, one.Hold(0, "eth0"))
	two := newOwner(t)
	began := time.Now()
	isHeld(t, two.Hold(3*holdAgain, "eth0"), "eth0")
	if waited := time.Since(began); waited < 3*holdAgain {
		t.Errorf("refused after %v", waited)
	}
	closed := time.AfterFunc(holdAgain/2, func() { one.Close() })
	defer closed.Stop()
	ok(t, two.Hold(patience, "eth0"))
}

func TestOwnersTellTheirChangesApart(t *testing.T) {
	newNetns(t)
	one, two := newOwner(t), newOwner(t)
	a, err := one.dial(unix.NETLINK_ROUTE, 0)
	ok(t, err)
	defer a.close()
	b, err := one.dial(unix.NETLINK_ROUTE, 0)
	ok(t, err)
	defer b.close()
	if !one.ours(a.port) || !one.ours(b.port) || a.port == b.port || two.ours(a.port) {
		t.Errorf("addresses %#x and %#x of the owner of %#x beside that of %#x", a.port, b.port, one.block, two.block)
	}
	if one.ours(0) || (*Owner)(nil).ours(0) || (*Owner)(nil).ours(a.port) {
		t.Error("a change of the kernel's is somebody's")
	}
}

// A user's program may bind any netlink address. It costs nothing but the knowledge
// of who made a change.
func TestOwnerWithoutAFreeAddress(t *testing.T) {
	newNetns(t)
	o := &Owner{block: nobody, claim: -1}
	c, err := o.dial(unix.NETLINK_ROUTE, 3)
	ok(t, err)
	defer c.close()
	if c.port == 0 || o.ours(c.port) {
		t.Errorf("address %#x", c.port)
	}
	if !linkExists(c, loopbackIndex) {
		t.Error("the socket does not work")
	}
}

func TestLocksCannotBeTakenAway(t *testing.T) {
	newNetns(t)
	o := newOwner(t)
	ok(t, o.Hold(0, "eth0"))
	stranger, err := (*Owner)(nil).dial(unix.NETLINK_NETFILTER, 0)
	ok(t, err)
	defer stranger.close()
	if err := deleteTable(stranger, lockName("eth0")); !errors.Is(err, ErrBusy) {
		t.Errorf("another root deletes the lock: %v", err)
	}
	isHeld(t, newOwner(t).Hold(0, "eth0"), "eth0")
}

func TestCopyOfALockHoldsNothing(t *testing.T) {
	newNetns(t)
	stranger, err := (*Owner)(nil).dial(unix.NETLINK_NETFILTER, 0)
	ok(t, err)
	defer stranger.close()
	copied := &ruleset{table: lockName("eth0")}
	copied.beginTransaction()
	copied.newTable(0)
	ok(t, transact(stranger, copied))
	o := newOwner(t)
	ok(t, o.Hold(0, "eth0", "eth1"))
	isHeld(t, newOwner(t).Hold(0, "eth0"), "eth0")
}

// tryToHold is the work of a process without rights.
func tryToHold() {
	err := unix.Setresuid(65534, 65534, 65534) // drops every capability too
	if err == nil {
		var o *Owner
		if o, err = NewOwner("", nil); err == nil {
			err = o.Hold(0, "eth0")
		}
	}
	fmt.Print(err)
	os.Exit(0)
}

func TestOrdinaryUserCannotHold(t *testing.T) {
	newNetns(t)
	if os.Getuid() != 0 {
		skip.Regardless(t, "needs another user (try go test -exec sudo)")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), envUser+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := cmd.CombinedOutput()
	ok(t, err)
	if got := string(out); !strings.Contains(got, "operation not permitted") || strings.Contains(got, "held by") {
		if strings.Contains(got, "invalid argument") {
			skip.Regardless(t, "this namespace has one user")
		}
		t.Errorf("an ordinary user holds an interface: %s", got)
	}
	ok(t, newOwner(t).Hold(0, "eth0"))
}

func TestDeadProcessHoldsNothing(t *testing.T) {
	l := newLab(t)
	cmd, _ := l.startChild()
	err := l.owner.Hold(0, "eth0")
	if held, ok := errors.AsType[*HeldError](err); !ok || !strings.Contains(held.By, fmt.Sprint("pid ", cmd.Process.Pid)) {
		t.Errorf("beside a live process: %v", err)
	}
	ok(t, cmd.Process.Kill())
	cmd.Wait()
	ok(t, l.owner.Hold(0, "eth0"))
}

// beside plays with a live Interface as this kernel makes it, and as one before 6.9
// does, where nothing but the lock keeps others away.
func beside(t *testing.T, play func(t *testing.T, l *lab, iface *Interface)) {
	for name, flags := range map[string]uint32{"table with an owner": tableOwner | tablePersist, "table without": 0} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			iface := l.openFlags(Options{}, flags)
			l.active(iface, 0) // so that no lease runs down between two snapshots
			play(t, l, iface)
			l.checkForwarded("at the end", 1)
			if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
				t.Errorf("missing at the end: %v, error %v", missing, err)
			}
		})
	}
}

func TestStartElsewhereLeavesTheLivingAlone(t *testing.T) {
	beside(t, func(t *testing.T, _ *lab, _ *Interface) {
		before := snapshot(t)
		elsewhere := Options{StateDir: t.TempDir()}
		ok(t, Recover(elsewhere, "eth0"))
		checkSnapshot(t, "Recover", before)
		_, err := Open("eth0", elsewhere)
		isHeld(t, err, "eth0")
		checkSnapshot(t, "Open", before)
	})
}

func TestProcessesOnOtherInterfacesWorkBesideEachOther(t *testing.T) {
	beside(t, func(t *testing.T, _ *lab, _ *Interface) {
		before := snapshot(t)
		elsewhere := Options{StateDir: t.TempDir()}
		eth1, err := Open("eth1", elsewhere)
		ok(t, err)
		ok(t, eth1.Add(1, Router{MAC: vmac, Accept: true, RouteOnly: true, Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.200")}}))
		ok(t, eth1.Add(2, Router{MAC: vmac, Accept: true, Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.201")},
			Prefixes: []netip.Prefix{netip.MustParsePrefix("10.9.0.201/28")}}))
		ok(t, eth1.Address([]ID{1, 2}, nil))
		ok(t, eth1.Abandon()) // a crash
		ok(t, Recover(elsewhere))
		checkSnapshot(t, "the other one recovered", before)
	})
}

func TestRecoverWithoutAJournalBesideTheLiving(t *testing.T) {
	beside(t, func(t *testing.T, _ *lab, _ *Interface) {
		before := snapshot(t)
		eth1, err := Open("eth1", Options{StateDir: t.TempDir()})
		ok(t, err)
		sysctls := eth1.journal.head
		ok(t, eth1.Add(1, Router{MAC: vmac, Accept: true, Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.201")},
			Prefixes: []netip.Prefix{netip.MustParsePrefix("10.9.0.201/28")}}))
		mustGate(t, eth1, []Claim{{ID: 1, Lease: 0}}, nil)
		ok(t, eth1.Address([]ID{1}, nil))
		ok(t, eth1.Abandon())
		ok(t, Recover(Options{StateDir: t.TempDir()})) // knows nothing of the former
		if list, err := netlink.AddrList(link(t, "eth1"), netlink.FAMILY_V4); err != nil || len(list) != 1 {
			t.Errorf("addresses of eth1: %v, error %v", list, err)
		}
		ok(t, sysctls.restore())
		checkSnapshot(t, "recovered by marks and names alone", before)
	})
}

func TestWhatTheLikeOfUsDeletesIsReported(t *testing.T) {
	for name, options := range map[string]Router{"addresses": router10, "routes": {MAC: vmac, Addrs: router10.Addrs, Accept: true, RouteOnly: true}} {
		t.Run(name, func(t *testing.T) {
			l, iface := newOpen(t)
			ok(t, iface.Add(10, options))
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			ok(t, iface.Address([]ID{10}, nil))
			w := l.watch("eth0")
			await(t, w, "initial", func(ev Event) bool { return ev.Link.Name == "eth0" })
			_, other, err := newOwner(t).dialBoth(0)
			ok(t, err)
			defer other.close()
			ok(t, other.purge(&kept{}))
			await(t, w, "what the other took", func(ev Event) bool { return ev.Restore })
			missing, err := iface.Restore()
			if err != nil || len(missing) != len(router10.Addrs) {
				t.Errorf("put back %v, error %v", missing, err)
			}
		})
	}
}
