package e2e

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// hold and lease of those groups: the lease is a hold time and a hello.
const (
	bothHold  = time.Second
	bothLease = 1200 * time.Millisecond
)

// A switch that knows no MAC floods: what is for the virtual MAC reaches both.
func TestFloodedFramesAreForwardedOnce(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		for _, port := range []string{"client", "a", "b"} {
			link, err := l.Switch.Netlink().LinkByName(port)
			must(t, err)
			must(t, l.Switch.Netlink().LinkSetLearning(link, false))
			l.forget(link)
		}
		began := time.Now()
		const probes = 50
		for n := range uint32(probes) {
			must(l.t, l.Client.Send(lanDev, probe(mac2, n)))
		}
		must(l.t, l.Client.Send(lanDev, probe(l.a.MAC, probes)))
		l.Eventually("last probe", func() bool { return l.forwarded()[probes] > 0 })
		for n := range uint32(probes) {
			if got := l.forwarded()[n]; got != 1 {
				t.Errorf("probe %d was forwarded %d times", n, got)
			}
		}
		if n := count(l.b.Sent(began), from(mac2)); n != 0 {
			t.Errorf("the standby has sent %d frames from the virtual MAC", n)
		}
	})
}

// forget deletes what a port of the switch has learned.
func (l *lan) forget(port netlink.Link) {
	l.t.Helper()
	list, err := l.Switch.Neighbors(port.Attrs().Index, unix.AF_BRIDGE)
	must(l.t, err)
	for _, e := range list {
		if e.State&unix.NUD_PERMANENT == 0 {
			e.Flags = netlink.NTF_MASTER
			must(l.t, l.Switch.Netlink().NeighDel(&e))
		}
	}
}

// The laboratory has rp_filter=1 on all gateways; this is the test that says so.
func TestStrictReversePathFilterIsNoObstacle(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		for _, conf := range []string{"all", lanDev, coreDev} {
			if v, err := l.a.NS.ReadSysctl("net/ipv4/conf/" + conf + "/rp_filter"); err != nil || v != "1" {
				t.Fatalf("rp_filter of %s = %q, %v", conf, v, err)
			}
		}
		must(t, l.Client.SetNeighbor(lanDev, l.a.IP, mac2, unix.NUD_PERMANENT))
		l.mustPing(vip, vip6, l.a.IP)
		if !l.forwards(l.a, mac2) {
			t.Error("the active does not forward")
		}
		if l.forwards(l.b, mac2) {
			t.Error("the standby forwards")
		}
	})
}

func TestFrozenActiveLosesEverythingAndStealsNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		l.a.Freeze()
		frozen := time.Now()
		l.b.WaitAll("Active")
		l.checkLease(frozen)
		l.inject("a", question(t, vip, hello.MAC{}))
		l.mustPing(vip, vip6, l.a.IP, l.b.IP)
		if !l.forwards(l.b, mac2) {
			t.Error("the router that took over does not forward")
		}
		if n := count(l.a.Sent(frozen), from(mac2)) + count(l.a.Sent(frozen), from(mac6)); n != 0 {
			t.Errorf("the frozen router has sent %d frames from the virtual MACs", n)
		}

		woken := time.Now()
		l.a.Thaw()
		claim := l.a.Says("virtual: hello Active", woken, mac2)
		if listened := claim.At.Sub(woken); listened < bothHold {
			t.Errorf("the router took the role back %v after waking, before it had listened for %v", listened, bothHold)
		}
		coup := func(s string) bool { return strings.HasPrefix(s, "real: coup ") }
		if heard := fhrptest.Said(mac2, l.a.Sent(woken)); !slices.ContainsFunc(heard, coup) {
			t.Errorf("the role was taken without a coup: %q", heard)
		}
		l.a.WaitAll("Active")
		l.checkOneOwner(mac2, woken)
	})
}

// checkLease waits until a stops forwarding and wants that to be when its lease
// is over: a's daemon does nothing any more since a time.
func (l *lan) checkLease(since time.Time) {
	l.t.Helper()
	asked := map[uint32]bool{}
	l.Eventually("lease ended", func() bool {
		forwards := l.forwards(l.a, mac2)
		asked[l.number32-1] = true
		return !forwards
	})
	// The wire knows when: whoever looks may have been kept from looking.
	var last time.Time
	for _, f := range l.hostSide.Frames() {
		if n, _ := probeNumber(f.Data); asked[n] {
			last = f.At
		}
	}
	const allowance = 250 * time.Millisecond
	if forwarded := last.Sub(since); forwarded > bothLease+allowance {
		l.t.Errorf("the router that does nothing forwarded for %v, the lease is %v", forwarded, bothLease)
	}
}

// checkOneOwner proves from the captures that the two gateways did not send
// from the virtual MAC in turns: the second starts once and the first is done
// then, but for what had been under way.
func (l *lan) checkOneOwner(mac hello.MAC, since time.Time) {
	l.t.Helper()
	underWay := 50*time.Millisecond + l.Witness.Late(since)
	var first, last time.Time
	for _, f := range l.a.Sent(since) {
		if f.Source() == mac && first.IsZero() {
			first = f.At
		}
	}
	for _, f := range l.b.Sent(since) {
		if f.Source() == mac {
			last = f.At
		}
	}
	if overlap := last.Sub(first); !first.IsZero() && overlap > underWay {
		l.t.Errorf("both sent from %s for %v", mac, overlap)
	}
}

