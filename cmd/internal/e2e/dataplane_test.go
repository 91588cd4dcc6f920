package e2e

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	gate "github.com/fhrpd/fhrpd/vip"
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

func TestFlushedRuleset(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		can, err := gate.Probe()
		must(t, err)
		l.start(both)
		l.mustPing(vip)
		if !can.Persistent {
			l.flushedBeforePersist()
			return
		}
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
		l.number32 = probes // the probes above had the numbers before
		l.flushedAfterDeath()
	})
}

// A table whose owner has died is nobody's, and a flush takes it along. Nothing
// forwards beside the successor, and the dead router's kernel has not the address for
// longer than that lives.
func (l *lan) flushedAfterDeath() {
	l.t.Helper()
	l.a.Kill()
	must(l.t, l.a.NS.Do(flushRuleset))
	if l.forwards(l.a, mac2) {
		l.t.Error("a dead router forwards without its table")
	}
	l.b.WaitAll("Active")
	if !l.forwards(l.b, mac2) || l.forwards(l.a, mac2) {
		l.t.Error("not the new active router alone forwards")
	}
	l.Eventually("one MAC alone for the address", func() bool { return slices.Equal(l.whoAnswers(vip), []hello.MAC{mac2}) })
}

// Before Linux 6.9 a flush takes the tables along. A daemon that runs puts them back
// and keeps its role; for one that does not, forwarding has ended, and nothing of it
// forwards beside its successor.
func (l *lan) flushedBeforePersist() {
	l.t.Helper()
	moves := l.a.Group("v4").Transitions
	for range 10 {
		must(l.t, l.a.NS.Do(flushRuleset))
		l.Eventually("the table put back", func() bool { return l.forwards(l.a, mac2) })
	}
	if g := l.a.Group("v4"); g.State != "Active" || g.Transitions != moves {
		l.t.Errorf("state %s after %d transitions, had %d", g.State, g.Transitions, moves)
	}
	l.a.Freeze()
	must(l.t, l.a.NS.Do(flushRuleset))
	if l.forwards(l.a, mac2) {
		l.t.Error("a frozen router forwards without its table")
	}
	l.b.WaitAll("Active")
	if !l.forwards(l.b, mac2) || l.forwards(l.a, mac2) {
		l.t.Error("not the new active router alone forwards")
	}
	l.a.Thaw()
	l.Settled(l.a, l.b)
	if !l.forwards(l.a, mac2) || l.forwards(l.b, mac2) {
		l.t.Error("not the router that is back alone forwards")
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

func TestRemovedAddressIsPutBackAndReported(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		events, err := l.a.Subscribe(ctx)
		must(t, err)

		handle := l.a.NS.Netlink()
		find := func() (found []netlink.Addr) {
			list, err := l.a.NS.Addresses(lanDev, netlink.FAMILY_V4)
			must(t, err)
			for _, a := range list {
				if a.IP.Equal(vip.AsSlice()) {
					found = append(found, a)
				}
			}
			return found
		}
		addrs := find()
		if len(addrs) != 1 {
			t.Fatalf("the virtual address on the interface: %v", addrs)
		}
		dev, err := handle.LinkByName(lanDev)
		must(t, err)
		must(t, handle.AddrDel(dev, &addrs[0]))
		l.Eventually("address back", func() bool { return len(find()) == 1 })
		for ev := range events {
			if ev.Kind == "address" && strings.Contains(ev.Message, vip.String()) && strings.Contains(ev.Message, "put back") {
				break
			}
		}
		if ctx.Err() != nil {
			t.Error("no event says that the address was put back")
		}
		l.mustPing(vip)
		if g := l.a.Group("v4"); g.State != "Active" {
			t.Errorf("state %s afterwards", g.State)
		}
	})
}
