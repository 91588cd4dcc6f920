package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Hold time and lease of the groups in both: the lease is a hold time and a hello.
const (
	bothHold  = time.Second
	bothLease = 1200 * time.Millisecond
)

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
		l.b.WaitAll("Active")
		l.a.StartAs(groups, 90)
		l.Settled(l.b, l.a)
		l.Eventually("a standby that forwards nothing", func() bool { return !l.forwards(l.a, mac2) })
		l.mustPing(vip, vip6)
	})
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

// The timers that Cisco allows at least.
func TestSubSecondTimers(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			t.Parallel()
			// What holds up a router for a fraction of the hold time costs it the role.
			limits := fhrptest.Limits{Ordinary: subHold / 3}
			fhrptest.Steady(t, limits, func(t testing.TB) { checkSubSecond(t, newLAN(t), version) })
		})
	}
}

const subHold = 300 * time.Millisecond

func checkSubSecond(t testing.TB, l *lan, version int) {
	t.Helper()
	l.start(hsrpTable(version, address4, "hello = \"15ms\"\nhold = \"300ms\""))
	vmac := hello.VirtualMAC(hello.ProtocolHSRP, uint8(version), hello.IPv4, 10)
	const count = 100
	var median time.Duration
	// On a machine that is busy hellos are late; they are never early for long.
	if netlab.Eventually(t.Context(), patience, func() bool {
		median = medianGap(claimTimes(l.a, vmac), count)
		return median >= 11*time.Millisecond && median <= 15500*time.Microsecond
	}) != nil {
		t.Errorf("median time between the last %d hellos %v, want 80 to 100%% of 15 ms", count, median)
	}
	killed := time.Now()
	l.a.Kill()
	claim := l.b.Says("virtual: hello Active", killed, vmac)
	heard := claimTimes(l.a, vmac)
	took := claim.At.Sub(heard[len(heard)-1])
	if took < subHold-time.Millisecond || took > time.Second+l.Witness.Late(killed) {
		t.Errorf("the standby took over %v after the last hello, the hold time is %v", took, subHold)
	}
}

// claimTimes returns when the gateway has said that it is active.
func claimTimes(g *gateway, vmac hello.MAC) (at []time.Time) {
	for _, f := range g.Sent(time.Time{}) {
		if fhrptest.Words(vmac, f) == "virtual: hello Active" {
			at = append(at, f.At)
		}
	}
	return at
}

// medianGap returns the median of the last so many times between two hellos, 0
// while there are fewer.
func medianGap(at []time.Time, count int) time.Duration {
	if len(at) <= count {
		return 0
	}
	at = at[len(at)-count-1:]
	gaps := make([]time.Duration, count)
	for i := range gaps {
		gaps[i] = at[i+1].Sub(at[i])
	}
	slices.Sort(gaps)
	return gaps[count/2]
}

// mixed is four groups of each kind on the client's segment and four towards
// the core: protocols, versions and families side by side, with equal numbers
// wherever that is no contradiction.
func mixed() (config string, addresses []netip.Addr) {
	const election = "priority = PRIORITY\npreempt = true\n"
	var b strings.Builder
	add := func(dev, table string, timers string, addrs ...string) {
		fmt.Fprintf(&b, "\n%s\ninterface = %q\nvirtual_ips = [\"%s\"]\n%s%s\n", table, dev, strings.Join(addrs, `", "`), election, timers)
		if dev == lanDev {
			addresses = append(addresses, netip.MustParseAddr(addrs[0]))
		}
	}
	hsrp := "hello = \"200ms\"\nhold = \"800ms\""
	for n := 1; n <= 4; n++ {
		add(lanDev, fmt.Sprintf("[[hsrp]]\nversion = 1\ngroup = %d", n), hsrp, fmt.Sprintf("192.168.1.%d", n))
		add(lanDev, fmt.Sprintf("[[hsrp]]\nversion = 2\ngroup = %d", n+300), hsrp, fmt.Sprintf("192.168.1.%d", n+20))
		add(lanDev, fmt.Sprintf("[[hsrp]]\nversion = 2\ngroup = %d", n), hsrp, fmt.Sprintf("fe80::a:%d", n))
		add(lanDev, fmt.Sprintf("[[vrrp]]\nversion = 2\nvrid = %d", n), `advertise = "1s"`, fmt.Sprintf("192.168.1.%d", n+40))
		add(coreDev, fmt.Sprintf("[[vrrp]]\nversion = 3\nvrid = %d", n), `advertise = "250ms"`, fmt.Sprintf("203.0.113.%d", n))
	}
	add(lanDev, "[[vrrp]]\nversion = 3\nvrid = 77", `advertise = "250ms"`, "192.168.1.77")
	add(lanDev, "[[vrrp]]\nversion = 3\nvrid = 77", `advertise = "250ms"`, "fe80::77")
	return b.String(), addresses
}

func TestProtocolsSideBySideMoveTogether(t *testing.T) {
	leaveOutIfShort(t)
	scenario(t, func(t testing.TB, l *lan) {
		config, addresses := mixed()
		l.start(config)
		l.mustPing(addresses...)
		l.a.Kill()
		l.b.WaitAll("Active")
		l.mustPing(addresses...)
		for _, g := range l.b.Report().Groups {
			mac, err := hello.ParseMAC(g.VirtualMAC)
			must(t, err)
			sw, bridge, port := l.Switch, "lan", "b"
			if g.Interface == coreDev {
				sw, bridge = l.Core, "core"
			}
			if err := netlab.Eventually(t.Context(), patience, func() bool {
				got, _, err := sw.FDBPort(bridge, mac)
				return err == nil && got == port
			}); err != nil {
				t.Errorf("%s: the switch has not learned %s behind b", g.Ref(), mac)
			}
		}
		l.a.Restart()
		l.Settled(l.a, l.b)
		l.mustPing(addresses...)
	})
}
