package e2e

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// both is group 10 of HSRP version 2 in both families, with timers that a
// stall of a virtual machine does not use up.
const both = `
[[hsrp]]
interface = "eth0"
group = 10
name = "v4"
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "150ms"
hold = "600ms"

[[hsrp]]
interface = "eth0"
group = 10
name = "v6"
virtual_ips = ["fe80::1"]
priority = PRIORITY
preempt = true
hello = "150ms"
hold = "600ms"
`

// hold and lease of those groups: the lease is a hold time and a hello.
const (
	bothHold  = 600 * time.Millisecond
	bothLease = 750 * time.Millisecond
)

var (
	mac2 = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	mac6 = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv6, 10)
	vip6 = netip.MustParseAddr("fe80::1")
)

// answers lets the client ask for an address and counts who answers: by MAC in
// the answer, which must also be its Ethernet source. The client's kernel may
// ask as well, so the questions are counted too.
func (l *lan) answers(ip netip.Addr) (count map[hello.MAC]int, questions int) {
	l.t.Helper()
	began := time.Now()
	if ip.Is4() {
		l.Send(l.Client, lanDev, whoHas(ip, hello.Broadcast))
	} else {
		must(l.t, l.Client.FlushNeighbors(lanDev))
		l.ping(ip)
	}
	answer := func(f netlab.Frame) bool { _, ok := answered(f, ip); return ok && !f.At.Before(began) }
	if _, err := l.clientSide.WaitFor(answer, patience); err != nil {
		return nil, 0
	}
	// Whoever else meant to answer has done so by the time both gateways'
	// kernels and daemons have answered something that was asked later.
	l.mustPing(l.a.ip, l.b.ip)
	l.a.Report()
	l.b.Report()
	count = map[hello.MAC]int{}
	for _, f := range l.clientSide.Frames() {
		if f.At.Before(began) {
			continue
		}
		if mac, ok := answered(f, ip); ok {
			count[mac]++
		}
		if asked(f, ip) {
			questions++
		}
	}
	return count, questions
}

// asked reports whether a frame is a question of the client for ip.
func asked(f netlab.Frame, ip netip.Addr) bool {
	if _, a, err := garp.ParseARP(f.Data); err == nil {
		return f.Sent && a.Op == garp.OpRequest && a.TargetIP == ip
	}
	_, n, err := garp.ParseND(f.Data)
	return err == nil && f.Sent && n.Type == garp.NeighborSolicitation && n.Target == ip
}

