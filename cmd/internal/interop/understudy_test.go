package interop

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// understudy is fhrpd behind an active router of another kind, and a host beyond both
// that the client reaches by the virtual address. Hellos are a second apart, so that
// what happens between two of them is not the protocol's doing.
type understudy struct {
	*segment
	ours *daemon
	mac  hello.MAC  // the virtual one
	host netip.Addr // beyond
}

// lead is a router that leads fhrpd in a test.
type lead struct {
	name  string
	limit time.Duration
	start func(t testing.TB) *understudy
}

// leads are those that have the virtual MAC.
func leads() (list []lead) {
	for _, p := range []pairing{
		{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
		{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: time.Second},
		{peer: "keepalived", version: 3, family: hello.IPv6, vmac: true, every: time.Second},
		{peer: "frr", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
		{peer: "frr", version: 3, family: hello.IPv4, vmac: true, every: time.Second},
		{peer: "frr", version: 3, family: hello.IPv6, vmac: true, every: time.Second},
	} {
		list = append(list, lead{p.String(), p.every, func(t testing.TB) *understudy { return behindVRRP(t, p) }})
	}
	for _, f := range []hello.Family{hello.IPv4, hello.IPv6} {
		list = append(list, lead{fmt.Sprintf("HSRP IPv%d", f), time.Second, func(t testing.TB) *understudy { return behindHSRP(t, f) }})
	}
	return list
}

// forwarding is a segment with a host beyond the routers. The way back leads through us.
func forwarding(t testing.TB) *segment {
	t.Helper()
	return segmentOf(t, fhrptest.Plan{Gateways: []string{them, us}, Routers: true, Host: true})
}

func behindVRRP(t testing.TB, p pairing) *understudy {
	t.Helper()
	needPeer(t, p)
	m := newMatchOn(forwarding(t), p, options{})
	m.theirs.start(theirs)
	m.probe = startProbe(t, m.Client, p.target())
	m.await(them)
	m.ours.start(below)
	m.await(them)
	u := &understudy{segment: m.segment, ours: m.ours, mac: hello.VirtualMAC(hello.ProtocolVRRP, p.version, p.family, vrid)}
	return u.ready(p.family, p.target())
}

// behindHSRP has a router lead that is a plain host but for its hellos.
func behindHSRP(t testing.TB, f hello.Family) *understudy {
	t.Helper()
	need(t)
	const group = 51
	s, addr := forwarding(t), vip4
	if f == hello.IPv6 {
		addr = vip6Local
	}
	u := &understudy{segment: s, mac: hello.VirtualMAC(hello.ProtocolHSRP, 2, f, group)}
	g := s.Gateway(them)
	macvlan(g, "hsrp51", u.mac, addr)
	m := hello.HSRP{
		Version: 2, Op: hello.OpHello, State: hello.Active, Family: f, Group: group, Priority: theirs,
		HelloTime: time.Second, HoldTime: 3 * time.Second, VirtualIP: addr, Identifier: g.MAC,
	}
	src := g.IP
	if f == hello.IPv6 {
		src = g.LinkLocal
	}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, src, u.mac)
	auth, err := hello.TextAuth("cisco")
	must(t, err)
	repeat(t, g.NS, hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, &m, &auth, env.Src)), m.HelloTime)
	u.ours = &daemon{s.Gateway(us), fmt.Sprintf("[[hsrp]]\ninterface = %q\ngroup = %d\nvirtual_ips = [%q]\npriority = PRIORITY\nhello = \"1s\"\nhold = \"3s\"\n", dev, group, addr)}
	u.ours.start(below)
	return u.ready(f, addr)
}

// repeat sends a frame again and again until the test ends.
func repeat(t testing.TB, ns *netlab.NS, frame []byte, every time.Duration) {
	t.Helper()
	s, err := ns.Sender(dev)
	must(t, err)
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			_ = s.Send(frame) // without a link it is refused
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	}()
	t.Cleanup(func() {
		close(end)
		<-ended
		s.Close()
	})
}

// ready waits until fhrpd is next in line and the host is reached through the other.
func (u *understudy) ready(f hello.Family, via netip.Addr) *understudy {
	u.t.Helper()
	beyond := netip.MustParsePrefix("203.0.113.0/24")
	u.host = fhrptest.HostIP
	if f == hello.IPv6 {
		u.host, beyond = fhrptest.HostIP6, netip.MustParsePrefix("2001:db8:2::/64")
	}
	must(u.t, u.Client.AddRoute(beyond, via, dev))
	u.ours.WaitAll("Backup", "Standby")
	u.Eventually("fhrpd knows who is active", func() bool { return u.group().Active != nil })
	ok, err := u.Client.Ping(u.host, netlab.Echo{Tries: 60, Wait: 300 * time.Millisecond})
	if must(u.t, err); !ok {
		u.t.Fatalf("the host is not reached through the active router\n%s", u.ours.Tails())
	}
	return u
}

