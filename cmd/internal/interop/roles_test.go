package interop

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// rivals are the pairings in which who wins is tried with other settings.
var rivals = []pairing{
	{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
	{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv6, vmac: true, every: fast},
	{peer: "frr", version: 3, family: hello.IPv4, vmac: true, every: fast},
	{peer: "frr", version: 3, family: hello.IPv6, vmac: true, every: fast},
}

// Of two equal routers the first stays, and after a split the one with the
// higher address.
func TestEqualPriorities(t *testing.T) {
	t.Parallel()
	for _, p := range rivals {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) { equal(t, p, options{}, "lower", them) })
			// FRR speaks from a random address over IPv6.
			if p.peer != "frr" || p.family != hello.IPv6 {
				steady(t, p, func(t testing.TB) { equal(t, p, options{swapped: true}, "higher", us) })
			}
		})
	}
}

func equal(t testing.TB, p pairing, o options, ours, winner string) {
	t.Helper()
	needPeer(t, p)
	m := newMatch(t, p, o)
	m.theyServe()
	m.stays("fhrpd joins with the same priority and the "+ours+" address", them, us, theirs, func() { m.ours.start(theirs) })
	if p.peer == "frr" && p.family == hello.IPv6 {
		return
	}
	m.Partition(true)
	m.Eventually("both claim the role", func() bool {
		return m.silence(us) < p.every*3/2 && m.silence(them) < p.every*3/2
	})
	m.event("a split of equals heals, fhrpd has the "+ours+" address", winner, 0, func() { m.Partition(false) })
	m.judge()
	m.ours.Stop()
}

// Without preemption the Active stays, whatever the priorities are.
func TestWithoutPreemption(t *testing.T) {
	t.Parallel()
	for _, p := range rivals {
		if p.peer != "keepalived" {
			continue // vrrpd's own preemption is tried by the failovers
		}
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) {
				needPeer(t, p)
				m := newMatch(t, p, options{ours: "preempt = false\n", theirs: " nopreempt\n"})
				m.theyServe()
				m.stays("fhrpd joins above, no preemption", them, us, above, func() { m.ours.start(above) })
				m.event("the peer stops, no preemption", us, p.skew(above), m.theirs.Stop)
				m.stays("the peer returns below, no preemption", us, them, theirs, func() { m.theirs.start(theirs) })
				m.event("fhrpd stops, no preemption", them, p.skew(theirs), m.ours.Stop)
				m.stays("fhrpd returns below, no preemption", them, us, below, func() { m.ours.start(below) })
				m.event("the peer stops again, no preemption", us, p.skew(below), m.theirs.Stop)
				m.stays("the peer returns above, no preemption", us, them, theirs, func() { m.theirs.start(theirs) })
				m.judge()
			})
		})
	}
}

// The priority of a running fhrpd decides between it and a peer at once.
func TestPriorityAtRunTime(t *testing.T) {
	t.Parallel()
	for _, p := range rivals {
		if p.version == 2 {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) {
				needPeer(t, p)
				m := newMatch(t, p, options{})
				m.theyServe()
				m.stays("fhrpd joins below", them, us, below, func() { m.ours.start(below) })
				set := func(priority int) func() {
					return func() { m.t.Helper(); must(t, m.ours.SetPriority(t.Context(), "eth0:51", priority)) }
				}
				m.event("fhrpd's priority is raised above", us, 0, set(above))
				m.event("fhrpd's priority is lowered below", them, 0, set(below))
				m.judge()
			})
		})
	}
}

// An Active whose first address goes while it has another one goes on from that,
// and its peer stays in Backup.
func TestActiveGoesOnFromAnotherAddress(t *testing.T) {
	t.Parallel()
	for _, p := range rivals {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) {
				needPeer(t, p)
				m := newMatch(t, p, options{})
				g, bits, another := m.Gateway(us), 24, netip.MustParseAddr("192.168.1.110")
				first := g.IP
				if p.family == hello.IPv6 {
					bits, first, another = 64, g.LinkLocal, netip.MustParseAddr("fe80::110")
				}
				must(t, g.NS.Sysctl("net/ipv4/conf/"+dev+"/promote_secondaries", "1"))
				must(t, g.NS.AddAddr(dev, netip.PrefixFrom(another, bits)))
				m.Eventually("the new address is usable", func() bool { return !m.Tentative(g.NS, dev) })
				m.theyServe()
				m.ours.start(above)
				m.await(us)
				claimed := m.spoke[them].Load()
				must(t, g.NS.DelAddr(dev, netip.PrefixFrom(first, bits)))
				if m.within(m.p.down(theirs)+2*slack, func() bool { return m.spoke[them].Load() != claimed }) {
					t.Errorf("the peer claimed the role\n%s", m.ours.Tails())
				}
				m.await(us)
				m.judge()
			})
		})
	}
}