// whoHas is the client's ARP request.
func whoHas(ip netip.Addr, to hello.MAC) []byte {
	b := append(append(to[:], fhrptest.ClientMAC[:]...), 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
	b = append(append(b, fhrptest.ClientMAC[:]...), clientIP.AsSlice()...)
	return append(append(b, make([]byte, 6)...), ip.AsSlice()...)
}

// answered reports whether a frame answers the client's question for ip, and
// with which MAC; the zero MAC stands for an answer that contradicts itself.
func answered(f netlab.Frame, ip netip.Addr) (mac hello.MAC, ok bool) {
	if h, a, err := garp.ParseARP(f.Data); err == nil {
		if ok = a.Op == garp.OpReply && a.SenderIP == ip && !a.IsGratuitous() && h.Dst == fhrptest.ClientMAC; ok && h.Src == a.SenderMAC {
			mac = a.SenderMAC
		}
		return mac, ok
	}
	if h, n, err := garp.ParseND(f.Data); err == nil {
		if ok = n.Type == garp.NeighborAdvertisement && n.Target == ip && h.Dst == fhrptest.ClientMAC; ok && h.Src == n.LinkAddr {
			mac = n.LinkAddr
		}
	}
	return mac, ok
}

func checkAnswers(t *testing.T, l *lan) {
	t.Helper()
	a6, _, err := l.a.NS.LinkLocal(lanDev)
	must(t, err)
	b6, _, err := l.b.NS.LinkLocal(lanDev)
	must(t, err)
	for ip, want := range map[netip.Addr]hello.MAC{vip: mac2, l.a.ip: l.a.MAC, l.b.ip: l.b.MAC, vip6: mac6, a6: l.a.MAC, b6: l.b.MAC} {
		if got, questions := l.answers(ip); questions == 0 || len(got) != 1 || got[want] != questions {
			t.Errorf("%d questions for %s are answered by %v, want one answer each by %s", questions, ip, got, want)
		}
	}
}

func TestEveryAddressIsAnsweredForOnceInBothRoles(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	checkAnswers(t, l)
	for _, group := range []string{"v4", "v6"} {
		must(t, l.a.SetPriority(t.Context(), group, 85))
	}
	l.settled(l.b, l.a)
	checkAnswers(t, l)
}

// A switch that knows no MAC floods: what is for the virtual MAC reaches both.
func TestFloodedFramesAreForwardedOnce(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	for _, port := range []string{"client", "a", "b"} {
		link, err := l.Switch.Netlink().LinkByName(port)
		must(t, err)
		must(t, l.Switch.Netlink().LinkSetLearning(link, false))
		l.forget(link)
	}
	began := time.Now()
	const count = 50
	for n := range uint32(count) {
		l.Send(l.Client, lanDev, probe(mac2, n))
	}
	l.Send(l.Client, lanDev, probe(l.a.MAC, count))
	l.Eventually("last probe", func() bool { return l.forwarded()[count] > 0 })
	for n := range uint32(count) {
		if got := l.forwarded()[n]; got != 1 {
			t.Errorf("probe %d was forwarded %d times", n, got)
		}
	}
	if n := from(mac2, l.b.since(began)); n != 0 {
		t.Errorf("the standby has sent %d frames from the virtual MAC", n)
	}
}

// forget deletes what a port of the switch has learned.
func (l *lan) forget(port netlink.Link) {
	l.t.Helper()
	list, err := l.Switch.Netlink().NeighList(port.Attrs().Index, unix.AF_BRIDGE)
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
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	for _, conf := range []string{"all", lanDev, coreDev} {
		if v, err := l.a.NS.ReadSysctl("net/ipv4/conf/" + conf + "/rp_filter"); err != nil || v != "1" {
			t.Fatalf("rp_filter of %s = %q, %v", conf, v, err)
		}
	}
	must(t, l.Client.SetNeighbor(lanDev, l.a.ip, mac2, unix.NUD_PERMANENT))
	l.mustPing(vip, vip6, l.a.ip)
	if !l.forwards(l.a, mac2) {
		t.Error("the active does not forward")
	}
	if l.forwards(l.b, mac2) {
		t.Error("the standby forwards")
	}
}

func TestFrozenActiveLosesEverythingAndStealsNothing(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	l.a.Signal(unix.SIGSTOP)
	frozen := time.Now()
	l.b.WaitAll("Active")
	l.Eventually("lease ended", func() bool { return !l.forwards(l.a, mac2) })
	if late := time.Since(frozen); late > bothLease+250*time.Millisecond {
		t.Errorf("the frozen router forwarded for %v, the lease is %v", late, bothLease)
	}
	l.inject("a", whoHas(vip, hello.Broadcast))
	l.mustPing(vip, vip6, l.a.ip, l.b.ip)
	if !l.forwards(l.b, mac2) {
		t.Error("the router that took over does not forward")
	}
	if n := from(mac2, l.a.since(frozen)) + from(mac6, l.a.since(frozen)); n != 0 {
		t.Errorf("the frozen router has sent %d frames from the virtual MACs", n)
	}

	woken := time.Now()
	l.a.Signal(unix.SIGCONT)
	claim := l.a.waitFor(woken, mac2, "virtual: hello Active")
	if listened := claim.At.Sub(woken); listened < bothHold {
		t.Errorf("the router took the role back %v after waking, before it had listened for %v", listened, bothHold)
	}
	if heard := said(mac2, l.a.since(woken)); !slices.Contains(heard, "real: coup Speak") && !slices.Contains(heard, "real: coup Listen") {
		t.Errorf("the role was taken without a coup: %q", heard)
	}
	l.a.WaitAll("Active")
	l.checkOneOwner(mac2, woken)
}

// checkOneOwner proves from the captures that the two gateways did not send
// from the virtual MAC in turns: the second starts once and the first is done
// then, but for what had been under way.
func (l *lan) checkOneOwner(mac hello.MAC, since time.Time) {
	l.t.Helper()
	const underWay = 50 * time.Millisecond
	var first, last time.Time
	for _, f := range l.a.since(since) {
		if source(f) == mac && first.IsZero() {
			first = f.At
		}
	}
	for _, f := range l.b.since(since) {
		if source(f) == mac {
			last = f.At
		}
	}
	if overlap := last.Sub(first); !first.IsZero() && overlap > underWay {
		l.t.Errorf("both sent from %s for %v", mac, overlap)
	}
}

func TestKilledActiveIsSilentAndItsRestartCleansUp(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	clean := l.a.kernel()
	l.start(both)
	l.a.Kill()
	killed := time.Now()
	l.b.WaitAll("Active")
	l.Eventually("lease ended", func() bool { return !l.forwards(l.a, mac2) })
	if late := time.Since(killed); late > bothLease+250*time.Millisecond {
		t.Errorf("the dead router forwarded for %v, the lease is %v", late, bothLease)
	}
	l.mustPing(vip, vip6, l.b.ip)
	if n := from(mac2, l.a.since(killed)) + from(mac6, l.a.since(killed)); n != 0 {
		t.Errorf("the dead router has sent %d frames from the virtual MACs", n)
	}
	l.a.Restart()
	l.settled(l.a, l.b)
	l.mustPing(vip, vip6, l.a.ip, l.b.ip)
	l.a.StopCleanly()
	checkKernel(t, clean, l.a.kernel())
}

// TestKilledActiveThatIsStartedAgainGoesOnForwarding is about a supervisor that
// is quicker than the hold time: nobody else forwards until that is over.
func TestKilledActiveThatIsStartedAgainGoesOnForwarding(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	clean := l.a.kernel()
	slow := strings.NewReplacer("150ms", "500ms", "600ms", "2s").Replace(both)
	l.a.StartAs("[daemon]\nlease = \"60s\"\n"+slow, 110)
	l.a.WaitAll("Active")
	l.a.Kill()
	l.a.Restart()
	l.a.WaitAll("Listen", "Speak", "Standby", "Active")
	if !l.forwards(l.a, mac2) {
		t.Error("the router stopped forwarding when it was started again")
	}
	l.a.StopCleanly()
	checkKernel(t, clean, l.a.kernel())
}

func TestFlushedRulesetLosesNothing(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	l.mustPing(vip)
	const count, flushes = 2000, 10
	conn, err := l.Client.Sender(lanDev)
	must(t, err)
	defer conn.Close()
	sent := make(chan error, 1)
	go func() {
		var errs error
		for n := range uint32(count) {
			errs = errors.Join(errs, conn.Send(probe(mac2, n)))
		}
		sent <- errs
	}()
	for range flushes {
		must(t, l.a.NS.Do(flushRuleset))
	}
	must(t, <-sent)
	l.Eventually("every probe once", func() bool { return len(l.forwarded()) == count })
	for n, times := range l.forwarded() {
		if times != 1 {
			t.Errorf("probe %d was forwarded %d times", n, times)
		}
	}
	if g := l.a.Group("v4"); g.State != "Active" {
		t.Errorf("state %s after the flush", g.State)
	}
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

func TestLinkFlapComesBackUnaided(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	must(t, l.a.NS.LinkDown(lanDev))
	l.b.WaitAll("Active")
	l.mustPing(vip, vip6)
	must(t, l.a.NS.LinkUp(lanDev))
	l.settled(l.a, l.b)
	l.mustPing(vip, vip6, l.a.ip, l.b.ip)
	if !l.forwards(l.a, mac2) {
		t.Error("the active does not forward after its link came back")
	}
}

// The host's entry for the virtual address is right before and after, because
// the address keeps its MAC; only the switch has to learn. Where a host holds
// another MAC all the same, the request form moves even an entry that has just
// changed, which the kernel protects from replies for a second.
func TestYoungEntryFollowsAtOnce(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.start(both)
	began := time.Now()
	must(t, l.Client.SetNeighbor(lanDev, vip, l.a.MAC, unix.NUD_REACHABLE))
	must(t, l.a.Announce(t.Context(), "v4"))
	l.a.waitFor(began, mac2, "virtual: arp request 192.168.1.1 is-at virtual to everybody")
	l.Eventually("young entry", func() bool { return l.entry(vip) == mac2 })
	if took := time.Since(began); took > time.Second {
		skip.Regardless(t, fmt.Sprintf("the machine stood still for %v: the entry was no longer young", took))
	}
}

func TestHostThatDropsGratuitousARPNeedsNone(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	must(t, l.Client.Sysctl("net/ipv4/conf/"+lanDev+"/drop_gratuitous_arp", "1"))
	l.start(both)
	l.mustPing(vip)
	if got := l.entry(vip); got != mac2 {
		t.Fatalf("the client has %s at %s before", vip, got)
	}
	must(t, l.a.SetPriority(t.Context(), "v4", 85))
	l.b.WaitState("v4", "Active")
	l.Eventually("switch", func() bool { return l.FDB(mac2) == "b" })
	if got := l.entry(vip); got != mac2 {
		t.Errorf("the client has %s at %s after", vip, got)
	}
	l.mustPing(vip)
}