func (u *understudy) group() status.Group { return u.ours.Report().Groups[0] }

// eachLead plays a test behind every kind of router.
func eachLead(t *testing.T, play func(t testing.TB, u *understudy)) {
	t.Helper()
	for _, l := range leads() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			fhrptest.Steady(t, fhrptest.Limits{Ordinary: fhrptest.Stall.Ordinary, Realtime: l.limit}, func(t testing.TB) { play(t, l.start(t)) })
		})
	}
}

// The active router's cable is cut: fhrpd forwards long before it has the role, nothing
// twice, and says nothing until then but what a standby says.
func TestUnderstudyOfStrangerWhoseCableIsCut(t *testing.T) {
	eachLead(t, func(t testing.TB, u *understudy) {
		stop, began := u.Datagrams(u.host), time.Now()
		u.Gateway(them).Unplug()
		u.Eventually("fhrpd forwards", func() bool { return u.group().Understudy != nil || u.ours.All("Active") })
		said := slices.DeleteFunc(fhrptest.Said(u.mac, u.ours.Sent(began)), func(s string) bool { return s == "real: hello Standby" })
		if g := u.group(); g.Understudy == nil {
			t.Errorf("fhrpd is %s and does not forward for anybody\n%s", g.State, u.ours.Tails())
		} else if len(said) > 0 {
			t.Errorf("fhrpd says %q", said)
		}
		u.ours.WaitAll("Active")
		d := stop()
		t.Logf("%d datagrams, %d lost, %d doubled, outage %v", d.Sent, len(d.Lost), len(d.Doubled), d.Outage)
		if len(d.Doubled) > 0 {
			t.Errorf("%d datagrams came twice", len(d.Doubled))
		}
		if most := time.Second + u.Witness.Spare(began); d.Outage > most {
			t.Errorf("an outage of %v, want less than %v\n%s", d.Outage, most, u.ours.Tails())
		}
	})
}

// Its link is back at once. Whether it has kept the role, as a router may that does not
// look at its link, or lost it, somebody forwards and nobody twice.
func TestUnderstudyOfStrangerWhoseLinkFlaps(t *testing.T) {
	eachLead(t, func(t testing.TB, u *understudy) {
		stop, began := u.Datagrams(u.host), time.Now()
		u.Gateway(them).Unplug()
		u.Eventually("fhrpd forwards", func() bool { return u.group().Understudy != nil || u.ours.All("Active") })
		plugged := time.Now()
		u.Gateway(them).Plug()
		claims := func(f netlab.Frame) bool { return f.Source() == u.mac && !f.At.Before(plugged) }
		u.Eventually("a word of who serves", func() bool {
			return slices.ContainsFunc(u.Gateway(them).Sent(plugged), claims) || slices.ContainsFunc(u.ours.Sent(plugged), claims)
		})
		d := stop()
		t.Logf("%d datagrams, %d lost, %d doubled, outage %v", d.Sent, len(d.Lost), len(d.Doubled), d.Outage)
		if most := time.Second + u.Witness.Spare(began); d.Outage > most {
			t.Errorf("an outage of %v, want less than %v\n%s", d.Outage, most, u.ours.Tails())
		}
		if most := int((time.Second + u.Witness.Spare(began)).Milliseconds()); len(d.Doubled) > most { // until it is heard
			t.Errorf("%d datagrams came twice, want at most those of a hello time, %d", len(d.Doubled), most)
		}
	})
}

// The switch forgets where the active router is: that one answers, from the virtual MAC
// as well, and fhrpd forwards nothing.
func TestFlushedTableBesideStranger(t *testing.T) {
	eachLead(t, func(t testing.TB, u *understudy) {
		stop, began := u.Datagrams(u.host), time.Now()
		var slowest time.Duration
		for range 5 {
			u.Gateway(them).Sends("a hello", time.Now(), func(f netlab.Frame) bool { return f.Source() == u.mac })
			at := time.Now()
			u.Forget()
			u.Eventually("the switch learns", func() bool { return u.FDB(u.mac) == them })
			slowest = max(slowest, time.Since(at))
		}
		d := stop()
		t.Logf("learned after %v at most; %d datagrams, %d lost, %d doubled", slowest, d.Sent, len(d.Lost), len(d.Doubled))
		if n := u.group().Counters.Understudied; len(d.Doubled) > 0 || n > 0 {
			t.Errorf("%d datagrams came twice, fhrpd has forwarded %d times beside the active router\n%s", len(d.Doubled), n, u.ours.Tails())
		}
		if most := 500*time.Millisecond + u.Witness.Spare(began); slowest > most {
			t.Errorf("the switch has learned after %v, by the next hello at the latest\n%s", slowest, u.ours.Tails())
		}
	})
}
