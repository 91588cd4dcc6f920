package vip

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/state"
)

// A successor goes on with what the first process has, and when that has gone
// without a word everything in the kernel is the successor's: it renews, it undoes.
func TestSuccessorGoesOn(t *testing.T) {
	for name, flags := range map[string]uint32{"table with an owner": tableOwner | tablePersist, "table without": 0} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			before := snapshot(t)
			owner, err := NewOwner("the first", nil)
			ok(t, err)
			l.owner = owner
			first := l.openFlags(Options{}, flags)
			l.active(first, 0) // so that no lease runs down between two snapshots
			l.checkForwarded("before", 1)
			there := snapshot(t)

			text, fds, err := owner.Hand([]*Interface{first})
			ok(t, err)
			second, ifaces, err := Succeed([]string{"eth0"}, text, copied(t, fds), "the second", nil)
			ok(t, err)
			iface := ifaces["eth0"]
			first.Leave()
			ok(t, first.closeAll())
			checkSnapshot(t, "the successor alone", there)
			ok(t, second.Begin(ifaces))
			l.checkForwarded("the successor alone", 1)
			mustRenew(t, iface)
			if missing, err := iface.Restore(); err != nil || len(missing) > 0 {
				t.Errorf("missing: %v, %v", missing, err)
			}
			_, err = Open("eth0", Options{StateDir: l.state})
			isHeld(t, err, "eth0")
			if !strings.Contains(err.Error(), "the second") {
				t.Errorf("the lock still names the first process: %v", err)
			}
			if _, err := first.Gate(nil, []ID{10}); err == nil {
				t.Error("the first process shuts the gate of the second")
			}
			l.checkForwarded("beside the first process", 1)
			mustGate(t, iface, nil, []ID{10})
			ok(t, iface.Address(nil, []ID{10}))
			l.checkForwarded("shut", 0)
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			ok(t, iface.Address([]ID{10}, nil))
			l.checkForwarded("open again", 1)
			ok(t, iface.Close())
			ok(t, second.Close())
			checkSnapshot(t, "closed", before)
		})
	}
}

// A successor that dies before it has begun leaves the first process as it was.
func TestSuccessorThatDiesChangesNothing(t *testing.T) {
	l, first := newActive(t, 0)
	there := snapshot(t)
	text, fds, err := first.owner.Hand([]*Interface{first})
	ok(t, err)
	_, ifaces, err := Succeed([]string{"eth0"}, text, copied(t, fds), "the second", nil)
	ok(t, err)
	ok(t, ifaces["eth0"].closeAll())
	checkSnapshot(t, "after it has died", there)
	l.checkForwarded("after it has died", 1)
	mustRenew(t, first)
	mustGate(t, first, nil, []ID{10})
	ok(t, first.Close())
}

func TestWrongHandIsRefused(t *testing.T) {
	_, first := newActive(t, time.Minute)
	text, fds, err := first.owner.Hand([]*Interface{first})
	ok(t, err)
	if _, _, err := Succeed([]string{"eth0"}, text, copied(t, fds[1:]), "", nil); err == nil {
		t.Error("a descriptor too few")
	}
	if _, _, err := Succeed([]string{"eth1"}, text, copied(t, fds), "", nil); err == nil {
		t.Error("another interface")
	}
	ok(t, first.Close())
	if _, _, err := first.owner.Hand([]*Interface{first}); err == nil {
		t.Error("a closed interface is handed over")
	}
}

// Whatever is not in this list is carried. Whoever adds a field that stays behind
// finds it here, and thinks about it once more.
func TestWhatStaysBehind(t *testing.T) {
	o := &Owner{routes: &roleRoutes{}}
	if diff := cmp.Diff(leftBehind, state.Left(carried(o, []*Interface{{name: "eth0"}}))); diff != "" {
		t.Error(diff)
	}
}

var leftBehind = []string{
	"vip.Interface.found: of the start",
	"vip.Interface.giveUp: a func",
	"vip.Interface.log: of this process",
	"vip.Interface.mu: nobody works on it",
	"vip.Interface.placeMu: nobody works on it",
	"vip.Interface.settings: looked at anew",
	"vip.Interface.watch: begun anew",
	"vip.Owner.log: of this process",
	"vip.Owner.mu: nobody works on it",
	"vip.Owner.note: the caller has it",
	"vip.conn.rbuf: a buffer",
	"vip.conn.refused: of one batch",
	"vip.conn.see: a func",
	"vip.filter.b: of one message",
	"vip.journal.f: goes as a descriptor",
	"vip.roleRoutes.lists: of this process",
	"vip.roleRoutes.mu: nobody works on it",
	"vip.ruleset.batch: of one transaction",
}

// copied makes other descriptors of the same files, as a Unix socket does.
func copied(t *testing.T, fds []int) (list []int) {
	t.Helper()
	for _, fd := range fds {
		c, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		ok(t, err)
		list = append(list, c)
	}
	return list
}

// closeAll closes all descriptors, as the death of a process does.
func (i *Interface) closeAll() error {
	i.settings.end()
	for _, fd := range i.owner.descriptors([]*Interface{i}) {
		if err := unix.Close(*fd); err != nil {
			return err
		}
	}
	return i.journal.f.Close()
}