func TestKilledActiveIsSilentAndItsRestartCleansUp(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		clean := kernel(l.a)
		l.start(both)
		l.a.Kill()
		killed := time.Now()
		l.b.WaitAll("Active")
		l.checkLease(killed)
		l.mustPing(vip, vip6, l.b.IP)
		if n := count(l.a.Sent(killed), from(mac2)) + count(l.a.Sent(killed), from(mac6)); n != 0 {
			t.Errorf("the dead router has sent %d frames from the virtual MACs", n)
		}
		l.a.Restart()
		l.Settled(l.a, l.b)
		l.mustPing(vip, vip6, l.a.IP, l.b.IP)
		l.a.StopCleanly()
		checkKernel(t, l.a, clean)
	})
}

// TestKilledActiveThatIsStartedAgainGoesOnForwarding is about a supervisor that
// is quicker than the hold time: nobody else forwards until that is over.
func TestKilledActiveThatIsStartedAgainGoesOnForwarding(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		clean := kernel(l.a)
		slow := strings.NewReplacer("200ms", "500ms", "1s", "2s").Replace(both)
		l.a.StartAs("[daemon]\nlease = \"60s\"\n"+slow, 110)
		l.a.WaitAll("Active")
		l.a.Kill()
		l.a.Restart()
		l.a.WaitAll("Listen", "Speak", "Standby", "Active")
		if !l.forwards(l.a, mac2) {
			t.Error("the router stopped forwarding when it was started again")
		}
		l.a.StopCleanly()
		checkKernel(t, l.a, clean)
	})
}

// TestKilledActiveThatIsStartedAgainLeavesTheRoleToItsSuccessor is about a lease
// that is longer than the others wait.
func TestKilledActiveThatIsStartedAgainLeavesTheRoleToItsSuccessor(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		groups := "[daemon]\nlease = \"60s\"\n" + strings.ReplaceAll(both, "preempt = true", "preempt = false")
		l.startInTurn(groups)
		l.a.Kill()
		l.a.StartAs(groups, 90)
		l.Settled(l.b, l.a)
		l.Eventually("a standby that forwards nothing", func() bool { return !l.forwards(l.a, mac2) })
		l.mustPing(vip, vip6)
	})
}

func TestFlushedRulesetLosesNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		l.mustPing(vip)
		const probes, atATime, flushes = 2000, 100, 10
		conn, err := l.Client.Sender(lanDev)
		must(t, err)
		defer conn.Close()
		flushed := make(chan error, 1)
		go func() {
			var errs error
			for range flushes {
				errs = errors.Join(errs, l.a.NS.Do(flushRuleset))
			}
			flushed <- errs
		}()
		for n := range uint32(probes) {
			must(t, conn.Send(probe(mac2, n)))
			// Queues are finite, and who empties them may be kept from it.
			if sent := int(n) + 1; sent%atATime == 0 {
				l.Eventually("probes", func() bool { return len(l.forwarded()) == sent })
			}
		}
		must(t, <-flushed)
		for n, times := range l.forwarded() {
			if times != 1 {
				t.Errorf("probe %d was forwarded %d times", n, times)
			}
		}
		if g := l.a.Group("v4"); g.State != "Active" {
			t.Errorf("state %s after the flush", g.State)
		}
	})
}

// flushRuleset is "nft flush ruleset".
func flushRuleset() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	c.FlushRuleset()
	return c.Flush()
}

// The host's entry for the virtual address is right before and after, because
// the address keeps its MAC; only the switch has to learn. Where a host holds
// another MAC all the same, the request form moves even an entry that has just
// changed, which the kernel protects from replies for a second.
func TestYoungEntryFollowsAtOnce(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		const tries, young = 5, time.Second
		for range tries {
			began := time.Now()
			must(t, l.Client.SetNeighbor(lanDev, vip, l.a.MAC, unix.NUD_REACHABLE))
			must(t, l.a.Announce(t.Context(), "v4"))
			l.a.Says("virtual: arp request 192.168.1.1 is-at virtual to everybody", began, mac2)
			l.Eventually("young entry", func() bool { return l.Entry(vip) == mac2 })
			if time.Since(began) < young {
				return
			}
		}
		t.Errorf("the entry followed %d times, and was never younger than %v then", tries, young)
	})
}

func TestHostThatDropsGratuitousARPNeedsNone(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		must(t, l.Client.Sysctl("net/ipv4/conf/"+lanDev+"/drop_gratuitous_arp", "1"))
		l.start(both)
		l.mustPing(vip)
		if got := l.Entry(vip); got != mac2 {
			t.Fatalf("the client has %s at %s before", vip, got)
		}
		must(t, l.a.SetPriority(t.Context(), "v4", 85))
		l.b.WaitState("v4", "Active")
		l.Eventually("switch", func() bool { return l.FDB(mac2) == "b" })
		if got := l.Entry(vip); got != mac2 {
			t.Errorf("the client has %s at %s after", vip, got)
		}
		l.mustPing(vip)
	})
}
