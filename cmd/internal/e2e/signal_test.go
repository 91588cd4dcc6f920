package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stopWithin is what the contract allows a clean stop.
const stopWithin = 2 * time.Second

func TestStopResignsAndLeavesNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		cleanA, cleanB := kernel(l.a), kernel(l.b)
		l.mustPing(l.a.IP)
		l.start(both)
		// The second burst of announcements comes when the client's entry is older
		// than a second: the kernel does not let replies change a younger one.
		first := l.a.Says("virtual: arp reply 192.168.1.100 is-at virtual to everybody", time.Time{}, mac2)
		l.a.Says("virtual: arp reply 192.168.1.100 is-at virtual to everybody", first.At.Add(time.Second), mac2)
		if got := l.Entry(l.a.IP); got != mac2 {
			t.Fatalf("the client has %s at %s while that router is active", l.a.IP, got)
		}

		began := time.Now()
		if took := l.a.StopCleanly(); took > stopWithin+l.Witness.Spare(began) {
			t.Errorf("the stop took %v", took)
		}
		resign := l.a.Says("virtual: resign Active", began, mac2)
		claim := l.b.Says("virtual: hello Active", resign.At, mac2)
		t.Logf("the standby took over %v after the resignation", claim.At.Sub(resign.At))
		l.a.Says("real: arp reply 192.168.1.100 is-at real to everybody", began, mac2)
		if n := count(l.a.Sent(resign.At), from(mac2)); n != 1 {
			t.Errorf("%d frames from the virtual MAC with the resignation, want it alone", n)
		}
		l.Eventually("the client's entry for the real address", func() bool { return l.Entry(l.a.IP) == l.a.MAC })
		l.mustPing(vip, vip6, l.a.IP, l.b.IP)
		checkKernel(t, l.a, cleanA)

		l.b.StopCleanly()
		checkKernel(t, l.b, cleanB)
		for _, g := range l.Gateways {
			left, err := filepath.Glob(g.Path("*"))
			must(t, err)
			left = slices.DeleteFunc(left, func(p string) bool {
				return slices.Contains([]string{"fhrpd.toml", "daemon.log", "lock", "state"}, filepath.Base(p))
			})
			if len(left) > 0 {
				t.Errorf("files left behind: %v", left)
			}
		}
	})
}

func TestStopClearsUpAfterACrashAlsoWhereNothingCouldBeOpened(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		before := kernel(l.a)
		l.a.StartAs(hsrp1, 110)
		l.a.WaitAll("Active")
		l.a.Kill()
		const memberships = "net/ipv4/igmp_max_memberships"
		must(t, l.a.NS.Sysctl(memberships, "0"))
		l.a.Restart()
		l.Eventually("an interface that cannot be used", func() bool { return strings.Contains(l.a.File("daemon.log"), "interface cannot be used") })
		l.a.StopCleanly()
		checkKernel(t, l.a, before)
	})
}

// hang makes the clean-up of a gateway's daemon wait for ever: it holds the
// lock of the journals, as another daemon that is stuck would.
func hang(t testing.TB, g *gateway) {
	t.Helper()
	f, err := os.OpenFile(g.Path("lock"), os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	must(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
}

func TestStopThatHangsEndsInTime(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(hsrp1)
		hang(t, l.a)
		began := time.Now()
		l.a.Signal(unix.SIGTERM)
		l.Eventually("the end", l.a.Gone)
		if took := time.Since(began); took > stopWithin+l.Witness.Spare(began) {
			t.Errorf("the stop took %v", took)
		}
		l.b.WaitState("eth0:10", "Active")
	})
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(hsrp1)
		hang(t, l.a)
		l.a.Signal(unix.SIGTERM)
		l.Eventually("stopping", func() bool { return strings.Contains(l.a.File("daemon.log"), "msg=stopping") })
		began := time.Now()
		// The first signal gives its disposition back a moment after it is noticed.
		l.Eventually("end", func() bool {
			_ = l.a.Process().Signal(unix.SIGTERM)
			return !l.a.Running()
		})
		exit, ok := errors.AsType[*exec.ExitError](l.a.Err())
		if !ok || exit.Sys().(syscall.WaitStatus).Signal() != unix.SIGTERM {
			t.Errorf("the daemon ended with %v after %v, want by the signal", l.a.Err(), time.Since(began))
		}
	})
}

func TestDaemonWithoutGroupsRunsAndWarns(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.a.Start("# nothing\n")
		l.Eventually("an answer", func() bool { _, err := l.a.Status(t.Context()); return err == nil })
		l.Eventually("a warning in the log", func() bool {
			log := l.a.File("daemon.log")
			return strings.Contains(log, "level=WARN msg=configuration") && strings.Contains(log, "takes part in no election")
		})
		l.a.StopCleanly()
	})
}
