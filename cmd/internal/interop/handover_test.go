package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// A peer that knows no questions gets a plain resignation, and keeps the role though it
// is the worse router, until an operator or its end says otherwise. Nobody is
// without a router for longer than the peer needs.
func TestHandoverToAPeer(t *testing.T) {
	more := []pairing{
		{peer: "keepalived", version: 3, family: hello.IPv4, every: fast},
		{peer: "keepalived", version: 3, family: hello.IPv4, unicast: true, every: fast},
		{peer: "frr", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
	}
	for _, p := range append(more, rivals...) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) {
				needPeer(t, p)
				m := newMatch(t, p, options{})
				m.theyServe()
				m.ours.start(above)
				m.await(us)

				n := m.probe.mark()
				out, exit := m.ours.Command("handover", "eth0:51")
				if exit != 0 || !strings.Contains(out, "by a plain resignation") {
					t.Fatalf("exit %d: %s", exit, out)
				}
				m.await(them)
				m.believed(them)
				m.unserved(strings.TrimSpace(out), n, leaves)
				claimed := m.spoke[us].Load()
				if m.within(2*p.down(above)+slack, func() bool { return m.spoke[us].Load() != claimed }) {
					t.Errorf("it preempts the peer to which it handed over\n%s", m.ours.Tails())
				}
				must(t, m.ours.SetPriority(t.Context(), "eth0:51", -1))
				m.await(us)
			})
		})
	}
}

// Where no peer is there the role comes back, without a gap.
func TestHandoverToNobody(t *testing.T) {
	t.Parallel()
	p := pairing{peer: "keepalived", version: 3, family: hello.IPv4, every: fast}
	steady(t, p, func(t testing.TB) {
		needPeer(t, p)
		m := newMatch(t, p, options{})
		m.ours.start(above)
		m.ours.WaitAll("Active")
		m.probe = startProbe(t, m.Client, p.target())
		n := m.probe.mark()
		m.Eventually("the client is served", func() bool { return m.probe.flows(n) })
		n = m.probe.mark()
		out, exit := m.ours.Command("handover", "eth0:51")
		if exit != 1 || !strings.Contains(out, "rolled back: nobody has taken the role") {
			t.Errorf("exit %d: %s", exit, out)
		}
		m.Eventually("the client is served", func() bool { return m.probe.flows(n) })
		m.unserved("rolled back", n, 50*time.Millisecond)
		if !m.ours.All("Active") {
			t.Errorf("it is not active again\n%s", m.ours.Tail())
		}
	})
}
